"""How long decisions are kept, and with them the snapshots that they rest on."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from catalog.retention import Pruned, prune_snapshots
from routing.context import SIGNAL_BENCHMARKS
from routing.models import StoredDecision

# So many rows go in one transaction: nobody waits for the database much longer than for one write.
_BATCH: Final = 500


def prune_decisions(*, kept_days: int, kept_most: int) -> int:
    """Drop the decisions past their time and beyond the most that are kept; how many went.

    One that a person overrode stays as long as that word, which later training learns from.
    """
    limit = timezone.now() - timedelta(days=kept_days)
    surplus = StoredDecision.objects.order_by("-made_at").values_list("made_at", flat=True)[kept_most : kept_most + 1]
    for made_at in surplus:
        limit = max(limit, made_at + timedelta(microseconds=1))  # that one goes, too
    gone_count = 0
    while ids := _some_before(limit):
        StoredDecision.objects.filter(pk__in=ids).only("pk").delete()
        gone_count += len(ids)
    return gone_count


def prune_unneeded_snapshots() -> Pruned:
    """Thin or empty the old snapshots, by whether a decision that is kept rests on them."""
    return prune_snapshots(is_needed=_is_needed, benchmarks=SIGNAL_BENCHMARKS)


def _is_needed(revision: int) -> bool:
    return StoredDecision.objects.filter(catalog_revision=revision).exists()


def _some_before(limit: datetime) -> list[uuid.UUID]:
    old = StoredDecision.objects.filter(made_at__lt=limit, overrides=None)
    return list(old.order_by("made_at").values_list("pk", flat=True)[:_BATCH])
