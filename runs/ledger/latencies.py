"""How long calls took, counted in bands each twice as wide as the one before: medians of a year without its lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

BOUNDS_MS: Final = (250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000)
BAND_FIELDS: Final = (*(f"took_{bound}_count" for bound in BOUNDS_MS), "took_longer_count")


def band_of(latency_ms: int) -> str:
    """The field in which a call of this length counts."""
    place = next((place for place, bound in enumerate(BOUNDS_MS) if latency_ms <= bound), len(BOUNDS_MS))
    return BAND_FIELDS[place]


def quantile_ms(counts: Sequence[int], share: float) -> float | None:
    """About how long the call took below which this share of all lie; None without a timed call.

    True within its band, and so at most a factor of two off; inside a band the logarithm is taken to be even.
    What took longer than the last bound is said to have taken that long, what was faster than the first half of it.
    """
    total = sum(counts)
    if total <= 0:
        return None
    wanted, before = share * total, 0
    for place, count in enumerate(counts[:-1]):
        if count and before + count >= wanted:
            upper = BOUNDS_MS[place]
            return upper / 2 * 2 ** max(0.0, (wanted - before) / count)
        before += count
    return float(BOUNDS_MS[-1])
