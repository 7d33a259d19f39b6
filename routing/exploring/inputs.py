"""What setting exploration accepts; a page's form is read by the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.http import QueryDict
from rest_framework import serializers

from routing.exploring.shapes import (
    KEY_TERMS,
    MOST_EXTRA_NANO_USD,
    MOST_SHARE_PERMILLE,
    NANO_PER_USD,
    OWN_TERMS,
    SITE_TERMS,
    Terms,
    usd,
)

_FIELDS: Final = ("sharePercent", "maxExtraUsdPerPick", "maxExtraUsdPerDay")


def _share(about: str, least: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=4,
        decimal_places=1,
        min_value=Decimal(least),
        max_value=Decimal(MOST_SHARE_PERMILLE) / 10,
        required=False,
        help_text=about,
    )


def _extra(about: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=12,
        decimal_places=6,
        min_value=Decimal(0),
        max_value=usd(MOST_EXTRA_NANO_USD),
        required=False,
        help_text=about,
    )


class _TermsInput(serializers.Serializer[Terms]):
    """Terms as they are sent; what is left out is as usual."""

    usual: Terms

    why = serializers.CharField(required=False, allow_blank=True, max_length=500)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A misspelt cap would not cap: it is refused."""
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({unknown[0][:40]: "There is no such setting."})
        return attrs

    def to_terms(self) -> Terms:
        """The terms. Call after ``is_valid``."""
        given, usual = self.validated_data, self.usual
        share = given.get("sharePercent")
        return Terms(
            is_on=given["on"],
            share_permille=usual.share_permille if share is None else int(share * 10),
            most_extra_pick_nano_usd=_nano(given.get("maxExtraUsdPerPick"), usual.most_extra_pick_nano_usd),
            most_extra_day_nano_usd=_nano(given.get("maxExtraUsdPerDay"), usual.most_extra_day_nano_usd),
        )


class OwnExplorationInput(_TermsInput):
    """PUT /api/exploration/me."""

    usual = OWN_TERMS

    on = serializers.BooleanField(help_text="Whether a few of your low-risk picks may try a model near the leader.")
    sharePercent = _share("Of the eligible picks, at most so many in a hundred try another model.", "0.1")  # noqa: N815 - the wire's name
    maxExtraUsdPerPick = _extra("What trying may be expected to cost beyond the leader, for 12,000 tokens.")  # noqa: N815 - the wire's name
    maxExtraUsdPerDay = _extra("The same, of all tried picks of a day in UTC together.")  # noqa: N815 - the wire's name


class SiteExplorationInput(_TermsInput):
    """PUT /api/exploration/site."""

    usual = SITE_TERMS

    on = serializers.BooleanField(help_text="Whether anybody here may let others be tried.")
    sharePercent = _share("The largest share that anybody may set.", "0")  # noqa: N815 - the wire's name
    maxExtraUsdPerPick = _extra("The largest extra cost of a pick that anybody may set.")  # noqa: N815 - the wire's name
    maxExtraUsdPerDay = _extra("The largest extra cost of a day that anybody may set.")  # noqa: N815 - the wire's name


class KeyExplorationInput(_TermsInput):
    """PUT /api/exploration/keys/<id>."""

    usual = KEY_TERMS

    on = serializers.BooleanField(help_text="False: picks that are asked for with this key keep their leader.")


def read_form(kind: type[_TermsInput], data: QueryDict) -> _TermsInput:
    """The settings as a form posts them; a box that is not ticked is not sent, and money may have its sign."""
    said: dict[str, Any] = {"on": data.get("on") == "on", "why": data.get("why", "").strip()}
    said |= {name: _plain(data.get(name, "")) for name in _FIELDS if name in data}
    return kind(data=said)


def form_values(terms: Terms) -> Mapping[str, str]:
    """The terms as a form shows them."""
    share = Decimal(terms.share_permille) / 10
    amounts = (share, terms.extra_pick_usd, terms.extra_day_usd)
    return {name: f"{amount.normalize():f}" for name, amount in zip(_FIELDS, amounts, strict=True)}


def _plain(text: str) -> str:
    return text.strip().removeprefix("$").removesuffix("%").strip().replace(",", ".")


def _nano(amount: Decimal | None, usual: int) -> int:
    return usual if amount is None else int(amount * NANO_PER_USD)
