"""Sessions: the model that a task keeps while it lasts, and the tier that related tasks inherit."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from routing.models import RouteSession
from smartspawn.access.shapes import Actor

# A lock that nobody asked for in so long belongs to a task that is over.
SESSION_LIFE: Final = timedelta(days=30)
OPEN_SCOPE: Final = "open"
OPEN_KEPT: Final = 20_000
_PRUNE_EVERY: Final = 500
_NOTED_EVERY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lock:
    """What a session is locked to."""

    tier: str
    driver: str
    model_id: str
    decision_id: str
    task_sha256: str
    is_overridden: bool = False
    version: int = 0


def session_scope(actor: Actor) -> str:
    """Whose session ids these are: a person's keys share theirs, and so does everybody without a name."""
    return f"user:{actor.user_id}" if actor.user_id is not None else OPEN_SCOPE


def find_lock(scope: str, session_id: str) -> Lock | None:
    """What the session is locked to, or None for one that is new or long over."""
    row = RouteSession.objects.filter(scope=scope, session_id=session_id).first()
    if row is None or row.used_at < timezone.now() - SESSION_LIFE:
        return None
    return Lock(
        tier=row.tier,
        driver=row.driver,
        model_id=row.model_id,
        decision_id=str(row.decision_id or ""),
        task_sha256=row.task_sha256,
        is_overridden=row.is_overridden,
        version=row.version,
    )


def touch(scope: str, session_id: str) -> None:
    """Note that the session is in use."""
    now = timezone.now()
    RouteSession.objects.filter(scope=scope, session_id=session_id, used_at__lt=now - _NOTED_EVERY).update(used_at=now)


def take_lock(*, scope: str, session_id: str, seen: Lock | None, make: Callable[[], Lock]) -> Lock | None:
    """Lock the session to what ``make`` decides, unless somebody else changed it since ``seen``.

    Returns None in that case, and nothing is written: the caller looks again. ``make`` runs inside the
    transaction and may write.
    """
    with transaction.atomic():
        row = RouteSession.objects.select_for_update().filter(scope=scope, session_id=session_id).first()
        if row is None:
            now = timezone.now()
            row, is_ours = RouteSession.objects.get_or_create(
                scope=scope,
                session_id=session_id,
                defaults={"created_at": now, "used_at": now},
            )
            if not is_ours:
                return None
        elif not _is_as_seen(row, seen):
            return None
        if row.pk % _PRUNE_EVERY == 0:
            _prune()
        lock = make()
        row.task_sha256, row.tier, row.driver, row.model_id = lock.task_sha256, lock.tier, lock.driver, lock.model_id
        row.decision_id = uuid.UUID(lock.decision_id)
        row.is_overridden = lock.is_overridden
        row.version += 1
        row.used_at = timezone.now()
        row.save()
    return lock


def _prune() -> None:
    """Drop what is over; of sessions without a person, ids that anybody may send, keep the newest alone."""
    RouteSession.objects.filter(used_at__lt=timezone.now() - SESSION_LIFE).delete()
    nobodys = RouteSession.objects.filter(scope=OPEN_SCOPE).order_by("-used_at")
    oldest_kept = nobodys.values_list("used_at", flat=True)[OPEN_KEPT : OPEN_KEPT + 1].first()
    if oldest_kept is not None:
        nobodys.filter(used_at__lte=oldest_kept).delete()


def _is_as_seen(row: RouteSession, seen: Lock | None) -> bool:
    if seen is None:
        return row.used_at < timezone.now() - SESSION_LIFE
    return row.version == seen.version


def override_locks(decision_id: str, *, driver: str, model_id: str) -> int:
    """Lock every session of this decision to what a person chose instead; how many there were."""
    rows = RouteSession.objects.filter(decision_id=uuid.UUID(decision_id))
    count = 0
    for row in rows:
        row.driver, row.model_id, row.is_overridden = driver or row.driver, model_id, True
        row.version += 1
        row.save()
        count += 1
    return count
