"""Money in whole nano-dollars: the one place that turns dollars and prices into them and back."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from smartspawn.lib.errors import InvalidParam

NANO_PER_USD: Final = 1_000_000_000
# A dollar for a million tokens is a thousand nano-dollars for one.
_NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK: Final = Decimal(1_000)
# A billion dollars: far beyond any budget, and sums of many such amounts still fit the databases' integers.
MOST_USD: Final = Decimal(1_000_000_000)


def to_nano(usd: Decimal | str) -> int:
    """These dollars in nano-dollars, half a one rounded up. Raises InvalidParam for what is no such amount."""
    try:
        amount = Decimal(usd)
    except InvalidOperation as error:
        raise InvalidParam(f"{usd!r} is no amount of dollars.") from error
    if not amount.is_finite() or abs(amount) > MOST_USD:
        raise InvalidParam(f"{usd} is no amount of dollars between 0 and {MOST_USD:,}.")
    return int((amount * NANO_PER_USD).to_integral_value(ROUND_HALF_UP))


def to_usd(nano_usd: int) -> Decimal:
    """These nano-dollars in dollars, exactly and in the plainest form."""
    amount = Decimal(nano_usd).scaleb(-9).normalize()
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount


def price_nano(tokens: int, usd_per_mtok: Decimal) -> int:
    """What so many tokens cost, rounded to the nearest nano-dollar."""
    return int((tokens * usd_per_mtok * _NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK).to_integral_value(ROUND_HALF_UP))


def ceiling_nano(tokens: int, usd_per_mtok: Decimal) -> int:
    """What so many tokens cost at most: what is set aside for them."""
    return int((tokens * usd_per_mtok * _NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK).to_integral_value(ROUND_CEILING))


def format_usd(nano_usd: int) -> str:
    """The amount for people: cents from a dollar on, three significant digits below, so that no cost reads as 0."""
    usd = abs(to_usd(nano_usd))
    sign = "-" if nano_usd < 0 else ""
    if usd == 0 or usd >= 1:
        return f"{sign}${usd:,.2f}"
    decimals = min(9, max(2, 2 - usd.adjusted()))
    text = f"{usd:.{decimals}f}".rstrip("0")
    whole, _, cents = text.partition(".")
    return f"{sign}${whole}.{cents.ljust(2, '0')}"
