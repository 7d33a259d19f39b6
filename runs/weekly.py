"""What a stretch of time brought in runs: how many ended how, and which cost most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from runs.models import Node, Run


@dataclass(frozen=True, slots=True)
class DearRun:
    """A run and what its calls cost."""

    run_id: UUID
    title: str
    mode: str
    cost_nano_usd: int


def count_runs(user_id: int | None, *, since: datetime, until: datetime) -> Mapping[str, int]:
    """How many runs that were asked for in this time stand how, simulated ones left out; None: everybody's."""
    found = _runs(user_id, since, until).order_by().values_list("status").annotate(count=Count("pk"))
    return {str(status): int(count) for status, count in found}


def dearest_runs(user_id: int | None, *, since: datetime, until: datetime, most: int) -> Sequence[DearRun]:
    """The runs of this time whose nodes cost most."""
    runs = _runs(user_id, since, until).order_by()
    sums = (
        Node.objects.filter(run__in=runs.values("pk"), cost_nano_usd__gt=0)
        .order_by()
        .values("run_id")
        .annotate(cost=Sum("cost_nano_usd"))
        .order_by("-cost", "run_id")[:most]
    )
    costs = {row["run_id"]: int(row["cost"]) for row in sums}
    rows = Run.objects.in_bulk(list(costs))
    return [DearRun(run_id, rows[run_id].title[:120], rows[run_id].mode, cost) for run_id, cost in costs.items()]


def _runs(user_id: int | None, since: datetime, until: datetime) -> QuerySet[Run]:
    rows = Run.objects.filter(created_at__gte=since, created_at__lt=until, is_simulated=False)
    return rows if user_id is None else rows.filter(user_id=user_id)
