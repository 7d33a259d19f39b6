"""How long reports are kept that nobody in particular sent: they count for nobody, and are there to be looked at."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from feedback.models import Rating, Spawn
from smartspawn.lib.keeping import BATCH_ROWS, Keeping


def keepings() -> tuple[Keeping, ...]:
    """What feedback keeps."""
    return (
        Keeping(
            key="unnamed-reports",
            title="Reports without a name",
            words="Work and ratings that clients without a key reported. Those of people stay.",
            tables=("feedback_spawn", "feedback_rating"),
            setting="UNNAMED_REPORTS_KEPT_DAYS",
            kept_days=settings.UNNAMED_REPORTS_KEPT_DAYS,
            count_due=lambda now: sum(rows.count() for rows in _due(now)),
            prune=prune_unnamed,
        ),
    )


def prune_unnamed(now: datetime) -> int:
    """Drop the reports of nobody in particular that are too old, a batch at a time; how many."""
    gone_count = 0
    for rows in _due(now):
        while ids := list(rows.values_list("pk", flat=True)[:BATCH_ROWS]):
            gone_count += len(ids)
            rows.model._default_manager.filter(pk__in=ids).delete()  # noqa: SLF001 - Django's documented interface
    return gone_count


def _due(now: datetime) -> tuple[QuerySet[Rating] | QuerySet[Spawn], ...]:
    if not settings.UNNAMED_REPORTS_KEPT_DAYS:
        return ()
    before = now - timedelta(days=settings.UNNAMED_REPORTS_KEPT_DAYS)
    return (
        Rating.objects.filter(user=None, at__lt=before),
        Spawn.objects.filter(user=None, is_estimate=True, at__lt=before),
    )
