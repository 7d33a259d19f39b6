"""Make the totals of days and facets again from the ledger's lines, a day at a time: as little is held at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Case, F, Model, Q, Sum, When
from django.db.models.functions import Coalesce

from runs.ledger.latencies import BAND_FIELDS, BOUNDS_MS
from runs.ledger.rows import insert_rows
from runs.ledger.totals import FACET_KEY_FIELDS, KEY_FIELDS, PLAIN_SUMS, SUM_FIELDS, Sums, TotalKey, facet_sums_of
from runs.models import DayTotal, LedgerEntry, SpendTotal

_CHUNK_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class RebuiltTotals:
    """How many totals the ledger's lines make, and how many stood otherwise before."""

    total_count: int = 0
    wrong_total_count: int = 0
    facet_count: int = 0
    wrong_facet_count: int = 0

    def __add__(self, other: RebuiltTotals) -> RebuiltTotals:
        return RebuiltTotals(
            self.total_count + other.total_count,
            self.wrong_total_count + other.wrong_total_count,
            self.facet_count + other.facet_count,
            self.wrong_facet_count + other.wrong_facet_count,
        )


def rebuild_day_totals(*, is_check: bool) -> RebuiltTotals:
    """Sum the ledger up anew by day and facet, inside the caller's transaction; with ``is_check`` only compare."""
    rebuilt = RebuiltTotals()
    for day in _days():
        totals = _totals_of_ledger(day)
        facets = facet_sums_of(totals)
        rebuilt += RebuiltTotals(
            len(totals),
            _put_right(DayTotal, KEY_FIELDS, (day, totals), is_check=is_check),
            len(facets),
            _put_right(SpendTotal, FACET_KEY_FIELDS, (day, facets), is_check=is_check),
        )
    return rebuilt


def _days() -> list[date]:
    """Every day that any of the tables speaks of."""
    days: set[date] = set()
    for table in (LedgerEntry, DayTotal, SpendTotal):
        days.update(table._default_manager.order_by().values_list("day", flat=True).distinct())  # noqa: SLF001 - Django's documented interface to a table
    return sorted(days)


def _put_right(
    model: type[Model], key_fields: tuple[str, ...], wanted: tuple[date, Mapping[TotalKey, Sums]], *, is_check: bool
) -> int:
    """How many totals of the day stood otherwise; now they do not, unless this was but a check."""
    day, sums = wanted
    wrong = len(differing(sums, dict(_stored(model, key_fields, day))))
    if wrong and not is_check:
        model._default_manager.filter(day=day).delete()  # noqa: SLF001 - Django's documented interface to a table
        fields = (*key_fields, *SUM_FIELDS)
        insert_rows(model, [dict(zip(fields, (*key, *more), strict=True)) for key, more in sums.items()])
    return wrong


def differing(wanted: Mapping[Any, tuple[int, ...]], stored: Mapping[Any, tuple[int, ...]]) -> set[Any]:
    """The keys that stand otherwise; what nothing is summed up for must stand at zero."""
    zero: Mapping[Any, tuple[int, ...]] = {key: (0,) * len(sums) for key, sums in stored.items()}
    return {key for key in {*wanted, *stored} if (wanted.get(key) or zero[key]) != stored.get(key)}


def _stored(model: type[Model], key_fields: tuple[str, ...], day: date) -> Iterator[tuple[TotalKey, Sums]]:
    count = len(key_fields)
    rows = model._default_manager.filter(day=day)  # noqa: SLF001 - Django's documented interface to a table
    for row in rows.values_list(*key_fields, *SUM_FIELDS).iterator(chunk_size=_CHUNK_ROWS):
        yield row[:count], row[count:]


def _totals_of_ledger(day: date) -> dict[TotalKey, Sums]:
    rows = LedgerEntry.objects.filter(day=day).order_by().values_list(*KEY_FIELDS)
    # A name of its own for each sum: the column's name would be read as the sum.
    sums = rows.annotate(**{f"sum_{name}": Coalesce(Sum(read), 0) for name, read in _READINGS.items()})
    count = len(KEY_FIELDS)
    return {
        (row[0], row[1] or 0, row[2] or 0, *row[3:count]): tuple(map(int, row[count:]))
        for row in sums.iterator(chunk_size=_CHUNK_ROWS)
    }


def _only(condition: Q, field: str) -> Case:
    return Case(When(condition, then=F(field)), default=0)


def _bands() -> Iterator[tuple[str, Case]]:
    for name, above, bound in zip(BAND_FIELDS, (-1, *BOUNDS_MS), (*BOUNDS_MS, None), strict=True):
        is_within = Q(latency_ms__gt=above) if bound is None else Q(latency_ms__gt=above, latency_ms__lte=bound)
        yield name, _only(is_within, "call_count")


# How each sum is read from a line: written apart from how lines are summed up when they come, so that the two
# can be held against each other.
_READINGS: Final[Mapping[str, Any]] = {
    **{name: F(name) for name in PLAIN_SUMS},
    "estimated_count": _only(Q(is_estimated=True), "call_count"),
    "estimated_nano_usd": _only(Q(is_estimated=True), "cost_nano_usd"),
    **dict(_bands()),
}
