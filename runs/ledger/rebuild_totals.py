"""Make the totals of days and facets again from the ledger's lines, a day at a time: as little is held at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Case, F, Model, Q, Sum, When
from django.db.models.functions import Coalesce

from runs.ledger.bill_sums import BILL_KEY_FIELDS, BILL_SUM_FIELDS
from runs.ledger.latencies import BAND_FIELDS, BOUNDS_MS
from runs.ledger.lines import CORRECTION
from runs.ledger.totals import FACET_KEY_FIELDS, KEY_FIELDS, PLAIN_SUMS, SUM_FIELDS, Sums, TotalKey, facet_sums_of
from runs.models import BillTotal, DayTotal, LedgerEntry, SpendTotal
from smartspawn.lib.rows import insert_rows

_CHUNK_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class RebuiltTotals:
    """How many totals the ledger's lines make, and how many stood otherwise before."""

    total_count: int = 0
    wrong_total_count: int = 0
    facet_count: int = 0
    wrong_facet_count: int = 0
    bill_count: int = 0
    wrong_bill_count: int = 0

    def __add__(self, other: RebuiltTotals) -> RebuiltTotals:
        return RebuiltTotals(
            self.total_count + other.total_count,
            self.wrong_total_count + other.wrong_total_count,
            self.facet_count + other.facet_count,
            self.wrong_facet_count + other.wrong_facet_count,
            self.bill_count + other.bill_count,
            self.wrong_bill_count + other.wrong_bill_count,
        )

    @property
    def is_as_it_was(self) -> bool:
        """Whether all of them agreed with the ledger."""
        return not (self.wrong_total_count or self.wrong_facet_count or self.wrong_bill_count)


def rebuild_day_totals(*, is_check: bool) -> RebuiltTotals:
    """Sum the ledger up anew by day and facet, inside the caller's transaction; with ``is_check`` only compare."""
    rebuilt = RebuiltTotals()
    for day in _days():
        totals = _totals_of_ledger(day)
        facets = facet_sums_of(totals)
        bills = _bills_of_ledger(day)
        rebuilt += RebuiltTotals(
            len(totals),
            _put_right(_DAY_TOTALS, day, totals, is_check=is_check),
            len(facets),
            _put_right(_FACETS, day, facets, is_check=is_check),
            len(bills),
            _put_right(_BILLS, day, bills, is_check=is_check),
        )
    return rebuilt


def _days() -> list[date]:
    """Every day that any of the tables speaks of."""
    days: set[date] = set()
    for table in (LedgerEntry, DayTotal, SpendTotal, BillTotal):
        days.update(table._default_manager.order_by().values_list("day", flat=True).distinct())  # noqa: SLF001 - Django's documented interface to a table
    return sorted(days)


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of sums: what its rows are told apart by, and what they sum up."""

    model: type[Model]
    key_fields: tuple[str, ...]
    sum_fields: tuple[str, ...] = SUM_FIELDS


_DAY_TOTALS: Final = _Table(DayTotal, KEY_FIELDS)
_FACETS: Final = _Table(SpendTotal, FACET_KEY_FIELDS)
_BILLS: Final = _Table(BillTotal, BILL_KEY_FIELDS, BILL_SUM_FIELDS)


def _put_right(table: _Table, day: date, sums: Mapping[TotalKey, Sums], *, is_check: bool) -> int:
    """How many totals of the day stood otherwise; now they do not, unless this was but a check."""
    wrong = len(differing(sums, dict(_stored(table, day))))
    if wrong and not is_check:
        table.model._default_manager.filter(day=day).delete()  # noqa: SLF001 - Django's documented interface to a table
        fields = (*table.key_fields, *table.sum_fields)
        insert_rows(table.model, [dict(zip(fields, (*key, *more), strict=True)) for key, more in sums.items()])
    return wrong


def differing(wanted: Mapping[Any, tuple[int, ...]], stored: Mapping[Any, tuple[int, ...]]) -> set[Any]:
    """The keys that stand otherwise; what nothing is summed up for must stand at zero."""
    zero: Mapping[Any, tuple[int, ...]] = {key: (0,) * len(sums) for key, sums in stored.items()}
    return {key for key in {*wanted, *stored} if (wanted.get(key) or zero[key]) != stored.get(key)}


def _stored(table: _Table, day: date) -> Iterator[tuple[TotalKey, Sums]]:
    count = len(table.key_fields)
    rows = table.model._default_manager.filter(day=day)  # noqa: SLF001 - Django's documented interface to a table
    for row in rows.values_list(*table.key_fields, *table.sum_fields).iterator(chunk_size=_CHUNK_ROWS):
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


def _bills_of_ledger(day: date) -> dict[TotalKey, Sums]:
    rows = LedgerEntry.objects.filter(day=day).order_by().values_list(*BILL_KEY_FIELDS)
    sums = rows.annotate(**{f"sum_{name}": Coalesce(Sum(read), 0) for name, read in _BILL_READINGS.items()})
    count = len(BILL_KEY_FIELDS)
    return {row[:count]: tuple(map(int, row[count:])) for row in sums.iterator(chunk_size=_CHUNK_ROWS)}


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
_COMPARED: Final = Q(is_estimated=False, computed_nano_usd__isnull=False, reported_nano_usd__isnull=False)
_BILLED: Final = Q(is_estimated=False, computed_nano_usd__isnull=True, reported_nano_usd__isnull=False)
_UNREPORTED: Final = Q(is_estimated=False, computed_nano_usd__isnull=False, reported_nano_usd__isnull=True)
_CORRECTION: Final = Q(kind=CORRECTION)
_BILL_READINGS: Final[Mapping[str, Any]] = {
    "call_count": F("call_count"),
    "cost_nano_usd": F("cost_nano_usd"),
    "compared_count": _only(_COMPARED, "call_count"),
    "computed_nano_usd": _only(_COMPARED, "computed_nano_usd"),
    "reported_nano_usd": _only(_COMPARED, "reported_nano_usd"),
    "billed_count": _only(_BILLED, "call_count"),
    "billed_nano_usd": _only(_BILLED, "cost_nano_usd"),
    "unreported_count": _only(_UNREPORTED, "call_count"),
    "unreported_nano_usd": _only(_UNREPORTED, "cost_nano_usd"),
    "corrected_count": Case(When(_CORRECTION & Q(call_count__gte=0), then=1), default=0),
    "corrected_nano_usd": _only(_CORRECTION, "cost_nano_usd"),
}
