"""What the queue runs for feedback, by schedule."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from feedback.log import sync_runs
from feedback.models import Rating, Spawn
from feedback.teach import relearn_everybody

# What nobody in particular reports counts for nobody: it is kept for looking at, not for ever.
UNNAMED_KEPT_FOR: Final = timedelta(days=30)


def log_runs() -> str:
    """Write what our own runs brought into the log."""
    return f"{sync_runs()} nodes"


def refresh_scores() -> str:
    """Let ratings grow old: work out what is known of everybody anew, and drop old reports without a name."""
    before = timezone.now() - UNNAMED_KEPT_FOR
    Rating.objects.filter(user=None, at__lt=before).delete()
    Spawn.objects.filter(user=None, is_estimate=True, at__lt=before).delete()
    return f"{relearn_everybody()} people"
