"""From which part of a budget on its owner is told. Pure."""

from __future__ import annotations

from typing import Final

THRESHOLDS_PERCENT: Final = (50, 80, 100)


def amount_at(percent: int, cap_nano_usd: int) -> int:
    """The spend with which this part of the cap is reached."""
    return -(-cap_nano_usd * percent // 100)


def reached(spent_nano_usd: int, cap_nano_usd: int) -> int:
    """The highest threshold that is reached, in per cent; 0 for none, and for a cap that lets nothing through."""
    if cap_nano_usd <= 0:
        return 0
    passed = (percent for percent in THRESHOLDS_PERCENT if spent_nano_usd >= amount_at(percent, cap_nano_usd))
    return max(passed, default=0)


def next_amount(percent: int, cap_nano_usd: int | None) -> int | None:
    """The spend at which the threshold after this one is reached; None: there is nothing more to be told."""
    if not cap_nano_usd:
        return None
    return next((amount_at(later, cap_nano_usd) for later in THRESHOLDS_PERCENT if later > percent), None)


def told(alert_at_nano_usd: int | None, cap_nano_usd: int | None) -> int:
    """The threshold up to which everything was told, where the next one is due at this spend."""
    if not cap_nano_usd:
        return 0
    if alert_at_nano_usd is None:
        return THRESHOLDS_PERCENT[-1]
    before = (percent for percent in THRESHOLDS_PERCENT if amount_at(percent, cap_nano_usd) < alert_at_nano_usd)
    return max(before, default=0)
