"""Letting go what is too old, of every kind: by the command, and once a day by the schedule."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

import catalog.retention
import feedback.retention
import routing.retention
import runs.retention
from smartspawn.lib.errors import InvalidParam
from smartspawn.lib.keeping import Keeping
from smartspawn.models import Pruning


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went of one kind, or would go."""

    key: str
    title: str
    count: int | None  # None: it is not known before it is done


def all_keepings() -> tuple[Keeping, ...]:
    """Every kind of thing that is kept; texts before the rows that hold them."""
    return (
        *runs.retention.keepings(),
        *routing.retention.keepings(),
        *feedback.retention.keepings(),
        *catalog.retention.keepings(),
        _sessions(),
        Keeping(key="audit", title="The audit log", words="Who changed what.", tables=("access_auditentry",)),
    )


def prune(*, only: Collection[str] = (), is_dry_run: bool = False, now: datetime | None = None) -> tuple[Pruned, ...]:
    """Let go what is too old of these kinds (none named: of all), and tell how much; a dry run only counts.

    Raises InvalidParam for a kind that is none.
    """
    moment = now or timezone.now()
    prunable = {keeping.key: keeping for keeping in all_keepings() if keeping.is_prunable}
    if unknown := sorted(set(only) - prunable.keys()):
        raise InvalidParam(f"There is nothing called '{unknown[0]}' to prune. There are: {', '.join(prunable)}.")
    wanted = [keeping for key, keeping in prunable.items() if not only or key in only]
    return tuple(_counted(keeping, moment) if is_dry_run else _pruned(keeping, moment) for keeping in wanted)


def _counted(keeping: Keeping, now: datetime) -> Pruned:
    return Pruned(keeping.key, keeping.title, keeping.count_due(now) if keeping.count_due else None)


def _pruned(keeping: Keeping, now: datetime) -> Pruned:
    started = time.perf_counter()
    count = keeping.prune(now) if keeping.prune else 0
    took_ms = round((time.perf_counter() - started) * 1000)
    values = {"at": timezone.now(), "gone_count": count, "duration_ms": took_ms}
    row, is_new = Pruning.objects.get_or_create(key=keeping.key, defaults=values)
    if not is_new:
        Pruning.objects.filter(pk=row.pk).update(**values)
    Pruning.objects.filter(pk=row.pk).update(total_gone_count=F("total_gone_count") + count)
    return Pruned(keeping.key, keeping.title, count)


def _sessions() -> Keeping:
    from django.contrib.sessions.models import Session  # its table is Django's: it is there when apps are

    def due(now: datetime) -> int:
        return Session.objects.filter(expire_date__lt=now).count()

    def clear(now: datetime) -> int:
        count = due(now)
        call_command("clearsessions")
        return count

    return Keeping(
        key="sessions",
        title="Sessions",
        words="Of people who signed in, once they have run out.",
        tables=("django_session",),
        count_due=due,
        prune=clear,
    )
