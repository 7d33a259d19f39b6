"""How long old snapshots can be opened: their rows and differences stay, their bodies go."""

from __future__ import annotations

from typing import Final

from django.db.models.functions import Length, TruncMonth

from catalog.models import StoredSnapshot

# A month of refreshes every six hours, so that recent decisions can be replayed.
KEPT_NEWEST: Final = 120


def prune_snapshots(*, kept_newest: int = KEPT_NEWEST) -> int:
    """Drop the bodies of old snapshots but the first of each month; how many were dropped."""
    kept = set(StoredSnapshot.objects.order_by("-revision").values_list("revision", flat=True)[:kept_newest])
    seen_months = set()
    dropped = []
    old = (
        StoredSnapshot.objects.annotate(month=TruncMonth("published_at"), size=Length("body_compressed"))
        .order_by("revision")
        .values_list("revision", "month", "size")
    )
    for revision, month, size in old:
        is_first = month not in seen_months
        seen_months.add(month)
        if size and not is_first and revision not in kept:
            dropped.append(revision)
    StoredSnapshot.objects.filter(revision__in=dropped).update(body_compressed=b"")
    return len(dropped)
