"""The queue's sign of life: a beat goes the way of every task, so a cluster that beats does work.

A killed idle worker can leave the lock of the cluster's internal queue held for ever: every process lives, tasks
are taken in and none is executed. Only a task that comes through proves the opposite.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.humanhash import uuid
from django_q.signals import post_execute_in_worker, pre_execute
from django_q.signing import SignedPackage

from smartspawn.models import Heartbeat
from smartspawn.processes import is_running

BEAT_EVERY_S = 3.0
# Three beats: a busy machine may be late, and a beat waits behind the tasks that were taken in before it.
FLOWING_WITHIN_S = 9.0
FORGET_AFTER = timedelta(days=1)
BEAT_FUNCTION = "smartspawn.heartbeat.beat"
BEAT_ACK_ID = -1  # no row has it: there is nothing to delete when the beat is done
QUEUE_NAME_PREFIX = "queue@"
BEATS_DIR_VARIABLE = "SMARTSPAWN_BEATS_DIR"

SignedTask = tuple[int, str]


class BeatingBroker(ORM):  # type: ignore[misc]  # django-q2 ships no types
    """django-q2's database broker, which puts a beat among the tasks every few seconds."""

    _next_beat_at = 0.0

    def dequeue(self) -> list[SignedTask] | None:
        """Return the next tasks, or None after having waited for some."""
        now = time.monotonic()
        if now >= self._next_beat_at:
            self._next_beat_at = now + BEAT_EVERY_S
            return [(BEAT_ACK_ID, _signed_beat())]
        tasks: list[SignedTask] | None = super().dequeue()
        return tasks

    def acknowledge(self, task_id: int) -> None:
        """Forget a task that is done."""
        if task_id != BEAT_ACK_ID:
            super().acknowledge(task_id)


def _signed_beat() -> str:
    tag = uuid()
    beat_task = {
        "id": tag[1],
        "name": tag[0],
        "func": BEAT_FUNCTION,
        "args": (),
        "kwargs": {},
        "started": timezone.now(),
        "save": False,
        "ack_failure": True,
    }
    signed: str = SignedPackage.dumps(beat_task)
    return signed


def beats_dir() -> Path | None:
    """Where this cluster's processes leave their signs; None where nobody watches."""
    folder = os.environ.get(BEATS_DIR_VARIABLE)
    return Path(folder) if folder else None


def announce_stop(folder: Path) -> None:
    """Tell the workers that the cluster is being stopped: what can be left half done is to be left now."""
    (folder / "stopping").touch()


def is_stopping() -> bool:
    """Whether this worker's cluster is being stopped."""
    folder = beats_dir()
    return folder is not None and (folder / "stopping").exists()


def beat() -> None:
    """The task itself: leave a sign that a worker executed it."""
    folder = beats_dir()
    if folder:
        (folder / "beat").touch()


# --- workers that are at work -----------------------------------------------------------------


def mark_busy_workers() -> None:
    """Have each worker leave a file while it executes a task, so that a long one is not taken for a stall."""
    pre_execute.connect(_mark_busy, dispatch_uid="smartspawn.heartbeat.busy")
    post_execute_in_worker.connect(_mark_idle, dispatch_uid="smartspawn.heartbeat.idle")


def _mark_busy(task: dict[str, Any], **_signal: object) -> None:
    folder = beats_dir()
    if folder and task["func"] != BEAT_FUNCTION:
        (folder / f"busy.{os.getpid()}").touch()


def _mark_idle(**_signal: object) -> None:
    folder = beats_dir()
    if folder:
        (folder / f"busy.{os.getpid()}").unlink(missing_ok=True)


def is_flowing(folder: Path, now: float) -> bool:
    """Whether tasks come through: a beat did lately, or a worker that lives is at work."""
    try:
        if now - (folder / "beat").stat().st_mtime < FLOWING_WITHIN_S:
            return True
    except FileNotFoundError:
        pass
    return any(is_running(int(path.suffix[1:])) for path in folder.glob("busy.*"))


# --- what others see --------------------------------------------------------------------------


def record_heartbeat(name: str) -> None:
    """Write down that ``name`` was seen alive now, and forget those that have long gone."""
    now = timezone.now()
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": now})
    Heartbeat.objects.filter(beat_at__lt=now - FORGET_AFTER).delete()


def release_taken_tasks() -> int:
    """Give back the tasks that a cluster which is gone had taken, and return how many.

    Right only where no other cluster serves this queue; else they come back by themselves after ``retry``.
    """
    from django_q.models import OrmQ

    now = timezone.now()
    return int(OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__gt=now).update(lock=now))
