"""What the queue runs. A task only rings: which refresh waits, and how far it is, stands in its row."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from catalog.corrections import current_corrections, fingerprint
from catalog.models import RefreshRun
from catalog.refresh import (
    ALL_SOURCES,
    execute_refresh,
    rebuild_catalog,
    release_lost_runs,
    request_refresh,
)
from catalog.shapes import Source
from catalog.source_states import is_on, state_of
from catalog.sources import find_source
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, SourceFault

logger = logging.getLogger(__name__)

SCHEDULER: Final = Actor(label="schedule")
# After a failed try a source is asked again sooner than its interval, but not at every tick.
RETRY_AFTER: Final = timedelta(minutes=30)


def start_refresh(*, actor: Actor, trigger: str, only: Sequence[Source] = ()) -> RefreshRun:
    """Ask for a refresh and ring for a worker, both or neither. Raises Conflict while one is active."""
    with transaction.atomic():
        run = request_refresh(actor=actor, trigger=trigger, only=only)
        ring_refresh(run.pk)
    return run


def ring_refresh(run_id: int) -> None:
    """Put the run's doorbell into the queue."""
    async_task("catalog.tasks.answer_refresh", run_id, group="catalog")


def answer_refresh(run_id: int) -> str:
    """Do the refresh that rang; one that is done or taken already is left alone."""
    try:
        outcome = execute_refresh(run_id=run_id)
    except Conflict as refusal:
        return refusal.message
    except SourceFault as fault:
        return f"failed: {fault.message}"  # the run's row and the source states carry it too
    return f"revision {outcome.revision}, {outcome.difference_count} differences"


def refresh_due_sources() -> str:
    """Refresh the sources whose time has come; the schedule rings this every few minutes."""
    release_lost_runs()
    _ring_again()
    _count_forgotten_corrections()
    due = [source for source in ALL_SOURCES if _is_due(source)] if settings.AUTO_REFRESH else []
    if not due:
        return "nothing is due"
    try:
        run = request_refresh(actor=SCHEDULER, trigger="schedule", only=due)
    except Conflict as refusal:
        return refusal.message
    return answer_refresh(run.pk)


def rebuild_soon(*, actor: Actor, trigger: str) -> None:
    """Have the snapshot built again from the data held, as soon as a worker is free.

    Corrections come in bursts, so a rebuild that began after this word was stored counts for it too.
    """
    asked_at = timezone.now().isoformat()
    async_task("catalog.tasks.answer_rebuild", asked_at, trigger, actor.label, group="catalog")


def answer_rebuild(asked_at: str, trigger: str, actor_label: str) -> str:
    """Do the rebuild that rang, unless a later run has counted the correction already."""
    since = datetime.fromisoformat(asked_at)
    if RefreshRun.objects.filter(started_at__gte=since, state=RefreshRun.State.DONE).exists():
        return "counted already"
    try:
        outcome = rebuild_catalog(actor=Actor(label=actor_label), trigger=trigger)
    except Conflict:
        return "left to the refresh that is running: it looks for corrections when it ends"
    except SourceFault as fault:
        return f"failed: {fault.message}"  # the run's row carries it too
    return f"revision {outcome.revision}"


def _ring_again() -> None:
    """Ring once more for a run whose doorbell was lost; a second ring does no harm."""
    overdue = timezone.now() - timedelta(minutes=2)
    waiting = RefreshRun.objects.filter(state=RefreshRun.State.QUEUED, queued_at__lt=overdue)
    for run_id in waiting.values_list("pk", flat=True):
        ring_refresh(run_id)


def _count_forgotten_corrections() -> None:
    """A correction made while a refresh ran is counted at its end; if it never got there, it is counted now."""
    last = RefreshRun.objects.filter(state=RefreshRun.State.DONE).order_by("-pk").first()
    if last is not None and last.corrections_sha256 != fingerprint(current_corrections()):
        rebuild_soon(actor=SCHEDULER, trigger="corrections that no refresh had counted")


def _is_due(source: Source) -> bool:
    if not is_on(source):
        return False
    state, interval = state_of(source), timedelta(minutes=find_source(source).INFO.refresh_minutes)
    now = timezone.now()
    is_fresh = state.data_fetched_at is not None and now - state.data_fetched_at < interval
    is_just_tried = state.last_attempt_at is not None and now - state.last_attempt_at < RETRY_AFTER
    return not is_fresh and not is_just_tried
