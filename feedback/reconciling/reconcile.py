"""From totals and a sample of calls to a reconciliation. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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


def reconcile(rows: Sequence[BillRow], days: Mapping[date, BillSum], sample: Sequence[ComparedCall]) -> Reconciliation:
    """The same calls by place and by day, put together, with medians and worst calls of the sample."""
    places = [((row.connection, row.provider, row.model_id), row.sums) for row in rows]
    models = _groups([(place[2], sums) for place, sums in places], sample, lambda call: call.model_id)
    models.sort(key=lambda group: (-abs(group.sums.residual_nano_usd), -group.sums.cost_nano_usd, group.name))
    total = sum((row.sums for row in rows), BillSum())
    months = [(f"{day:%Y-%m}", sums) for day, sums in days.items()]
    worst = sorted(sample, key=lambda call: (-abs(call.residual_nano_usd), str(call.call_id)))
    return Reconciliation(
        total=BillGroup("all", total, _median(sample), len(sample)),
        months=tuple(_groups(months, sample, lambda call: f"{call.day:%Y-%m}")),
        connections=tuple(_groups([(place[0], sums) for place, sums in places], sample, lambda call: call.connection)),
        providers=tuple(_groups([(place[1], sums) for place, sums in places], sample, lambda call: call.provider)),
        models=tuple(models[:MOST_MODELS]),
        model_count=len(models),
        worst=tuple(call for call in worst[:WORST_SHOWN] if call.residual_nano_usd),
        sample_count=len(sample),
    )


def _groups(
    named: Iterable[tuple[str, BillSum]], sample: Iterable[ComparedCall], name_of: Callable[[ComparedCall], str]
) -> list[BillGroup]:
    sums: dict[str, BillSum] = {}
    for name, more in named:
        sums[name] = sums[name] + more if name in sums else more
    calls: dict[str, list[ComparedCall]] = {}
    for call in sample:
        calls.setdefault(name_of(call), []).append(call)
    return [
        BillGroup(name, found, _median(calls.get(name, ())), len(calls.get(name, ())))
        for name, found in sorted(sums.items())
    ]


def _median(calls: Iterable[ComparedCall]) -> float | None:
    shares = [share for call in calls if (share := call.residual_share) is not None]
    return median(shares) if shares else None
