"""What a person can do about a run that exists: let it start, stop it, have parts of it done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from runs.driving.ringing import ring
from runs.graph.expansion import is_grown_from
from runs.keeping.events import EventKind, NewEvent, add_events
from runs.keeping.letting_go import check_texts
from runs.keeping.serial import node_from_json
from runs.ledger import raise_run_cap
from runs.models import Artifact, Node, NodeDraft, Run
from runs.money import to_nano
from runs.queries import get_run, visible_runs
from runs.shapes import NodeStatus, RunStatus
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, InvalidParam, NotFound

# What a person may ask to have done again: what did not come to an end of its own.
_REPEATABLE: Final = (NodeStatus.FAILED, NodeStatus.CANCELED)
STOP_CANCELED: Final = "canceled"
SUPERSEDED: Final = "superseded"


def approve_run(*, run_id: UUID, actor: Actor) -> Run:
    """Let a run start that waits for a yes; one that was let go already stays as it is.

    Raises NotFound, and Conflict for a run that has ended.
    """
    with transaction.atomic():
        run = _hold(run_id, actor)
        if RunStatus(run.status).is_final:
            raise Conflict(f"This run has ended ({run.status}): there is nothing to approve. Start it anew.")
        if run.status != RunStatus.AWAITING_APPROVAL:
            return run
        run.status = RunStatus.QUEUED
        run.approved_at = run.updated_at = timezone.now()
        run.approved_by = actor.label[:200]
        run.save(update_fields=["status", "approved_at", "approved_by", "updated_at"])
        add_events(run.pk, [NewEvent(EventKind.RUN_APPROVED, message=f"Approved by {actor.label}")])
        ring(run.pk)
    return run


def cancel_run(*, run_id: UUID, actor: Actor) -> Run:
    """Stop a run: at once where nobody drives it, otherwise its driver closes what is open. Ended ones stay.

    Raises NotFound.
    """
    with transaction.atomic():
        run = _hold(run_id, actor)
        if RunStatus(run.status).is_final or run.cancel_requested_at is not None:
            return run
        now = timezone.now()
        run.cancel_requested_at = run.updated_at = now
        run.save(update_fields=["cancel_requested_at", "updated_at"])
        told = [NewEvent(EventKind.RUN_CANCEL_REQUESTED, message=f"Canceled by {actor.label}")]
        if run.lease_until is None or run.lease_until < now:
            told += _end_canceled(run)
        add_events(run.pk, told)
    return run


def _end_canceled(run: Run) -> list[NewEvent]:
    """End a run that nobody drives; a driver that comes back finds its token gone."""
    open_nodes = Node.objects.filter(run=run, status__in=[NodeStatus.QUEUED, NodeStatus.RUNNING])
    count = open_nodes.update(status=NodeStatus.CANCELED, finished_at=timezone.now())
    NodeDraft.objects.filter(node__run=run).delete()
    run.status = RunStatus.CANCELED
    run.stop_reason = STOP_CANCELED
    run.finished_at = run.updated_at = timezone.now()
    run.lease_token = run.lease_until = None
    run.save(update_fields=["status", "stop_reason", "finished_at", "updated_at", "lease_token", "lease_until"])
    return [NewEvent(EventKind.RUN_CANCELED, message="Run canceled", data={"canceledNodes": count})]


def retry_run(*, run_id: UUID, actor: Actor, node_keys: Sequence[str] = (), max_usd: Decimal | None = None) -> Run:
    """Have failed nodes done again (all, or those named), and everything that waits for them.

    ``max_usd`` raises the run's cap, for one that ended because its money did.
    Raises NotFound, Conflict while the run is under way, InvalidParam for a node that has nothing to repeat,
    TextsGone where what was asked is not kept any more.
    """
    with transaction.atomic():
        run = _hold(run_id, actor)
        if not RunStatus(run.status).is_final:
            raise Conflict("This run has not ended. Wait for its end, or cancel it first.")
        check_texts(run)
        nodes = {node.key: node for node in Node.objects.filter(run=run)}
        chosen = _chosen(nodes, node_keys)
        again = chosen | dependents(nodes, chosen)
        if max_usd is not None:
            _raise_cap(run, max_usd)
        grown = _ungrow(nodes, again)
        again -= grown
        _reset_nodes(run, again)
        _supersede(run, grown)
        _reopen(run)
        message = f"{actor.label} has {_so_many(len(chosen))} done again"
        add_events(run.pk, [NewEvent(EventKind.RUN_RETRIED, message=message, data={"nodes": sorted(again)})])
        ring(run.pk)
    return run


def dependents(nodes: Mapping[str, Node], keys: set[str]) -> set[str]:
    """Every node that waits, directly or not, for one of these."""
    found: set[str] = set()
    grows = True
    while grows:
        more = {
            key
            for key, node in nodes.items()
            if key not in found and key not in keys and (found | keys).intersection(node.depends_on)
        }
        found |= more
        grows = bool(more)
    return found


def _chosen(nodes: Mapping[str, Node], node_keys: Sequence[str]) -> set[str]:
    if unknown := [key for key in node_keys if key not in nodes]:
        raise NotFound(f"This run has no node {unknown[0]!r}.")
    if node_keys:
        if busy := [key for key in node_keys if not NodeStatus(nodes[key].status).is_final]:
            raise Conflict(f"The node {busy[0]!r} has not ended.")
        return set(node_keys)
    failed = {key for key, node in nodes.items() if node.status in _REPEATABLE}
    if not failed:
        raise InvalidParam("No node of this run failed. Name the nodes to do again, or start the run anew.")
    return failed


def _reset_nodes(run: Run, keys: set[str]) -> None:
    """Put the nodes back as if they had never run; the attempts go on counting, for the ledger's sake."""
    Node.objects.filter(run=run, key__in=keys).update(
        status=NodeStatus.QUEUED,
        attempt_base=F("attempt"),
        started_at=None,
        finished_at=None,
        error="",
        error_code="",
        hint="",
        score=None,
        data=None,
        finish_reason="",
        is_partial=False,
        lost_count=0,
    )
    Artifact.objects.filter(run=run, node_key__in=[*keys, "merged"]).delete()


def _ungrow(nodes: Mapping[str, Node], again: set[str]) -> set[str]:
    """What nodes that are done again grew into, which nobody waits for any more: it may be something else this time."""
    found: set[str] = set()
    for spec in [node_from_json(nodes[key].spec) for key in again if nodes[key].spec.get("expands")]:
        grown = {key for key in nodes if key != spec.key and is_grown_from(spec, key)}
        found |= grown
        waiting = nodes.get(str(spec.params.get("into", "")))
        if waiting is not None and grown:
            kept = [key for key in waiting.depends_on if key not in grown and key != spec.key]
            waiting.depends_on = [spec.key, *kept]
            waiting.spec = {**waiting.spec, "depends_on": waiting.depends_on}
            waiting.save(update_fields=["depends_on", "spec"])
    return found


def _supersede(run: Run, keys: set[str]) -> None:
    """Set these aside; the ones that are called for again begin anew."""
    _reset_nodes(run, keys)
    Node.objects.filter(run=run, key__in=keys).update(
        status=NodeStatus.SKIPPED,
        finished_at=timezone.now(),
        error="What called for this is done again, and has not called for it.",
        error_code=SUPERSEDED,
    )


def _reopen(run: Run) -> None:
    run.status = RunStatus.QUEUED
    run.stop_reason = run.error = run.error_code = ""
    run.finished_at = run.deadline_at = run.cancel_requested_at = None
    run.lease_token = run.lease_until = None
    run.drive_count = 0  # a person wants another try, whatever it was that killed the former drivers
    run.updated_at = timezone.now()
    run.save()


def _raise_cap(run: Run, max_usd: Decimal) -> None:
    cap = to_nano(max_usd)
    if run.cap_nano_usd is not None and cap < run.cap_nano_usd:
        raise InvalidParam("maxUsd: a cap can be raised here, not lowered.")
    run.cap_nano_usd = cap
    raise_run_cap(run.pk, cap)


def _hold(run_id: UUID, actor: Actor) -> Run:
    """The run with its row locked. Raises NotFound where this actor may not see it."""
    run = visible_runs(actor).select_for_update().filter(pk=run_id).first()
    return run if run is not None else get_run(run_id, actor)


def _so_many(count: int) -> str:
    return "one node" if count == 1 else f"{count} nodes"
