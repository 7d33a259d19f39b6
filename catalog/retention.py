"""How long old snapshots can be opened: their rows and differences stay, their bodies go.

The newest stay whole, and the first of each month. What a decision still rests on stays as far as choosing
looks at it, so that the decision can be made again; of the others nothing stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Length, TruncMonth

from catalog.codec import pack_snapshot, unpack_snapshot
from catalog.models import StoredPayload, StoredSnapshot
from catalog.thinning import thin_snapshot
from smartspawn.lib.keeping import Keeping

# A month of refreshes every six hours.
KEPT_NEWEST: Final = 120


def keepings() -> tuple[Keeping, ...]:
    """What the catalogue keeps of what sources sent; its snapshots go by the decisions that rest on them."""
    return (
        Keeping(
            key="held-back",
            title="Answers held back",
            words="What a source sent that was not believed, for an admin to look at.",
            tables=(),
            setting="HELD_BACK_KEPT_DAYS",
            kept_days=settings.HELD_BACK_KEPT_DAYS,
            count_due=lambda now: _due_held_back(now).count(),
            prune=lambda now: _due_held_back(now).delete()[0],  # one answer a source
        ),
        Keeping(
            key="payloads",
            title="Answers of sources",
            words="What each source sent: the one in use, and thirty before it.",
            tables=("catalog_storedpayload",),
        ),
    )


def _due_held_back(now: datetime) -> QuerySet[StoredPayload]:
    days = settings.HELD_BACK_KEPT_DAYS
    if not days:
        return StoredPayload.objects.none()
    return StoredPayload.objects.filter(is_held_back=True, fetched_at__lt=now - timedelta(days=days))


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many bodies were thinned, and how many were dropped."""

    thinned_count: int
    emptied_count: int


def prune_snapshots(
    *, is_needed: Callable[[int], bool], benchmarks: Collection[str], kept_newest: int = KEPT_NEWEST
) -> Pruned:
    """Thin the old snapshots that are needed, to these benchmarks, and empty the others but the first of each month.

    ``is_needed`` says of a revision whether a decision rests on it; it is asked about old ones alone.
    """
    old = _old_revisions(kept_newest)
    needed = [(revision, is_thinned) for revision, is_thinned in old if is_needed(revision)]
    to_thin = [revision for revision, is_thinned in needed if not is_thinned]
    for revision in to_thin:
        _thin(revision, benchmarks)
    kept = {revision for revision, _ in needed}
    to_empty = [revision for revision, _ in old if revision not in kept]
    StoredSnapshot.objects.filter(revision__in=to_empty).update(body_compressed=b"", is_thinned=False)
    return Pruned(len(to_thin), len(to_empty))


def _old_revisions(kept_newest: int) -> list[tuple[int, bool]]:
    """Those with a body that are neither among the newest nor the first of their month, and whether they are thin."""
    newest = set(StoredSnapshot.objects.order_by("-revision").values_list("revision", flat=True)[:kept_newest])
    rows = (
        StoredSnapshot.objects.annotate(month=TruncMonth("published_at"), size=Length("body_compressed"))
        .order_by("revision")
        .values_list("revision", "month", "size", "is_thinned")
    )
    seen_months = set()
    old = []
    for revision, month, size, is_thinned in rows:
        is_first = month not in seen_months
        seen_months.add(month)
        if size and not is_first and revision not in newest:
            old.append((revision, is_thinned))
    return old


def _thin(revision: int, benchmarks: Collection[str]) -> None:
    stored = StoredSnapshot.objects.get(revision=revision)
    body = pack_snapshot(thin_snapshot(unpack_snapshot(bytes(stored.body_compressed)), benchmarks))
    StoredSnapshot.objects.filter(revision=revision).update(body_compressed=body, is_thinned=True)
