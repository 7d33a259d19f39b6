"""Write the schedules into the queue's table: what runs by itself, and how often."""

from __future__ import annotations

from typing import Any, Final

from django.core.management.base import BaseCommand
from django_q.models import Schedule

# name -> (function, its one argument, minutes). Whether a source is due is decided by its own interval.
SCHEDULES: Final = {
    "catalog-refresh": ("catalog.tasks.refresh_due_sources", "", 10),
    "storage-prune": ("smartspawn.storage.tasks.prune_all", "", 24 * 60),
    "connections-lists": ("runs.connections.probe.refresh_listings", "", 24 * 60),
    "runs-sweep": ("runs.tasks.sweep", "", 1),
    "alerts-deliver": ("runs.alerting.tasks.deliver_alerts", "", 1),  # what a crash or a receiver left over
    "feedback-log": ("feedback.tasks.log_runs", "", 10),
    "feedback-scores": ("feedback.tasks.refresh_scores", "", 24 * 60),
    "prices-check": ("feedback.tasks.check_prices", "", 24 * 60),
    "community-share": ("feedback.community.tasks.share_ratings", "", 30),  # nobody waits; the hour tells less
    "community-scores": ("feedback.community.tasks.refresh_scores", "", 24 * 60),
}


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *_args: Any, **_options: Any) -> None:
        for name, (function, argument, minutes) in SCHEDULES.items():
            Schedule.objects.update_or_create(
                name=name,
                defaults={
                    "func": function,
                    "args": repr((argument,)) if argument else None,
                    "schedule_type": Schedule.MINUTES,
                    "minutes": minutes,
                    "repeats": -1,
                },
            )
        Schedule.objects.exclude(name__in=SCHEDULES).filter(
            func__regex=r"^(catalog|routing|runs|feedback|smartspawn)\."
        ).delete()
