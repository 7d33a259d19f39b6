"""How long decisions are kept, with their texts, and with them the snapshots that they rest on."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from catalog.retention import Pruned, prune_snapshots
from routing.context import SIGNAL_BENCHMARKS
from routing.models import StoredDecision
from smartspawn.lib.keeping import Keeping

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


def keepings() -> tuple[Keeping, ...]:
    """What routing keeps, and of the catalogue what decisions rest on."""
    return (
        Keeping(
            key="decision-texts",
            title="Texts of decisions",
            words="The tasks that models were chosen for. The decision stays and can be made again without; so does "
            "the text of one that a person overrode.",
            tables=(),
            setting="DECISION_TEXTS_KEPT_DAYS",
            kept_days=settings.DECISION_TEXTS_KEPT_DAYS,
            count_due=lambda now: _due_texts(now).count(),
            prune=prune_texts,
        ),
        Keeping(
            key="decisions",
            title="Decisions",
            words=f"With what each was made from; at most {settings.DECISIONS_KEPT_MOST:,}. Overridden ones stay.",
            tables=("routing_storeddecision", "routing_chosenmodel", "routing_exploredpick"),
            setting="DECISIONS_KEPT_DAYS",
            kept_days=settings.DECISIONS_KEPT_DAYS,
            count_due=lambda now: _old(now - timedelta(days=settings.DECISIONS_KEPT_DAYS)).count(),
            prune=lambda _now: prune_decisions(
                kept_days=settings.DECISIONS_KEPT_DAYS, kept_most=settings.DECISIONS_KEPT_MOST
            ),
        ),
        Keeping(
            key="corrections",
            title="What people said of labels and choices",
            words="Tasks with the labels that people set, until they take it back, and overrides: for later training.",
            tables=("routing_correction", "routing_decisionoverride"),
        ),
        Keeping(
            key="snapshots",
            title="Catalogue snapshots",
            words="The newest 120, the first of each month, and thinned those that a kept decision rests on.",
            tables=("catalog_storedsnapshot",),
            prune=lambda _now: _count(prune_unneeded_snapshots()),
        ),
    )


def prune_texts(now: datetime) -> int:
    """Empty the texts of old decisions, a batch at a time; how many."""
    gone_count = 0
    while ids := list(_due_texts(now).order_by("made_at").values_list("pk", flat=True)[:_BATCH]):
        gone_count += StoredDecision.objects.filter(pk__in=ids).update(task="")
    return gone_count


def prune_unneeded_snapshots() -> Pruned:
    """Thin or empty the old snapshots, by whether a decision that is kept rests on them."""
    return prune_snapshots(is_needed=_is_needed, benchmarks=SIGNAL_BENCHMARKS)


def _is_needed(revision: int) -> bool:
    return StoredDecision.objects.filter(catalog_revision=revision).exists()


def _some_before(limit: datetime) -> list[uuid.UUID]:
    return list(_old(limit).order_by("made_at").values_list("pk", flat=True)[:_BATCH])


def _old(limit: datetime) -> QuerySet[StoredDecision]:
    return StoredDecision.objects.filter(made_at__lt=limit, overrides=None)


def _due_texts(now: datetime) -> QuerySet[StoredDecision]:
    days = settings.DECISION_TEXTS_KEPT_DAYS
    if not days:
        return StoredDecision.objects.none()
    return _old(now - timedelta(days=days)).exclude(task="")


def _count(pruned: Pruned) -> int:
    return pruned.thinned_count + pruned.emptied_count
