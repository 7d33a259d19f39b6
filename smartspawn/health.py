"""Two questions a machine may ask: does the process live (``/healthz``), and can the site do its work (``/readyz``)."""

from __future__ import annotations

import logging
import shutil
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error as DatabaseFault
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_q.models import OrmQ

from catalog.queries import catalog_revision, list_sources
from catalog.shapes import Source
from runs.connections import unreadable_keys
from smartspawn.access.gates import for_everybody
from smartspawn.heartbeat import QUEUE_NAME_PREFIX, record_heartbeat
from smartspawn.models import Heartbeat

LOG = logging.getLogger(__name__)

# Probes come from several places at once; the database is asked for all of them together.
KEPT_S = 2.0
# A worker writes its heartbeat every five seconds; the supervisor restarts a stalled one within twenty.
HEARTBEAT_MAX_AGE = timedelta(seconds=30)
# Longer than any task that may stand before another (a refresh with retries takes a few minutes).
WAITING_MAX_AGE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    is_ok: bool
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What all checks found, and when."""

    is_ready: bool
    checks: dict[str, Finding]
    checked_at: datetime


def check_database(now: datetime) -> Finding:
    """Whether a row can be written and read back."""
    started = time.perf_counter()
    name = f"web@{socket.gethostname()}"
    record_heartbeat(name)
    beat_at = Heartbeat.objects.get(name=name).beat_at
    return Finding(beat_at >= now, {"roundtrip_ms": round((time.perf_counter() - started) * 1000, 1)})


def check_queue(now: datetime) -> Finding:
    """Whether a worker gives signs of life and no task waits too long."""
    queues = Heartbeat.objects.filter(name__startswith=QUEUE_NAME_PREFIX)
    beat_at = queues.order_by("-beat_at").values_list("beat_at", flat=True).first()
    # A task that nobody has taken carries the time of its arrival as its lock.
    waiting = OrmQ.objects.filter(lock__lte=now).order_by("lock")
    oldest_at = waiting.values_list("lock", flat=True).first()
    is_alive = beat_at is not None and now - beat_at <= HEARTBEAT_MAX_AGE
    is_moving = oldest_at is None or now - oldest_at <= WAITING_MAX_AGE
    return Finding(
        is_alive and is_moving,
        {
            "heartbeat_age_s": _age_s(now, beat_at),
            "waiting_count": waiting.count(),
            "oldest_waiting_s": _age_s(now, oldest_at),
        },
    )


def check_catalog(now: datetime) -> Finding:
    """Whether there is a snapshot, and one that is not older than READYZ_CATALOG_MAX_AGE_H, where that is set."""
    revision = catalog_revision()
    fetched = [report.data_fetched_at for report in list_sources() if report.info.key == Source.OPENROUTER]
    fetched_at = fetched[0] if fetched else None
    max_age_h = settings.READYZ_CATALOG_MAX_AGE_H
    is_young = not max_age_h or (fetched_at is not None and now - fetched_at <= timedelta(hours=max_age_h))
    return Finding(revision > 0 and is_young, {"revision": revision, "age_s": _age_s(now, fetched_at)})


def check_secrets(_now: datetime) -> Finding:
    """Whether every stored key of a provider can be opened; which cannot stands on the Connections page."""
    unreadable_count = len(unreadable_keys())
    return Finding(unreadable_count == 0, {"unreadable_count": unreadable_count})


def _age_s(now: datetime, then: datetime | None) -> int | None:
    return None if then is None else max(0, int((now - then).total_seconds()))


def check_disk(_now: datetime) -> Finding:
    """Whether there is room to write, as READYZ_DISK_FREE_MB has it."""
    free_mb = shutil.disk_usage(settings.HOME_DIR).free // 1_000_000
    return Finding(free_mb >= settings.READYZ_DISK_FREE_MB, {"free_mb": free_mb})


CHECKS: tuple[tuple[str, Callable[[datetime], Finding]], ...] = (
    ("database", check_database),
    ("queue", check_queue),
    ("catalog", check_catalog),
    ("secrets", check_secrets),
    ("disk", check_disk),
)


def check_readiness(now: datetime) -> Readiness:
    """Every check's finding; one that the database fails says so and does not stop the others."""
    checks = {name: _find(name, check, now) for name, check in CHECKS}
    return Readiness(all(finding.is_ok for finding in checks.values()), checks, now)


def _find(name: str, check: Callable[[datetime], Finding], now: datetime) -> Finding:
    try:
        return check(now)
    except DatabaseFault:
        LOG.exception("readiness check '%s' failed", name)  # the answer is public: no details of the database in it
        return Finding(is_ok=False, facts={"error": "the database does not answer"})


class KeptReadiness:
    """The last readiness, at most two seconds old; while one caller checks, the others get the last one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Readiness | None = None
        self._kept_at = 0.0

    def get(self) -> Readiness:
        """The readiness."""
        kept = self._kept
        if kept and self._clock() - self._kept_at < KEPT_S:
            return kept
        if not self._lock.acquire(blocking=kept is None) and kept:
            return kept
        try:
            if self._kept is None or self._clock() - self._kept_at >= KEPT_S:
                self._kept = check_readiness(timezone.now())
                self._kept_at = self._clock()
            return self._kept
        finally:
            self._lock.release()


_readiness = KeptReadiness()


@for_everybody
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """The process lives; nothing else is looked at."""
    return JsonResponse({"status": "ok"})


@for_everybody
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when the site can do its work, 503 when it cannot, and each check's finding."""
    readiness = _readiness.get()
    payload = {
        "status": "ready" if readiness.is_ready else "not ready",
        "checkedAt": readiness.checked_at.isoformat(),
        "checks": {name: {"ok": finding.is_ok, **finding.facts} for name, finding in readiness.checks.items()},
    }
    return JsonResponse(payload, status=200 if readiness.is_ready else 503)
