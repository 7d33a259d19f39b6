"""Several processes work on one large run: its driver leads, helpers claim nodes that wait for nothing.

A helper holds no part of the run but the nodes that carry its token. It begins at the other end of the plan, so
that both seldom reach for the same node; where they do, one conditional update decides. The driver alone follows
the plan, sees what helpers have finished, and takes over what a dead one leaves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from runs.driving.loading import LoadedRun
from runs.graph.live import Graph
from runs.keeping.artifacts import read_outputs
from runs.keeping.claims import OPEN_NODES, Lease, call_id
from runs.keeping.commit import NodeResult
from runs.ledger import run_money
from runs.models import Node, Reservation
from runs.shapes import NodeStatus, Usage

# One process does about a thousand nodes a second: fewer are not worth a second one's start.
LEAST_NODES: Final = 2000
# So many calls at once a process should have, or it would idle.
LEAST_SHARE: Final = 100
MOST_HELPERS: Final = 3
# A helper that comes later than this finds that its share was taken back.
COME_WITHIN: Final = timedelta(seconds=3)
_FIELDS: Final = (
    "pk",
    "key",
    "status",
    "started_at",
    "is_partial",
    "model_id",
    "score",
    "data",
    "cost_nano_usd",
    "is_cost_uncertain",
    "error",
    "error_code",
)


def helper_count(loaded: LoadedRun) -> int:
    """How many other workers are to help with this run."""
    if len(_shareable(loaded.graph)) < LEAST_NODES:
        return 0
    queue: Mapping[str, Any] = settings.Q_CLUSTER
    others = int(queue["workers"]) - 1
    return max(0, min(others, loaded.slot_count // LEAST_SHARE - 1, MOST_HELPERS))


def ring_helpers(run_id: UUID, count: int, share: int) -> None:
    """Ask other workers for help, each with so many calls at once."""
    for _ in range(count):
        async_task("runs.tasks.help_run", str(run_id), share, timezone.now().isoformat(), group="runs")


def as_helper(loaded: LoadedRun, share: int) -> LoadedRun:
    """The run as a helper sees it: the nodes that wait for nothing, the last one first."""
    loaded.graph.keep(_shareable(loaded.graph)[::-1])
    return replace(loaded, slot_count=share)


@dataclass(frozen=True, slots=True)
class HelpSeen:
    """What others have done and do with the nodes of a run."""

    results: tuple[NodeResult, ...]  # of nodes that they have ended
    held_ids: frozenset[int]  # nodes that they work on
    spent_nano_usd: int


def see_help(lease: Lease, waiting_ids: Collection[int], *, needs_output: bool) -> HelpSeen:
    """What others have done with these nodes, which we have not; what a dead one held counts as free again."""
    now = timezone.now()
    nodes = Node.objects.filter(run_id=lease.run_id)
    is_foreign = Q(lease_token__isnull=False) & ~Q(lease_token=lease.token)
    held = nodes.filter(is_foreign, status__in=OPEN_NODES)
    dead = held.filter(lease_until__lt=now).values_list("key", "attempt")
    calls = [call_id(lease.run_id, key, attempt) for key, attempt in dead]
    if calls:
        Reservation.objects.filter(pk__in=calls, state="open").update(expires_at=now)
    ended = set(nodes.exclude(status__in=OPEN_NODES).values_list("pk", flat=True)).intersection(waiting_ids)
    results = tuple(_result(row) for row in Node.objects.filter(pk__in=ended).only(*_FIELDS))
    if needs_output:
        outputs = read_outputs(lease.run_id, [result.key for result in results])
        results = tuple(replace(result, output=outputs.get(result.key)) for result in results)
    alive = held.filter(lease_until__gte=now).values_list("pk", flat=True)
    return HelpSeen(results, frozenset(alive), run_money([lease.run_id])[lease.run_id].spent_nano_usd)


def _shareable(graph: Graph) -> list[str]:
    return [
        key
        for key, place in graph.places.items()
        if place.status is NodeStatus.QUEUED and not place.spec.depends_on and not place.spec.expands
    ]


def _result(row: Node) -> NodeResult:
    return NodeResult(
        node_id=row.pk,
        key=row.key,
        status=NodeStatus(row.status),
        started_at=row.started_at,
        is_partial=row.is_partial,
        model_id=row.model_id,
        score=row.score,
        data=row.data,
        usage=Usage(),
        cost_nano_usd=row.cost_nano_usd,
        is_cost_uncertain=row.is_cost_uncertain,
        error=row.error,
        error_code=row.error_code,
    )
