"""What a driver writes, in groups: results, money, claims and events of many nodes in one transaction.

Either all of a group stands or none of it. A result counts only while its node is still ours; what its call
cost is booked in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from runs.keeping.artifacts import NewArtifact, write_artifacts
from runs.keeping.claims import OPEN_NODES, Lease, LeaseLost, claim_nodes, held_nodes, hold_run
from runs.keeping.events import NewEvent, add_events
from runs.keeping.node_rows import node_row
from runs.ledger import Refusal, release, reserve, settle
from runs.models import Node, NodeDraft, Run
from runs.shapes import CallQuote, Grant, Json, NodeStatus, PlanGrowth, RunStatus, Settlement, Usage
from runs.texts.cleaning import clean_json, clean_text
from smartspawn.lib.rows import adapted, marks, update_rows

LONGEST_HINT: Final = 300
# All that a node is planned as and comes to: one that grows anew begins anew.
_REGROWN: Final = [field.name for field in Node._meta.concrete_fields if field.name not in ("id", "run", "key")]  # noqa: SLF001 - Django's documented interface to a table
# Written out, as in ``claims``: every group passes here.
_HOLDERS: Final = "SELECT id, lease_token FROM runs_node WHERE id IN ({}) AND status IN ('queued', 'running')"
_STARTED: Final = "UPDATE runs_node SET status = 'running', started_at = %s WHERE lease_token = %s AND id IN ({})"
_NOBODY: Final = object()  # an ended node has no holder, which is not the same as a free one


@dataclass(frozen=True, slots=True)
class NodeResult:
    """How a node ended, with all that is kept of it."""

    node_id: int
    key: str
    status: NodeStatus
    started_at: datetime | None = None
    output: str | None = None  # None: nothing to keep
    is_partial: bool = False
    model_id: str = ""
    served_model: str = ""
    connection: str = ""
    finish_reason: str = ""
    score: float | None = None
    data: Json = None
    usage: Usage = field(default_factory=Usage)
    cost_nano_usd: int = 0  # of all attempts
    is_cost_uncertain: bool = False
    first_token_ms: float | None = None
    duration_ms: float | None = None
    error: str = ""
    error_code: str = ""
    hint: str = ""
    stops_run: bool = False  # every further call would fail too
    growth: PlanGrowth | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A node that wants to begin an attempt: with money for a call, or free of charge."""

    node_id: int
    quote: CallQuote | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    status: RunStatus
    stop_reason: str = ""
    error: str = ""
    error_code: str = ""
    answer: NewArtifact | None = None


@dataclass(slots=True)
class Group:
    """What has come together since the last write."""

    results: list[NodeResult] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    released: list[UUID] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    drafts: dict[int, tuple[int, str]] = field(default_factory=dict)  # node -> (attempt, text so far)
    events: list[NewEvent] = field(default_factory=list)
    ending: Ending | None = None
    has_drafts: bool = True  # False: the run's nodes keep none that were to be dropped when they end

    @property
    def is_empty(self) -> bool:
        return self == Group(has_drafts=self.has_drafts)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a group."""

    is_cancel_requested: bool
    grants: Mapping[int, Grant | Refusal | None]  # node -> leave; None: begun free of charge; absent: another's
    grown_ids: Mapping[str, tuple[int, ...]]  # node -> the rows that its growth became
    strangers: frozenset[int] = frozenset()  # nodes whose results did not count


def write_group(lease: Lease, group: Group) -> Written:
    """Write the group down as a whole. Raises LeaseLost when the run is no longer ours; its money is booked then."""
    try:
        with transaction.atomic():
            return _write(lease, group)
    except LeaseLost:
        with transaction.atomic():
            settle(group.settlements)
            release(group.released)
        if lease.is_help:  # the run has ended: nobody will go on with what was in hand
            held_nodes(lease.token).update(status=NodeStatus.CANCELED, finished_at=timezone.now(), lease_token=None)
        raise


def _write(lease: Lease, group: Group) -> Written:
    is_cancel_requested = hold_run(lease)
    strangers = _strangers(lease, group.results)
    ours = [result for result in group.results if result.node_id not in strangers]
    _write_results(lease, ours)
    grown_ids = {result.key: _grow(lease.run_id, result.growth) for result in ours if result.growth}
    _write_progress(lease, group)
    if group.ending:
        _end_run(lease, group.ending)
    foreign_keys = {result.key for result in group.results if result.node_id in strangers}
    add_events(lease.run_id, [event for event in group.events if event.node_key not in foreign_keys])
    settle(group.settlements)
    release(group.released)
    return Written(is_cancel_requested, _begin(lease, group.asks), grown_ids, strangers)


def _strangers(lease: Lease, results: Sequence[NodeResult]) -> frozenset[int]:
    """The nodes that are not ours to end: somebody else works on them, or they have ended."""
    if not results:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS.format(marks(len(results))), [result.node_id for result in results])
        holders = dict(cursor.fetchall())
    token = adapted(Node, "lease_token", lease.token)
    return frozenset(
        result.node_id
        for result in results
        if holders.get(result.node_id, _NOBODY) not in ((token,) if result.started_at else (token, None))
    )


def _write_results(lease: Lease, results: Sequence[NodeResult]) -> None:
    now = timezone.now()
    update_rows(Node, {result.node_id: _columns(result, now) for result in results})
    kept = [
        NewArtifact(result.key, "raw", result.output, is_partial=result.is_partial)
        for result in results
        if result.output is not None
    ]
    if kept:
        write_artifacts(lease.run_id, kept)


def _columns(result: NodeResult, now: datetime) -> dict[str, object]:
    usage = result.usage
    return {
        "status": result.status,
        "lease_token": None,
        "lease_until": None,
        "started_at": result.started_at,
        "finished_at": now,
        "model_id": result.model_id,
        "served_model": clean_text(result.served_model)[:200],
        "connection": result.connection,
        "finish_reason": clean_text(result.finish_reason)[:30],
        "score": result.score,
        "data": clean_json(result.data),
        "is_partial": result.is_partial,
        "fresh_input_tokens": usage.fresh_input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_nano_usd": result.cost_nano_usd,
        "is_cost_uncertain": result.is_cost_uncertain,
        "first_token_ms": _whole(result.first_token_ms),
        "duration_ms": _whole(result.duration_ms),
        "error": clean_text(result.error),
        "error_code": result.error_code[:40],
        "hint": clean_text(result.hint)[:LONGEST_HINT],
    }


def _write_progress(lease: Lease, group: Group) -> None:
    """Nodes at work and their texts so far; both are for those who watch."""
    now = timezone.now()
    ended = {result.node_id for result in group.results}
    started = [node_id for node_id in group.started if node_id not in ended]
    if started:
        told = [adapted(Node, "started_at", now), adapted(Node, "lease_token", lease.token)]
        with connection.cursor() as cursor:
            cursor.execute(_STARTED.format(marks(len(started))), [*told, *started])
    if ended and group.has_drafts:
        NodeDraft.objects.filter(node_id__in=ended).delete()
    drafts = [
        NodeDraft(node_id=node_id, attempt=attempt, text=clean_text(text), updated_at=now)
        for node_id, (attempt, text) in group.drafts.items()
        if node_id not in ended
    ]
    if drafts:
        NodeDraft.objects.bulk_create(
            drafts,
            update_conflicts=True,
            unique_fields=["node"],
            update_fields=["attempt", "text", "updated_at"],
        )


def _grow(run_id: UUID, growth: PlanGrowth | None) -> tuple[int, ...]:
    """Add the nodes that a finished one called for.

    Where it is done for a second time some are there already: those keep their rows and the count of their attempts,
    because the ledger knows each attempt by its number. What is called for no longer stays superseded.
    """
    if growth is None:
        return ()
    nodes = Node.objects.filter(run_id=run_id)
    last = nodes.aggregate(last=Max("position"))["last"]
    place = -1 if last is None else int(last)
    rows = [node_row(run_id, place + number, spec) for number, spec in enumerate(growth.nodes, start=1)]
    former = {row.key: row for row in nodes.filter(key__in=[row.key for row in rows])}
    for row in rows:
        if row.key in former:
            row.pk = former[row.key].pk
            row.attempt = row.attempt_base = former[row.key].attempt
            row.cost_nano_usd = former[row.key].cost_nano_usd
            row.is_cost_uncertain = former[row.key].is_cost_uncertain
    Node.objects.bulk_create([row for row in rows if row.key not in former])
    Node.objects.bulk_update([row for row in rows if row.key in former], _REGROWN)
    for row in nodes.filter(key__in=growth.depends_on):
        row.depends_on = list(growth.depends_on[row.key])
        row.spec = {**row.spec, "depends_on": row.depends_on}
        row.save(update_fields=["depends_on", "spec"])
    return tuple(row.pk for row in rows)


def _begin(lease: Lease, asks: Sequence[Ask]) -> dict[int, Grant | Refusal | None]:
    """Claim the nodes that want to begin, then set money aside for those that are ours."""
    if not asks:
        return {}
    ours = claim_nodes(lease, [ask.node_id for ask in asks])
    wanted = [ask for ask in asks if ask.node_id in ours]
    answers: dict[int, Grant | Refusal | None] = {ask.node_id: None for ask in wanted if ask.quote is None}
    paid = [(ask.node_id, ask.quote) for ask in wanted if ask.quote is not None]
    for (node_id, _), answer in zip(paid, reserve([quote for _, quote in paid]), strict=True):
        answers[node_id] = answer
    return answers


def _end_run(lease: Lease, ending: Ending) -> None:
    now = timezone.now()
    # What helpers have in hand is over too; their results will not count any more, the money will.
    Node.objects.filter(run_id=lease.run_id, status__in=OPEN_NODES).update(
        status=NodeStatus.CANCELED, finished_at=now, lease_token=None, lease_until=None
    )
    NodeDraft.objects.filter(node__run_id=lease.run_id).delete()
    if ending.answer:
        write_artifacts(lease.run_id, [ending.answer])
    Run.objects.filter(pk=lease.run_id).update(
        status=ending.status,
        stop_reason=ending.stop_reason,
        error=clean_text(ending.error),
        error_code=ending.error_code[:40],
        finished_at=now,
        updated_at=now,
        lease_token=None,
        lease_until=None,
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)
