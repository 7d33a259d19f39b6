"""What the queue runs. A task only rings: which run waits, and how far it is, stands in its row."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Final
from uuid import UUID

import uvloop
from django.conf import settings
from django.utils import timezone

from runs.correcting.bills import ask_for_bills
from runs.driving.host import open_host
from runs.driving.sharing import COME_WITHIN
from runs.driving.sweep import sweep_runs
from runs.driving.tuning import tune_process
from runs.models import Run
from runs.shapes import RunStatus
from smartspawn.heartbeat import is_stopping

# While it drives a run, a worker looks for others that wait, as far as it has room.
LOOK_EVERY_S: Final = 0.5


def drive_run(run_id: str) -> str:
    """Drive the run that rang, and others that wait meanwhile; one that is driven already is left alone."""
    tune_process()
    return uvloop.run(_drive(UUID(run_id)))


def help_run(run_id: str, share: int, rung_at: str) -> str:
    """Help with a large run, if the ring is fresh: after a while its driver does without us."""
    if timezone.now() - datetime.fromisoformat(rung_at) > COME_WITHIN:
        return "too late"
    tune_process()
    return uvloop.run(_help(UUID(run_id), share))


def sweep() -> str:
    """Look for runs that nobody drives, and ask for bills; the schedule rings this each minute."""
    swept, bills = sweep_runs(), ask_for_bills()
    told = f"{swept.rung} rung again, {swept.given_up} given up, {swept.uncertain_calls} calls uncertain"
    return f"{told}, {bills} bills booked"


async def _help(run_id: UUID, share: int) -> str:
    async with open_host("helper") as host:
        helping = {asyncio.create_task(host.help(run_id, share))}
        while helping:
            done, helping = await _watch(helping)
        return "helped" if any(task.result() for task in done) else "nothing to do"


async def _drive(run_id: UUID) -> str:
    async with open_host("worker") as host:
        driving, done = {asyncio.create_task(host.drive_or_ring(run_id))}, set[asyncio.Task[bool]]()
        until_s = time.monotonic() + settings.RUN_TIMEOUT_SECONDS  # each takes as long at most: the task's timeout
        while driving:
            ended, driving = await _watch(driving)
            done |= ended
            if driving and host.has_room and time.monotonic() < until_s and not is_stopping():
                waiting = await host.ask(lambda: _waiting(settings.MAX_PARALLEL_RUNS - host.count))
                driving |= {asyncio.create_task(host.drive_or_ring(other)) for other in waiting}
        driven_count = sum(task.result() for task in done)  # raises what went wrong, now that the others are done
    return f"{driven_count} driven" if driven_count else "not to be driven, or driven by another"


async def _watch(tasks: set[asyncio.Task[bool]]) -> tuple[set[asyncio.Task[bool]], set[asyncio.Task[bool]]]:
    """The tasks that have ended and those that have not; when the queue is being stopped, all are to hand over."""
    ended, going_on = await asyncio.wait(tasks, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
    if going_on and is_stopping():
        for task in going_on:
            task.cancel()
        await asyncio.wait(going_on)
        return ended | going_on, set()
    return ended, going_on


def _waiting(most: int) -> list[UUID]:
    """Runs that were rung for and that nobody has taken."""
    waiting = Run.objects.filter(status=RunStatus.QUEUED, lease_until=None, rung_at__lte=timezone.now())
    return list(waiting.order_by("created_at").values_list("pk", flat=True)[:most])
