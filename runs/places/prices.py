"""What the catalogue says a call costs: the listed price, or the one that replaces it for a long prompt or an hour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from catalog.shapes import PriceOverride, Pricing


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """Dollars per million tokens of each kind; None where unknown."""

    prompt_usd_per_mtok: Decimal | None = None
    completion_usd_per_mtok: Decimal | None = None
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_usd_per_mtok: Decimal | None = None


def unit_prices(pricing: Pricing, *, prompt_tokens: int = 0, at: datetime | None = None) -> UnitPrices:
    """The prices for a prompt of this length at this moment; unknown where the provider sets them per request."""
    if pricing.is_dynamic:
        return UnitPrices()
    prices = UnitPrices(
        pricing.prompt_usd_per_mtok,
        pricing.completion_usd_per_mtok,
        pricing.cache_read_usd_per_mtok,
        pricing.cache_write_usd_per_mtok,
    )
    # The longest length that the prompt reaches comes last and so has the last word.
    for override in sorted(pricing.overrides, key=lambda item: item.min_prompt_tokens or 0):
        if _holds(override, prompt_tokens, at):
            prices = _replaced(prices, override)
    return prices


def _holds(override: PriceOverride, prompt_tokens: int, at: datetime | None) -> bool:
    if override.min_prompt_tokens is None and not override.utc_start:
        return False  # under no condition that we know
    if override.min_prompt_tokens is not None and prompt_tokens < override.min_prompt_tokens:
        return False
    return not override.utc_start or (at is not None and _is_within(override, at.strftime("%H%M")))


def _is_within(override: PriceOverride, clock: str) -> bool:
    start, end = override.utc_start, override.utc_end
    return start <= clock < end if start <= end else clock >= start or clock < end


def _replaced(prices: UnitPrices, override: PriceOverride) -> UnitPrices:
    named = {name: getattr(override, name) for name in UnitPrices.__slots__}
    return replace(prices, **{name: price for name, price in named.items() if price is not None})
