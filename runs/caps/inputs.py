"""What setting caps and wishes accepts, from forms and from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from rest_framework import serializers

from runs.ledger.caps import WINDOWS
from runs.ledger.wishes import RunWish
from runs.money import MOST_USD, to_nano
from smartspawn.lib.errors import InvalidBody, InvalidParam


@dataclass(frozen=True, slots=True)
class CapRequest:
    """A cap that somebody wants set or removed."""

    scope: str
    kind: str
    cap_nano_usd: int = 0
    why: str = ""


def _amount(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=19, decimal_places=9, min_value=Decimal(0), max_value=MOST_USD, **options
    )


class CapPlaceInput(serializers.Serializer[CapRequest]):
    """DELETE /api/caps: which cap to lift."""

    scope = serializers.CharField(max_length=60, help_text="'site', 'user:5' or 'key:7'.")
    window = serializers.ChoiceField(WINDOWS, help_text="Of each day or of each month, in UTC.")
    why = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text="For the audit log.")

    def to_request(self) -> CapRequest:
        """The cap that is meant. Call after ``is_valid``."""
        given = self.validated_data
        cap = to_nano(given["capUsd"]) if "capUsd" in given else 0
        return CapRequest(given["scope"], given["window"], cap, given.get("why", ""))


class CapInput(CapPlaceInput):
    """PUT /api/caps: the most that a scope may spend in each day or month."""

    capUsd = _amount(help_text="In dollars; 0 lets nothing through.")  # noqa: N815 - the wire's name


class RunWishInput(serializers.Serializer[RunWish]):
    """PUT /api/me/run-preference: what to be asked before money goes out; null is the site's way."""

    approveAboveUsd = _amount(  # noqa: N815 - the wire's name
        required=False, allow_null=True, help_text="A run expected to cost more waits for a yes."
    )
    defaultCapUsd = _amount(  # noqa: N815 - the wire's name
        required=False, allow_null=True, help_text="What a run may spend that says nothing itself."
    )

    def to_request(self) -> RunWish:
        """The wish. Call after ``is_valid``."""
        given = self.validated_data
        return RunWish(_nano(given.get("approveAboveUsd")), _nano(given.get("defaultCapUsd")))


InputT = TypeVar("InputT", bound="serializers.Serializer[Any]")


def read_cap(data: object) -> CapRequest:
    """The cap to be set. Raises BadInput."""
    return _read(CapInput, data).to_request()


def read_cap_place(data: object) -> CapRequest:
    """The cap to be lifted. Raises BadInput."""
    return _read(CapPlaceInput, data).to_request()


def read_wish(data: object) -> RunWish:
    """The wish to be kept; an empty amount is the site's way. Raises BadInput."""
    emptied = {name: value if value != "" else None for name, value in _fields(data).items()}
    return _read(RunWishInput, emptied).to_request()


def _read(kind: type[InputT], data: object) -> InputT:
    fields = _fields(data)
    given = kind(data=fields)
    # A misspelt cap would cap nothing: it is refused. The form's own token is no part of it.
    if unknown := sorted(set(fields) - set(given.fields) - {"csrfmiddlewaretoken"}):
        raise InvalidParam(f"{unknown[0][:40]}: there is no such field.")
    given.is_valid(raise_exception=True)
    return given


def _fields(data: object) -> dict[str, object]:
    if not isinstance(data, Mapping):
        raise InvalidBody("The body must be a JSON object.")
    return {str(name): data[name] for name in data}


def _nano(usd: Decimal | None) -> int | None:
    return None if usd is None else to_nano(usd)
