"""What the queue runs for feedback, by schedule."""

from __future__ import annotations

from feedback.log import sync_runs
from feedback.teach import relearn_everybody


def log_runs() -> str:
    """Write what our own runs brought into the log."""
    return f"{sync_runs()} nodes"


def refresh_scores() -> str:
    """Let ratings grow old: work out what is known of everybody anew."""
    return f"{relearn_everybody()} people"
