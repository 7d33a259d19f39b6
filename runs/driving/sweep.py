"""Finds what nobody looks after any more: runs whose driver died, and money set aside for calls that were lost.

Runs every few seconds beside the queue's workers, and each minute as a task. Doing it twice does no harm.
"""

from __future__ import annotations

import os
import re
import socket
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from runs.driving.ringing import ring
from runs.keeping.claims import end_dead_lease, fail_lost_run
from runs.keeping.events import EventKind, NewEvent, add_events
from runs.ledger import UncertainCall, expire
from runs.ledger.expire import MOST_AT_ONCE
from runs.models import Node, Reservation, Run
from runs.money import to_usd
from runs.shapes import RunStatus
from smartspawn.processes import is_running

# A ring that nobody answered is repeated after this long: all workers may be busy.
RING_AGAIN_AFTER: Final = timedelta(seconds=45)
# A run that so many drivers began and none ended is given up: it may be what kills them.
MOST_DRIVES: Final = 100
_DRIVER: Final = re.compile(r"\w+ (?P<pid>\d+)@(?P<host>.+)")


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found."""

    rung: int = 0
    given_up: int = 0
    uncertain_calls: int = 0


def sweep_runs() -> Swept:
    """Ring again for the runs that nobody drives, and charge the calls that nobody heard of again."""
    _end_dead_leases()
    rung = given_up = 0
    for run_id, drive_count in _forsaken():
        if drive_count >= MOST_DRIVES:
            fail_lost_run(run_id)
            given_up += 1
        else:
            with transaction.atomic():
                ring(run_id)
            rung += 1
    _forget_ended_leave()
    return Swept(rung, given_up, expire_calls())


def expire_calls() -> int:
    """Charge the calls that are past their time as uncertain, and say so in their runs; how many."""
    count = 0
    while lost := expire():
        _tell(lost)
        count += len(lost)
        if len(lost) < MOST_AT_ONCE:
            break
    return count


def _end_dead_leases() -> None:
    """Where the process that drives a run was on this machine and is gone, nobody needs to wait for its lease."""
    now = timezone.now()
    held = Run.objects.filter(status=RunStatus.RUNNING, lease_until__gte=now)
    for run_id, driven_by, token in held.values_list("pk", "driven_by", "lease_token"):
        if is_gone(driven_by):
            end_dead_lease(run_id, token)


def is_gone(driven_by: str) -> bool:
    """Whether the driver that signed so certainly lives no more."""
    signed = _DRIVER.fullmatch(driven_by)
    if signed is None or signed["host"] != socket.gethostname() or os.name != "posix":
        return False
    return not is_running(int(signed["pid"]))


def _forsaken() -> Iterable[tuple[UUID, int]]:
    """Runs that wait although nobody drives them and no ring is on its way."""
    now = timezone.now()
    is_free = Q(lease_until=None) | Q(lease_until__lt=now)
    is_unheard = Q(rung_at=None) | Q(rung_at__lt=now - RING_AGAIN_AFTER) | Q(rung_at__lt=F("lease_until"))
    is_new = Q(rung_at=None, lease_until=None, created_at__gt=now - RING_AGAIN_AFTER)  # its web process is at it
    waiting = Run.objects.filter(is_free, is_unheard, status__in=[RunStatus.QUEUED, RunStatus.RUNNING])
    return list(waiting.exclude(is_new).values_list("pk", "drive_count"))


def _forget_ended_leave() -> None:
    """Leave that a run left open when it ended is over: whoever held it is gone."""
    now = timezone.now()
    ended = Run.objects.exclude(status__in=[RunStatus.QUEUED, RunStatus.RUNNING]).values("pk")
    open_ones = Reservation.objects.filter(state="open", expires_at__gt=now, run_id__in=ended)
    open_ones.filter(opened_at__lt=now - timedelta(seconds=60)).update(expires_at=now)


def _tell(lost: Sequence[UncertainCall]) -> None:
    by_run: defaultdict[UUID, list[UncertainCall]] = defaultdict(list)
    for call in lost:
        if call.run_id is not None:
            by_run[call.run_id].append(call)
    for run_id, calls in by_run.items():
        with transaction.atomic():
            add_events(run_id, [_event(call) for call in calls])
            for call in calls:
                Node.objects.filter(run_id=run_id, key=call.node_key).update(
                    is_cost_uncertain=True, cost_nano_usd=F("cost_nano_usd") + call.amount_nano_usd
                )


def _event(call: UncertainCall) -> NewEvent:
    amount_usd = to_usd(call.amount_nano_usd)
    message = f"Nobody knows whether attempt {call.attempt} was billed: it is charged at ${amount_usd}, as set aside."
    data = {"attempt": call.attempt, "amountUsd": float(amount_usd)}
    return NewEvent(EventKind.MONEY_UNCERTAIN, call.node_key, message, data)
