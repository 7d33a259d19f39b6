"""Which fields of a model an admin may override, and with what."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from catalog.shapes import Category
from smartspawn.lib.errors import InvalidParam

SCORE_FIELDS: Final = tuple(f"score.{category}" for category in Category)
PRICE_FIELDS: Final = ("price.prompt", "price.completion")
OVERRIDE_FIELDS: Final = (*SCORE_FIELDS, "categories", *PRICE_FIELDS)
# No listed model costs a tenth of this; a larger number is a slip of units.
MAX_PRICE_USD_PER_MTOK: Final = Decimal(10_000)


def check_override(field: str, value: str) -> str:
    """The value as it is stored; raises InvalidParam with what would be right."""
    if field in SCORE_FIELDS:
        return f"{_number(value, low=Decimal(0), high=Decimal(100), what='A score'):f}"
    if field in PRICE_FIELDS:
        price = _number(value, low=Decimal(0), high=MAX_PRICE_USD_PER_MTOK, what="A price in USD per million tokens")
        return f"{price:f}"
    if field == "categories":
        return ",".join(_categories(value))
    raise InvalidParam(f"'{field}' cannot be overridden. Use one of: {', '.join(OVERRIDE_FIELDS)}.")


def _number(value: str, *, low: Decimal, high: Decimal, what: str) -> Decimal:
    try:
        number = Decimal(value.strip())
    except InvalidOperation as error:
        raise InvalidParam(f"{what} must be a number from {low} to {high}.") from error
    if not number.is_finite() or not low <= number <= high:
        raise InvalidParam(f"{what} must be a number from {low} to {high}.")
    return number


def _categories(value: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
    unknown = [word for word in words if word not in set(Category)]
    if unknown or not words:
        raise InvalidParam(f"Categories are a comma-separated list of: {', '.join(Category)}.")
    return words
