"""The ledger's lines behind a sum of spend, newest day first, a page at a time or all in a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Final

from django.db.models import Q, QuerySet

from runs.models import LedgerEntry
from runs.spend.queries import FIELD_OF, sums_by_day
from runs.spend.shapes import Dimension, LineCursor, Period, Slice, SpendLine, Spent

_FIELDS: Final = tuple("id" if name == "line_id" else name for name in SpendLine.__slots__)
# A day holds thousands of lines: so many are read at once, and no more are ever held.
_CHUNK_LINES: Final = 1_000


def list_lines(
    part: Slice, days: Mapping[date, Spent], *, after: LineCursor | None = None, most: int
) -> tuple[SpendLine, ...]:
    """The newest lines of the slice on these days, on from the cursor.

    ``days`` are the sums of the slice by day (``sums_by_day``): they say where the lines are, so that a rare thing
    is not looked for on every day of a year.
    """
    wanted = _days_to_read(days, after, most)
    if not wanted:
        return ()
    rows = _lines(part).filter(day__in=wanted)
    if after is not None:
        rows = rows.filter(Q(day__lt=after.day) | Q(day=after.day, id__lt=after.line_id))
    return _read(rows.order_by("-day", "-id")[:most])


def stream_lines(part: Slice, period: Period) -> Iterator[SpendLine]:
    """All lines of the slice, newest first, read some at a time: no transaction stays open in between."""
    days = sums_by_day(part, period)
    after: LineCursor | None = None
    while some := list_lines(part, days, after=after, most=_CHUNK_LINES):
        yield from some
        after = LineCursor(some[-1].day, some[-1].line_id)


def _days_to_read(days: Mapping[date, Spent], after: LineCursor | None, most: int) -> Collection[date]:
    """The newest days that surely hold so many lines: of each counted call there is at least one."""
    wanted: list[date] = []
    sure_count = 0
    for day in sorted(days, reverse=True):
        if after is not None and day > after.day:
            continue
        wanted.append(day)
        if after is None or day < after.day:  # how much of the cursor's own day is left, nobody knows
            sure_count += max(0, days[day].call_count)
        if sure_count >= most:
            break
    return wanted


def _lines(part: Slice) -> QuerySet[LedgerEntry]:
    rows = LedgerEntry.objects.filter(is_simulated=part.is_simulated)
    if part.user_id is not None:
        rows = rows.filter(user_id=part.user_id)
    for dimension, value in part.filters:
        is_nobody = dimension in (Dimension.USER, Dimension.KEY) and value == "0"
        rows = rows.filter(**{FIELD_OF[dimension]: None if is_nobody else value})
    return rows


def _read(rows: QuerySet[LedgerEntry]) -> tuple[SpendLine, ...]:
    return tuple(SpendLine(*row) for row in rows.values_list(*_FIELDS))
