"""What the queue runs for feedback, by schedule."""

from __future__ import annotations

from feedback.log import sync_runs
from feedback.production.checks import make_check
from feedback.reconciling import check
from feedback.teach import relearn_everybody


def log_runs() -> str:
    """Write what our own runs brought into the log."""
    return f"{sync_runs()} nodes"


def refresh_scores() -> str:
    """Let ratings grow old: work out what is known of everybody anew."""
    return f"{relearn_everybody()} people"


def check_prices() -> str:
    """Compare the catalogue's prices with others' word for them; the schedule rings this once a day."""
    report = check.check_prices()
    return "no catalogue yet" if report is None else f"{len(report.flagged)} prices are off"


def check_classifier(check_id: int) -> str:
    """Evaluate the classifier on what people said, as somebody asked."""
    found = make_check(check_id)
    if found is None:
        return "done already"
    return found.fault or f"{found.result.task_count if found.result else 0} tasks"
