"""Conversions between the units that the outside world writes and the ones we keep."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

TOKENS_PER_MTOK: Final = Decimal(1_000_000)
# A millionth of a micro-dollar: finer than any listed price, coarse enough for every database.
_SMALLEST_USD: Final = Decimal("1E-12")


def usd_per_mtok(usd_per_token: Decimal) -> Decimal:
    """The price per million tokens, in its plainest form: ``0.0000025`` gives ``2.5``."""
    return plain_decimal(usd_per_token * TOKENS_PER_MTOK)


def plain_decimal(value: Decimal) -> Decimal:
    """The same number without trailing zeros, without an exponent and with at most 12 decimals."""
    rounded = value.quantize(_SMALLEST_USD).normalize()
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded
