"""What setting limits accepts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from rest_framework import serializers

from routing.shapes import Limits

MAX_LISTED: Final = 1000


def _names(about: str) -> serializers.ListField:
    child = serializers.CharField(max_length=200)
    return serializers.ListField(child=child, required=False, max_length=MAX_LISTED, help_text=about)


def _price(about: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=20, decimal_places=10, min_value=Decimal(0), required=False, allow_null=True, help_text=about
    )


class LimitsInput(serializers.Serializer[Limits]):
    """PUT /api/limits/...: the whole of one holder's limits; what is left out does not limit."""

    allowModels = _names("Only these model ids.")  # noqa: N815 - the wire's name
    denyModels = _names("None of these model ids, in no variant.")  # noqa: N815 - the wire's name
    allowProviders = _names("Only these providers.")  # noqa: N815 - the wire's name
    denyProviders = _names("None of these providers.")  # noqa: N815 - the wire's name
    maxPromptUsdPerMtok = _price("The highest price of a million prompt tokens.")  # noqa: N815 - the wire's name
    maxCompletionUsdPerMtok = _price("The highest price of a million completion tokens.")  # noqa: N815 - the wire's name
    moderatedOnly = serializers.BooleanField(required=False, help_text="Only offers that are moderated.")  # noqa: N815 - the wire's name
    excludeFree = serializers.BooleanField(  # noqa: N815 - the wire's name
        required=False, help_text="No free offers: they may be trained on what is sent."
    )
    why = serializers.CharField(required=False, allow_blank=True, max_length=500)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A misspelt limit would not limit: it is refused."""
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({unknown[0][:40]: "There is no such limit."})
        return attrs

    def to_request(self) -> Limits:
        """The limits. Call after ``is_valid``."""
        given = self.validated_data
        return Limits(
            allow_models=frozenset(given.get("allowModels", ())),
            deny_models=frozenset(given.get("denyModels", ())),
            allow_providers=frozenset(given.get("allowProviders", ())),
            deny_providers=frozenset(given.get("denyProviders", ())),
            max_prompt_usd_per_mtok=given.get("maxPromptUsdPerMtok"),
            max_completion_usd_per_mtok=given.get("maxCompletionUsdPerMtok"),
            is_moderated_only=given.get("moderatedOnly", False),
            is_free_excluded=given.get("excludeFree", False),
        )
