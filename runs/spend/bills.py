"""What we worked out for calls beside what their providers say they bill, read for reconciliation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet, Sum

from runs.ledger.bill_sums import BILL_SUM_FIELDS
from runs.models import BillTotal, LedgerEntry
from runs.spend.shapes import Dimension, Period, Slice

# By which a look at bills can be narrowed down: their totals know no more of a call.
KNOWN_DIMENSIONS: Final = (Dimension.MODEL, Dimension.PROVIDER)
_FIELD_OF: Final = {Dimension.MODEL: "model_id", Dimension.PROVIDER: "provider"}
_SUMS: Final[Any] = {f"sum_{name}": Sum(name) for name in BILL_SUM_FIELDS}
# Lines that are read for a sample at most, whether or not they can be compared: about 0.15 s.
_MOST_LINES_READ: Final = 30_000


@dataclass(frozen=True, slots=True)
class BillSum:
    """Some calls by what is known of their bills; names and order as in the totals."""

    call_count: int = 0
    cost_nano_usd: int = 0
    compared_count: int = 0  # worked out here and reported by the provider
    computed_nano_usd: int = 0
    reported_nano_usd: int = 0
    billed_count: int = 0  # reported alone
    billed_nano_usd: int = 0
    unreported_count: int = 0  # worked out here alone
    unreported_nano_usd: int = 0
    corrected_count: int = 0  # changed by a later line; counted above, too
    corrected_nano_usd: int = 0

    def __add__(self, other: BillSum) -> BillSum:
        return BillSum(*(getattr(self, name) + getattr(other, name) for name in BILL_SUM_FIELDS))

    @property
    def residual_nano_usd(self) -> int:
        """By how much providers reported more than was worked out here."""
        return self.reported_nano_usd - self.computed_nano_usd

    @property
    def residual_share(self) -> float | None:
        """The same as a share of what was worked out; None where that is nothing."""
        return self.residual_nano_usd / self.computed_nano_usd if self.computed_nano_usd else None

    @property
    def unknown_count(self) -> int:
        """Calls of which neither side counted anything: guessed, never come back, or put right by hand."""
        return self.call_count - self.compared_count - self.billed_count - self.unreported_count

    @property
    def unknown_nano_usd(self) -> int:
        told = self.reported_nano_usd + self.billed_nano_usd + self.unreported_nano_usd
        return self.cost_nano_usd - told


@dataclass(frozen=True, slots=True)
class BillRow:
    """The calls of a period at one place and model."""

    connection: str
    provider: str
    model_id: str
    sums: BillSum


@dataclass(frozen=True, slots=True)
class ComparedCall:
    """One line of the ledger with both figures."""

    call_id: UUID
    at: datetime
    day: date
    run_id: UUID | None
    node_key: str
    decision_id: str
    connection: str
    provider: str
    model_id: str
    served_model: str
    price_source: str
    fresh_input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    computed_nano_usd: int
    reported_nano_usd: int

    @property
    def residual_nano_usd(self) -> int:
        return self.reported_nano_usd - self.computed_nano_usd

    @property
    def residual_share(self) -> float | None:
        return self.residual_nano_usd / self.computed_nano_usd if self.computed_nano_usd else None


def list_bills(part: Slice, period: Period) -> tuple[BillRow, ...]:
    """Everybody's calls of the period by place and model; one query over totals."""
    rows = _within(part, period).values_list("connection", "provider", "model_id").annotate(**_SUMS)
    return tuple(
        BillRow(connection, provider, model_id, BillSum(*map(int, sums)))
        for connection, provider, model_id, *sums in rows
    )


def bills_by_day(part: Slice, period: Period) -> Mapping[date, BillSum]:
    """The same by day, in order; the other query. Months are put together from it: SQLite cuts dates slowly."""
    rows = _within(part, period).values_list("day").annotate(**_SUMS).order_by("day")
    return {day: BillSum(*map(int, sums)) for day, *sums in rows}


def list_compared(part: Slice, days: Mapping[date, BillSum], *, most: int) -> tuple[ComparedCall, ...]:
    """The newest calls with both figures, no more than so many, and no more than what reads quickly.

    ``days`` are ``bills_by_day``: where reports are rare, days without any are not looked through.
    """
    found_count = read_count = 0
    wanted: list[date] = []
    for day, sums in sorted(days.items(), reverse=True):
        if sums.compared_count <= 0:
            continue
        if wanted and (found_count >= most or read_count + sums.call_count > _MOST_LINES_READ):
            break
        wanted.append(day)
        found_count, read_count = found_count + sums.compared_count, read_count + sums.call_count
    return _read(part, wanted, most) if wanted else ()


def _read(part: Slice, days: list[date], most: int) -> tuple[ComparedCall, ...]:
    rows = LedgerEntry.objects.filter(day__in=days, is_simulated=part.is_simulated, is_estimated=False)
    rows = rows.filter(computed_nano_usd__isnull=False, reported_nano_usd__isnull=False, call_count=1, **_places(part))
    newest = rows.order_by("-day", "-id").values_list(*ComparedCall.__slots__)[:most]
    return tuple(ComparedCall(*row) for row in newest)


def _within(part: Slice, period: Period) -> QuerySet[BillTotal]:
    days = {"day__gte": period.first, "day__lte": period.last}
    return BillTotal.objects.filter(is_simulated=part.is_simulated, **days, **_places(part)).order_by()


def _places(part: Slice) -> dict[str, str]:
    return {_FIELD_OF[name]: value for name, value in part.filters if name in _FIELD_OF}
