"""Which fields of a model an admin may override, and with what."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

import yaml

from catalog.shapes import Category, Override
from smartspawn.lib.errors import InvalidBody, InvalidParam
from smartspawn.lib.yamltext import read_yaml

SCORE_FIELDS: Final = tuple(f"score.{category}" for category in Category)
PRICE_FIELDS: Final = ("price.prompt", "price.completion")
OVERRIDE_FIELDS: Final = (*SCORE_FIELDS, "categories", *PRICE_FIELDS)
# No listed model costs a tenth of this; a larger number is a slip of units.
MAX_PRICE_USD_PER_MTOK: Final = Decimal(10_000)
# As prices are stored; written out, 1E-999999 would be a megabyte.
MAX_DECIMALS: Final = 10


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
    if number != round(number, MAX_DECIMALS):
        raise InvalidParam(f"{what} may have at most {MAX_DECIMALS} decimals.")
    return round(number, MAX_DECIMALS).normalize()


def _categories(value: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
    unknown = [word for word in words if word not in set(Category)]
    if unknown or not words:
        raise InvalidParam(f"Categories are a comma-separated list of: {', '.join(Category)}.")
    return words


def dump_overrides(overrides: Sequence[Override]) -> str:
    """The overrides as YAML, by model; ``parse_overrides`` reads it back."""
    by_model: dict[str, list[dict[str, str]]] = {}
    for override in overrides:
        entry = {"field": override.field, "value": override.value, "why": override.why}
        by_model.setdefault(override.model_id, []).append(entry)
    return yaml.safe_dump({"overrides": by_model}, sort_keys=True, allow_unicode=True)


def parse_overrides(text: str) -> tuple[Override, ...]:
    """The overrides in a YAML text, each checked. Raises InvalidBody or InvalidParam naming the entry."""
    document = read_yaml(text)
    models = document.get("overrides") if isinstance(document, dict) else None
    if not isinstance(models, dict):
        raise InvalidBody("The file needs one key 'overrides' with model ids below it.")
    return tuple(
        _parse_override(model_id, entry)
        for model_id, entries in models.items()
        for entry in (entries if isinstance(entries, list) else [entries])
    )


def _parse_override(model_id: object, entry: object) -> Override:
    if not isinstance(model_id, str) or not isinstance(entry, dict):
        raise InvalidBody(f"Below '{model_id}' stands something that is not a list of field, value and why.")
    missing = {"field", "value", "why"} - entry.keys()
    if missing:
        raise InvalidBody(f"An entry of '{model_id}' misses {', '.join(sorted(missing))}.")
    value = check_override(str(entry["field"]), str(entry["value"]))
    return Override(model_id=model_id, field=str(entry["field"]), value=value, why=str(entry["why"]))
