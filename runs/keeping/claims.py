"""Who drives a run: one lease at a time, taken, kept and lost by conditional updates.

A driver writes only while its token stands in the run's row. A node carries the token of whoever works on it,
and a result is taken from the holder alone; so a driver that was given up for dead can do no harm.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from runs.keeping.events import EventKind, NewEvent, add_events
from runs.models import Node, NodeDraft, Reservation, Run
from runs.shapes import NodeStatus, RunStatus
from smartspawn.lib.errors import Conflict
from smartspawn.lib.rows import adapted, marks

LEASE: Final = timedelta(seconds=30)
HEARTBEAT_S: Final = 10.0
# A node whose driver died over it this often is not tried again: it may be what kills them. Every node in flight is
# lost with a killed process, whoever's fault it was, so this is far beyond the loss at which a node is tried with
# nothing beside it (see ``suspects``): the last three times at least it was alone.
MOST_LOSSES: Final = 8
LOST: Final = "lost"
OPEN_NODES: Final = (NodeStatus.QUEUED, NodeStatus.RUNNING)
# Written out, because every group of a driver passes here, and the ORM takes ten times as long as the database.
_HOLD: Final = (
    "UPDATE runs_run SET updated_at = %s, lease_until = %s WHERE id = %s AND lease_token = %s"
    " RETURNING cancel_requested_at"
)
_HOLD_AS_HELP: Final = (
    "UPDATE runs_run SET updated_at = %s WHERE id = %s AND status = 'running' RETURNING cancel_requested_at"
)
_CLAIM: Final = (
    "UPDATE runs_node SET lease_token = %s, lease_until = %s, attempt = attempt + 1"
    " WHERE id IN ({}) AND status IN ('queued', 'running')"
    " AND (lease_token IS NULL OR lease_token = %s OR lease_until < %s) RETURNING id"
)


class LeaseLost(Conflict):
    """Another driver has taken the run, or a person has ended it."""

    code = "LEASE_LOST"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to drive a run, or to help its driver: to claim nodes and write their results."""

    run_id: UUID
    token: UUID
    is_resumed: bool = False  # another driver had begun
    is_help: bool = False  # the run's row names another driver; the nodes name us


def take_run(run_id: UUID, driver: str) -> Lease | None:
    """The lease of a run that waits or whose driver is gone, with its unfinished nodes free again; else None."""
    token, now = uuid.uuid4(), timezone.now()
    with transaction.atomic():
        run = Run.objects.select_for_update().filter(_to_drive(now), pk=run_id).first()
        if run is None:
            return None
        is_resumed = run.status == RunStatus.RUNNING
        run.status = RunStatus.RUNNING
        run.started_at = run.started_at or now
        run.deadline_at = run.deadline_at or now + _run_timeout(run)
        former = run.lease_token
        run.lease_token, run.lease_until, run.driven_by = token, now + LEASE, driver
        run.drive_count += 1
        run.updated_at = now
        run.save(update_fields=_TAKEN)
        told = _free_nodes(run_id, former, now)
        kind = EventKind.RUN_RESUMED if is_resumed else EventKind.RUN_STARTED
        message = f"{driver} goes on with the run" if is_resumed else f"{driver} began"
        add_events(run_id, [NewEvent(kind, message=message), *told])
    return Lease(run_id, token, is_resumed)


def join_run(run_id: UUID) -> Lease | None:
    """The right to help with a run that another process drives now; else None."""
    driven = Run.objects.filter(pk=run_id, status=RunStatus.RUNNING, lease_until__gt=timezone.now())
    return Lease(run_id, uuid.uuid4(), is_help=True) if driven.exists() else None


def extend_lease(lease: Lease) -> bool:
    """Keep run and nodes for another while; False when the run is no longer ours."""
    until = timezone.now() + LEASE
    held_nodes(lease.token).update(lease_until=until)
    if lease.is_help:
        return _ours(lease).exists()
    return bool(_ours(lease).update(lease_until=until))


def give_up_lease(lease: Lease) -> None:
    """Let go of an unfinished run and its nodes, so that another driver can take it at once."""
    now = timezone.now()
    with transaction.atomic():
        held_nodes(lease.token).update(status=NodeStatus.QUEUED, lease_token=None, lease_until=None)
        Run.objects.filter(pk=lease.run_id, lease_token=lease.token).update(lease_until=now)


def end_dead_lease(run_id: UUID, token: UUID | None) -> None:
    """End the lease of a driver that is known to be gone; what it had in hand is freed when the run is taken."""
    Run.objects.filter(pk=run_id, lease_token=token).update(lease_until=timezone.now())


def fail_run(lease: Lease, error: str, code: str) -> None:
    """End a run that cannot be driven at all."""
    with transaction.atomic():
        if Run.objects.filter(pk=lease.run_id, lease_token=lease.token).update(**_failed(error, code)):
            _end_failed(lease.run_id, error, code)


def fail_lost_run(run_id: UUID) -> None:
    """End a run that nobody drives and that nobody could bring to its end."""
    error = "Too many processes ended while they drove this run."
    with transaction.atomic():
        if Run.objects.filter(_to_drive(timezone.now()), pk=run_id).update(**_failed(error, LOST)):
            _end_failed(run_id, error, LOST)


def is_cancel_requested(lease: Lease) -> bool:
    """Whether somebody wants the run stopped. Raises LeaseLost."""
    row = _ours(lease).values_list("cancel_requested_at").first()
    if row is None:
        raise LeaseLost(f"run {lease.run_id} is no longer ours")
    return row[0] is not None


def hold_run(lease: Lease) -> bool:
    """Lock the run's row for this transaction and keep the lease; whether somebody wants the run stopped.

    Raises LeaseLost.
    """
    now = timezone.now()
    moment, run_id = adapted(Run, "updated_at", now), adapted(Run, "id", lease.run_id)
    if lease.is_help:
        statement, parameters = _HOLD_AS_HELP, [moment, run_id]
    else:
        until, token = adapted(Run, "lease_until", now + LEASE), adapted(Run, "lease_token", lease.token)
        statement, parameters = _HOLD, [moment, until, run_id, token]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    if not rows:
        raise LeaseLost(f"run {lease.run_id} is no longer ours")
    return rows[0][0] is not None


def claim_nodes(lease: Lease, node_ids: Sequence[int]) -> frozenset[int]:
    """Take these nodes and count an attempt of each, before it is made; those that are ours."""
    now, token = timezone.now(), adapted(Node, "lease_token", lease.token)
    moment, until = adapted(Node, "lease_until", now), adapted(Node, "lease_until", now + LEASE)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(marks(len(node_ids))), [token, until, *node_ids, token, moment])
        return frozenset(node_id for (node_id,) in cursor.fetchall())


def held_nodes(token: UUID) -> models.QuerySet[Node]:
    """The unfinished nodes that the holder of this token works on."""
    return Node.objects.filter(lease_token=token, status__in=OPEN_NODES)


def call_id(run_id: UUID, node_key: str, attempt: int) -> UUID:
    """The name of a call: the same one asked for twice is one."""
    return uuid.uuid5(run_id, f"{node_key}:{attempt}")


def _failed(error: str, code: str) -> dict[str, Any]:
    now = timezone.now()
    return {
        "status": RunStatus.FAILED,
        "stop_reason": code,
        "error": error,
        "error_code": code,
        "finished_at": now,
        "updated_at": now,
        "lease_token": None,
        "lease_until": None,
    }


def _end_failed(run_id: UUID, error: str, code: str) -> None:
    Node.objects.filter(run_id=run_id, status__in=OPEN_NODES).update(
        status=NodeStatus.CANCELED, finished_at=timezone.now(), error=error, error_code=code
    )
    NodeDraft.objects.filter(node__run_id=run_id).delete()
    add_events(run_id, [NewEvent(EventKind.RUN_FAILED, message=error, data={"reason": code})])


def _ours(lease: Lease) -> models.QuerySet[Run]:
    """The run, while we may write to it."""
    run = Run.objects.filter(pk=lease.run_id)
    return run.filter(status=RunStatus.RUNNING) if lease.is_help else run.filter(lease_token=lease.token)


def _to_drive(now: datetime) -> Q:
    is_free = Q(lease_until=None) | Q(lease_until__lt=now)
    return Q(status__in=[RunStatus.QUEUED, RunStatus.RUNNING]) & is_free


def _run_timeout(run: Run) -> timedelta:
    """What the request says, within what the site allows."""
    asked = run.request.get("run_timeout_s")
    return timedelta(seconds=min(float(asked or settings.RUN_TIMEOUT_SECONDS), settings.RUN_TIMEOUT_SECONDS))


def _free_nodes(run_id: UUID, former: UUID | None, now: datetime) -> list[NewEvent]:
    """Put back what a dead driver had in hand; what was lost too often has failed. Finished nodes stay as they are.

    Whether their calls were billed nobody knows: their reservations are over, and will be charged as uncertain.
    """
    is_lost = Q(lease_until__lt=now) if former is None else Q(lease_token=former) | Q(lease_until__lt=now)
    in_hand = Node.objects.filter(is_lost, run_id=run_id, status__in=OPEN_NODES)
    rows = list(in_hand.values_list("pk", "key", "attempt", "lost_count"))
    if not rows:
        return []
    ids = [node_id for node_id, _, _, _ in rows]
    given_up = {node_id: key for node_id, key, _, losses in rows if losses + 1 >= MOST_LOSSES}
    NodeDraft.objects.filter(node_id__in=ids).delete()
    Node.objects.filter(pk__in=ids).update(
        status=NodeStatus.QUEUED, lease_token=None, lease_until=None, lost_count=F("lost_count") + 1
    )
    error = f"The process that worked on it ended {MOST_LOSSES} times, at last with nothing else in hand."
    Node.objects.filter(pk__in=given_up).update(status=NodeStatus.FAILED, finished_at=now, error=error, error_code=LOST)
    calls = [call_id(run_id, key, attempt) for _, key, attempt, _ in rows]
    Reservation.objects.filter(pk__in=calls, state="open").update(expires_at=now)
    return [NewEvent(EventKind.NODE_FAILED, key, error, {"code": LOST}) for key in given_up.values()]


_TAKEN: Final = [
    "status",
    "started_at",
    "deadline_at",
    "lease_token",
    "lease_until",
    "driven_by",
    "drive_count",
    "updated_at",
]
