"""What all runs of the site did and cost, summed up from the tables that every process writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Min, Sum

from runs.models import DayTotal, Node, Run
from runs.shapes import NodeStatus, RunStatus

# A watcher keeps a line for every name that it ever saw: the first so many keep their own, the others share one.
# The first, and not the busiest: who would change places would look like figures that fall.
MOST_NAMES: Final = 50
OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class CallSum:
    """Calls of one model, or of one provider with one end; simulated calls are left out."""

    name: str
    status: str
    call_count: int
    token_count: int
    cost_nano_usd: int


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """The whole site, now."""

    runs: Mapping[str, int]  # by status; those that were cleared away do not count any more
    open_nodes: Mapping[str, int]  # of runs that are under way, by status
    by_provider: tuple[CallSum, ...]
    by_model: tuple[CallSum, ...]


def site_figures() -> SiteFigures:
    """The figures. A few sums over the tables: keep the answer for some seconds."""
    runs = dict(Run.objects.order_by().values_list("status").annotate(Count("pk")))
    nodes = Node.objects.filter(
        run__status__in=(RunStatus.QUEUED, RunStatus.RUNNING), status__in=(NodeStatus.QUEUED, NodeStatus.RUNNING)
    )
    counted = dict(nodes.order_by().values_list("status").annotate(Count("pk")))
    return SiteFigures(
        runs={status.value: runs.get(status.value, 0) for status in RunStatus},
        open_nodes={status.value: counted.get(status.value, 0) for status in (NodeStatus.QUEUED, NodeStatus.RUNNING)},
        by_provider=_sums("provider"),
        by_model=_sums("model_id"),
    )


def _sums(column: str) -> tuple[CallSum, ...]:
    rows = (
        DayTotal.objects.filter(is_simulated=False)
        .order_by()
        .values(column, "status")
        .annotate(
            calls=Sum("call_count"),
            given=Sum("fresh_input_tokens") + Sum("cache_read_tokens") + Sum("cache_write_tokens"),
            written=Sum("output_tokens") + Sum("reasoning_tokens"),
            cost=Sum("cost_nano_usd"),
        )
    )
    named = _first_names(column)
    sums: dict[tuple[str, str], CallSum] = {}
    for row in rows:
        name = row[column] if row[column] in named else OTHER
        key = (name, row["status"])
        held = sums.get(key, CallSum(*key, 0, 0, 0))
        calls, cost = held.call_count + int(row["calls"]), held.cost_nano_usd + int(row["cost"])
        sums[key] = CallSum(*key, calls, held.token_count + int(row["given"] + row["written"]), cost)
    return tuple(sums[key] for key in sorted(sums))


def _first_names(column: str) -> frozenset[str]:
    """The names that were seen first."""
    seen = DayTotal.objects.filter(is_simulated=False).order_by().values(column).annotate(first=Min("pk"))
    return frozenset(row[column] for row in sorted(seen, key=lambda row: row["first"])[:MOST_NAMES])
