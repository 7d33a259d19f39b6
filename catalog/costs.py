"""What a month of use costs at listed prices."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from catalog.shapes import Pricing


@dataclass(frozen=True, slots=True)
class MonthlyUse:
    """How much a reader expects to send and receive in a month."""

    prompt_mtok: Decimal = Decimal(10)
    completion_mtok: Decimal = Decimal(2)
    request_count: int = 0


def monthly_cost_usd(pricing: Pricing, use: MonthlyUse) -> Decimal | None:
    """The month's dollars, without caching or long-prompt prices; None when a needed price is unknown."""
    if pricing.is_dynamic:
        return None
    total = Decimal(0)
    for amount, price in (
        (use.prompt_mtok, pricing.prompt_usd_per_mtok),
        (use.completion_mtok, pricing.completion_usd_per_mtok),
    ):
        if amount and price is None:
            return None
        total += amount * (price or 0)
    return total + use.request_count * (pricing.request_usd or 0)
