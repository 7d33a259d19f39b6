"""Prices as OpenRouter writes them: decimal text in USD per token, "-1" for "set per request"."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from catalog.shapes import PriceOverride, Pricing
from catalog.sources.reading import clean_name, excerpt_of, fields_of, whole_number
from smartspawn.lib.units import plain_decimal, usd_per_mtok

# The dearest model ever listed asked 600 USD per million tokens; a hundred times that is a mistake.
_HIGHEST_USD_PER_TOKEN: Final = Decimal("0.1")
_HIGHEST_USD_PER_UNIT: Final = Decimal(1_000)  # per request, image or web search
_LOWEST_USD: Final = Decimal("1E-15")  # less would be rounded to zero, which would say "free"
_LONGEST_PRICE: Final = 40
_MOST_OVERRIDES: Final = 48
_LARGEST_PROMPT_TOKENS: Final = 1_000_000_000
_DYNAMIC: Final = Decimal(-1)


def read_pricing(value: object, faults: list[str]) -> Pricing:
    """The prices of one model; what cannot be read is None and told in ``faults``, never zero."""
    listed = fields_of(value)
    if not listed:
        faults.append("has no prices")
    return Pricing(
        prompt_usd_per_mtok=_per_mtok(listed, "prompt", faults),
        completion_usd_per_mtok=_per_mtok(listed, "completion", faults),
        cache_read_usd_per_mtok=_per_mtok(listed, "input_cache_read", faults),
        cache_write_usd_per_mtok=_per_mtok(listed, "input_cache_write", faults),
        reasoning_usd_per_mtok=_per_mtok(listed, "internal_reasoning", faults),
        request_usd=_per_unit(listed, "request", faults),
        image_usd=_per_unit(listed, "image", faults),
        web_search_usd=_per_unit(listed, "web_search", faults),
        is_dynamic=any(_decimal(listed.get(key)) == _DYNAMIC for key in ("prompt", "completion")),
        overrides=_overrides(listed.get("overrides"), faults),
    )


def _overrides(value: object, faults: list[str]) -> tuple[PriceOverride, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        faults.append("its price overrides are no list")
        return ()
    overrides = (_override(item, faults) for item in value[:_MOST_OVERRIDES])
    return tuple(override for override in overrides if override)


def _override(value: object, faults: list[str]) -> PriceOverride | None:
    listed = fields_of(value)
    override = PriceOverride(
        min_prompt_tokens=whole_number(listed.get("min_prompt_tokens"), at_most=_LARGEST_PROMPT_TOKENS),
        utc_start=_time_of_day(listed.get("utc_start")),
        utc_end=_time_of_day(listed.get("utc_end")),
        prompt_usd_per_mtok=_per_mtok(listed, "prompt", faults),
        completion_usd_per_mtok=_per_mtok(listed, "completion", faults),
        cache_read_usd_per_mtok=_per_mtok(listed, "input_cache_read", faults),
        cache_write_usd_per_mtok=_per_mtok(listed, "input_cache_write", faults),
    )
    if override.min_prompt_tokens or (override.utc_start and override.utc_end):
        return override
    # Without its condition it would replace the price always.
    faults.append("a price override states no condition that is understood")
    return None


def _time_of_day(value: object) -> str:
    digits = (
        f"{value:04d}"
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2400
        else clean_name(value).replace(":", "")
    )
    is_time = len(digits) == 4 and digits.isascii() and digits.isdigit()
    return digits if is_time and digits[:2] <= "24" and digits[2:] < "60" else ""


def _per_mtok(listed: Mapping[str, object], key: str, faults: list[str]) -> Decimal | None:
    usd = _usd(listed, key, _HIGHEST_USD_PER_TOKEN, faults)
    return None if usd is None else usd_per_mtok(usd)


def _per_unit(listed: Mapping[str, object], key: str, faults: list[str]) -> Decimal | None:
    usd = _usd(listed, key, _HIGHEST_USD_PER_UNIT, faults)
    return None if usd is None else plain_decimal(usd)


def _usd(listed: Mapping[str, object], key: str, highest: Decimal, faults: list[str]) -> Decimal | None:
    """The price as written; None if it is absent, dynamic or not to be believed, never zero for that."""
    value = listed.get(key)
    if value is None:
        return None
    usd = _decimal(value)
    is_believable = usd is not None and (usd == 0 or _LOWEST_USD <= usd <= highest)
    if usd is None or not is_believable:
        if usd != _DYNAMIC:
            faults.append(f"its price for {key} cannot be read: {excerpt_of(value)!r}")
        return None
    return usd


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int) and abs(value) > 10**12:
        return None
    text = str(value)
    if len(text) > _LONGEST_PRICE:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        return None
    return price if price.is_finite() else None
