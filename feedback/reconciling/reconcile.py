"""From totals and a sample of calls to a reconciliation. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from runs.spend.bills import BillRow, BillSum, ComparedCall

# So many of the newest calls are looked at one by one: their median is good to 2 % of rank, and the page is fast.
SAMPLE_CALLS: Final = 2_000
WORST_SHOWN: Final = 15
MOST_MODELS: Final = 25


@dataclass(frozen=True, slots=True)
class BillGroup:
    """The calls with one thing in common."""

    name: str
    sums: BillSum
    median_share: float | None  # of the sampled calls' residuals; None where none was sampled
    sample_count: int = 0


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Our figures against the providers' over some days."""

    total: BillGroup
    months: tuple[BillGroup, ...]
    connections: tuple[BillGroup, ...]
    providers: tuple[BillGroup, ...]
    models: tuple[BillGroup, ...]  # those with the largest residual first
    model_count: int
    worst: tuple[ComparedCall, ...]  # of the sample
    sample_count: int

    @property
    def is_sample_whole(self) -> bool:
        """Whether every compared call was looked at one by one."""
        return self.sample_count >= self.total.sums.compared_count

    @property
    def report_share(self) -> float | None:
        """The share of the calls whose provider said what it bills."""
        sums = self.total.sums
        return (sums.compared_count + sums.billed_count) / sums.call_count if sums.call_count > 0 else None


def reconcile(rows: Sequence[BillRow], sample: Sequence[ComparedCall]) -> Reconciliation:
    """The rows put together by month, connection, provider and model, with medians and worst calls of the sample."""
    models = _groups(rows, sample, lambda row: row.model_id, lambda call: call.model_id)
    models.sort(key=lambda group: (-abs(group.sums.residual_nano_usd), -group.sums.cost_nano_usd, group.name))
    total = sum((row.sums for row in rows), BillSum())
    worst = sorted(sample, key=lambda call: (-abs(call.residual_nano_usd), str(call.call_id)))
    return Reconciliation(
        total=BillGroup("all", total, _median(sample), len(sample)),
        months=tuple(_groups(rows, sample, lambda row: f"{row.month:%Y-%m}", lambda call: f"{call.day:%Y-%m}")),
        connections=tuple(_groups(rows, sample, lambda row: row.connection, lambda call: call.connection)),
        providers=tuple(_groups(rows, sample, lambda row: row.provider, lambda call: call.provider)),
        models=tuple(models[:MOST_MODELS]),
        model_count=len(models),
        worst=tuple(call for call in worst[:WORST_SHOWN] if call.residual_nano_usd),
        sample_count=len(sample),
    )


def _groups(
    rows: Iterable[BillRow],
    sample: Iterable[ComparedCall],
    name_of: Callable[[BillRow], str],
    name_of_call: Callable[[ComparedCall], str],
) -> list[BillGroup]:
    sums: dict[str, BillSum] = {}
    for row in rows:
        sums[name_of(row)] = sums.get(name_of(row), BillSum()) + row.sums
    calls: dict[str, list[ComparedCall]] = {}
    for call in sample:
        calls.setdefault(name_of_call(call), []).append(call)
    return [
        BillGroup(name, found, _median(calls.get(name, ())), len(calls.get(name, ())))
        for name, found in sorted(sums.items())
    ]


def _median(calls: Iterable[ComparedCall]) -> float | None:
    shares = [share for call in calls if (share := call.residual_share) is not None]
    return median(shares) if shares else None
