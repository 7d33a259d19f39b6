"""What was spent: the whole, its course, and its division by one dimension, beside the period before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from feedback.spend.forecast import HISTORY_DAYS, Forecast, forecast
from feedback.spend.shapes import Bar, Look, SpendRow, bars_of, change_of
from runs.ledger.facets import Facet
from runs.shapes import CallStatus
from runs.spend.queries import cost_by_day, look_over_sums, sums_by, titles_of
from runs.spend.shapes import Dimension, Period, Spent, sum_up

# As many colours as the eye tells apart; the rest is one more.
MOST_SERIES: Final = 6
MOST_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page of spend shows."""

    look: Look
    total: Spent
    former: Spent
    rows: tuple[SpendRow, ...]  # the dearest first
    row_count: int  # of all, should there be more than are shown
    series: tuple[SpendRow, ...]  # the rows that have a colour of their own
    bars: tuple[Bar, ...]
    uncertain: Spent
    lost: Spent  # failed and canceled
    titles: Mapping[tuple[Dimension, str], str]  # of what was narrowed down to
    forecast: Forecast | None

    @property
    def change(self) -> float | None:
        return change_of(self.total.cost_nano_usd, self.former.cost_nano_usd)

    @property
    def uncertain_share(self) -> float | None:
        return _share(self.uncertain.cost_nano_usd, self.total.cost_nano_usd)

    @property
    def estimated_share(self) -> float | None:
        return _share(self.total.estimated_nano_usd, self.total.cost_nano_usd)

    @property
    def used_share(self) -> float | None:
        """The part of what was set aside that was spent."""
        return _share(self.total.cost_nano_usd, self.total.reserved_nano_usd)

    @property
    def has_rest(self) -> bool:
        return self.row_count > len(self.series)


def look_over(look: Look, *, today: date, day_share: float) -> Overview:
    """What this look shows; ``day_share`` is the part of today that is over. Three queries at most."""
    by_status, now, before = look_over_sums(look.part, look.by, look.period, _days_to_read(look, today))
    days = {day: sum_up(some.values()) for day, some in by_status.items()}
    total = sum_up(_of(days, look.period))
    rows = _rows(now, before, total.cost_nano_usd)
    titles = _titles(look, rows[:MOST_ROWS])
    rows = [_titled(row, titles[look.by, row.value]) for row in rows[:MOST_ROWS]] + rows[MOST_ROWS:]
    series = tuple(row for row in rows[:MOST_SERIES] if row.spent.cost_nano_usd)
    return Overview(
        look=look,
        total=total,
        former=sum_up(_of(days, look.former)),
        rows=tuple(rows[:MOST_ROWS]),
        row_count=len(rows),
        series=series,
        bars=_bars(look, days, [row.value for row in series]),
        uncertain=_ended(by_status, look.period, CallStatus.UNCERTAIN),
        lost=_ended(by_status, look.period, CallStatus.FAILED, CallStatus.CANCELED),
        titles=titles,
        forecast=None if look.part.is_simulated else forecast(costs_of(days), today=today, day_share=day_share),
    )


def divide(look: Look) -> tuple[SpendRow, ...]:
    """Every row of the division, with its name."""
    now, before = sums_by(look.part, Facet(look.by.value), (look.period, look.former))
    rows = rows_of(now, before)
    titles = titles_of(((look.by, row.value) for row in rows), seen_by=look.seen_by)
    return tuple(_titled(row, titles[look.by, row.value]) for row in rows)


def rows_of(now: Mapping[str, Spent], before: Mapping[str, Spent]) -> list[SpendRow]:
    """A row for each value, the dearest first, called by the value itself."""
    return _rows(now, before, sum_up(now.values()).cost_nano_usd)


def costs_of(days: Mapping[date, Spent]) -> Mapping[date, int]:
    """The nano-dollars of each day."""
    return {day: spent.cost_nano_usd for day, spent in days.items()}


def _days_to_read(look: Look, today: date) -> Period:
    """The period, the one before and what the month's forecast stands on, in one query."""
    return Period(min(look.former.first, today - timedelta(days=HISTORY_DAYS)), max(look.period.last, today))


def _of(days: Mapping[date, Spent], period: Period) -> Sequence[Spent]:
    return [spent for day, spent in days.items() if period.first <= day <= period.last]


def _ended(by_status: Mapping[date, Mapping[str, Spent]], period: Period, *statuses: CallStatus) -> Spent:
    """What the calls of the period came to that ended so."""
    wanted = [some for day, some in by_status.items() if period.first <= day <= period.last]
    return sum_up(some[status] for some in wanted for status in statuses if status in some)


def _rows(now: Mapping[str, Spent], before: Mapping[str, Spent], total_nano_usd: int) -> list[SpendRow]:
    values = sorted({*now, *before}, key=lambda value: (-now.get(value, Spent()).cost_nano_usd, value))
    return [
        SpendRow(
            value=value,
            title=value,
            spent=(spent := now.get(value, Spent())),
            former=before.get(value, Spent()),
            share=_share(spent.cost_nano_usd, total_nano_usd),
        )
        for value in values
    ]


def _titled(row: SpendRow, title: str) -> SpendRow:
    return SpendRow(row.value, title, row.spent, row.former, row.share)


def _titles(look: Look, rows: Sequence[SpendRow]) -> Mapping[tuple[Dimension, str], str]:
    wanted = {(look.by, row.value) for row in rows} | set(look.shown_filters)
    return titles_of(wanted, seen_by=look.seen_by)


def _bars(look: Look, days: Mapping[date, Spent], values: Sequence[str]) -> tuple[Bar, ...]:
    costs = cost_by_day(look.part, look.by, look.period, values)
    bars = []
    for period in bars_of(look.period):
        sums = tuple(sum(costs.get((day, value), 0) for day in period.days) for value in values)
        bars.append(Bar(period, sum_up(_of_days(days, period)), sums))
    return tuple(bars)


def _of_days(days: Mapping[date, Spent], period: Period) -> Sequence[Spent]:
    return [days[day] for day in period.days if day in days]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None
