"""The doorbell: tells a worker that a run waits. The run's row is the truth; a lost ring costs only time."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from runs.models import Run
from runs.shapes import RunStatus


def ring(run_id: UUID) -> None:
    """Put the run's doorbell into the queue, within the caller's transaction: both or neither."""
    Run.objects.filter(pk=run_id).update(rung_at=timezone.now())
    async_task("runs.tasks.drive_run", str(run_id), group="runs")


def ring_if_free(run_id: UUID) -> None:
    """Ring for a run that has not ended and whose driver let go of it; one that was never begun has its ring."""
    let_go = Run.objects.filter(pk=run_id, status=RunStatus.RUNNING, lease_until__lte=timezone.now())
    with transaction.atomic():
        if let_go.exists():
            ring(run_id)
