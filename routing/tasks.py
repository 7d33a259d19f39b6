"""What the queue runs for routing."""

from __future__ import annotations

from django.conf import settings

from routing.retention import prune_decisions, prune_unneeded_snapshots


def tidy_decisions() -> str:
    """Drop decisions past their time, then what of old snapshots only they needed; rung once a day."""
    gone_count = prune_decisions(kept_days=settings.DECISIONS_KEPT_DAYS, kept_most=settings.DECISIONS_KEPT_MOST)
    pruned = prune_unneeded_snapshots()
    return (
        f"{gone_count} decisions dropped, {pruned.thinned_count} snapshots thinned, "
        f"{pruned.emptied_count} snapshots emptied"
    )
