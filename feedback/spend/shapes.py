"""What the dashboards of spend are asked, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from runs.spend.shapes import Dimension, Period, Slice, Spent


class Range(StrEnum):
    """The ranges that have a name."""

    TODAY = "today"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    YEAR = "365d"
    THIS_MONTH = "month"
    CUSTOM = "custom"


RANGE_TITLES: Final[Mapping[Range, str]] = {
    Range.TODAY: "Today",
    Range.WEEK: "7 days",
    Range.MONTH: "30 days",
    Range.QUARTER: "90 days",
    Range.YEAR: "365 days",
    Range.THIS_MONTH: "This month",
    Range.CUSTOM: "Custom",
}
DIMENSION_TITLES: Final[Mapping[Dimension, str]] = {
    Dimension.MODEL: "Model",
    Dimension.CATEGORY: "Kind of task",
    Dimension.MODE: "Mode",
    Dimension.DRIVER: "Driver",
    Dimension.PROVIDER: "Provider",
    Dimension.KEY: "Key",
    Dimension.USER: "Person",
    Dimension.PURPOSE: "Purpose",
    Dimension.STATUS: "Outcome",
}


class BaselineKey(StrEnum):
    """What the spend is held against."""

    PREMIUM = "premium"
    POOL = "pool"
    CHEAPEST = "cheapest"
    BEFORE = "before"


BASELINE_TITLES: Final[Mapping[BaselineKey, tuple[str, str]]] = {
    BaselineKey.PREMIUM: ("Always premium", "the best-scored model of the high tier, for each kind of task"),
    BaselineKey.POOL: ("Always the best of those used", "the one model among them that scores best at all this work"),
    BaselineKey.CHEAPEST: (
        "Always the cheapest capable",
        "the cheapest that was measured capable, for each kind of task",
    ),
    BaselineKey.BEFORE: ("What was used before", "the model that did most of the work in the period before"),
}
NO_VALUE: Final = "none"  # how an address says that a dimension is empty
# Few enough bars to tell apart: a day each up to two months, then weeks, then months.
_MOST_DAY_BARS: Final = 62
_MOST_WEEK_BARS_DAYS: Final = 370


@dataclass(frozen=True, slots=True)
class Look:
    """Whose spend is looked at, over which days, and divided by what."""

    part: Slice
    period: Period
    range: Range = Range.MONTH
    by: Dimension = Dimension.MODEL
    is_everybodys: bool = False  # may one see whose spend is whose?

    @property
    def former(self) -> Period:
        return self.period.former

    @property
    def seen_by(self) -> int | None:
        """Who looks, where that is somebody who may see no names of others."""
        return None if self.is_everybodys else self.part.user_id

    def query(self, **changes: str | None) -> dict[str, str]:
        """The parameters that lead here, with some changed; None takes one away."""
        kept = {"range": self.range.value, "by": self.by.value}
        if self.range is Range.CUSTOM:
            kept |= {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        kept |= {dimension.value: value or NO_VALUE for dimension, value in self.shown_filters}
        if self.part.is_simulated:
            kept["simulated"] = "on"
        merged: dict[str, str | None] = {**kept, **changes}
        return {name: value for name, value in merged.items() if value is not None}

    @property
    def shown_filters(self) -> tuple[tuple[Dimension, str], ...]:
        """What was narrowed down to, the person among it where one may choose."""
        chosen = self.part.filters
        if self.is_everybodys and self.part.user_id is not None:
            return ((Dimension.USER, str(self.part.user_id)), *chosen)
        return chosen


def bars_of(period: Period) -> tuple[Period, ...]:
    """The period cut into days, into weeks from Monday, or into months; its first and last may be shorter."""
    if period.day_count <= _MOST_DAY_BARS:
        return tuple(Period(day, day) for day in period.days)
    by_week = period.day_count <= _MOST_WEEK_BARS_DAYS
    bars: list[Period] = []
    first = period.first
    while first <= period.last:
        last = min(_end_of_week(first) if by_week else _end_of_month(first), period.last)
        bars.append(Period(first, last))
        first = last + timedelta(days=1)
    return tuple(bars)


def _end_of_week(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())


def _end_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SpendRow:
    """One value of the dimension: what it came to now and in the former period."""

    value: str
    title: str
    spent: Spent
    former: Spent
    share: float | None  # of the whole cost; None where nothing was spent

    @property
    def change(self) -> float | None:
        """How much more than formerly, as a share of it; None where it was nothing."""
        return change_of(self.spent.cost_nano_usd, self.former.cost_nano_usd)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of days with what was spent on it, by the dearest values and the rest."""

    period: Period
    total: Spent
    costs_nano_usd: tuple[int, ...]  # as the overview's series

    @property
    def rest_nano_usd(self) -> int:
        return self.total.cost_nano_usd - sum(self.costs_nano_usd)


def change_of(now: int, before: int) -> float | None:
    """By which share of it an amount grew; None from nothing."""
    return (now - before) / before if before > 0 else None
