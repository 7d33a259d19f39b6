"""What the page of storage shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from smartspawn.lib.keeping import Keeping
from smartspawn.models import Pruning
from smartspawn.storage.measuring import Room, TableSize, measure_room, measure_tables
from smartspawn.storage.pruning import all_keepings


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of thing with its size, and when it was last pruned."""

    keeping: Keeping
    row_count: int | None  # None: it lies in the tables of another kind
    byte_count: int | None
    pruned_at: datetime | None
    gone_count: int  # the last time
    total_gone_count: int


@dataclass(frozen=True, slots=True)
class StorageReport:
    """All that is kept, and the room that there is."""

    kept: tuple[Kept, ...]
    room: Room


def report_storage() -> StorageReport:
    """All that is kept, the largest first within what goes and what stays; asks for a size once a table."""
    keepings = all_keepings()
    sizes = measure_tables({table for keeping in keepings for table in keeping.tables})
    prunings = {row.key: row for row in Pruning.objects.all()}
    kept = [_kept(keeping, sizes, prunings.get(keeping.key)) for keeping in keepings]
    ordered = sorted(kept, key=lambda one: (not one.keeping.is_prunable, -(one.byte_count or 0)))
    return StorageReport(tuple(ordered), measure_room())


def _kept(keeping: Keeping, sizes: Mapping[str, TableSize], pruning: Pruning | None) -> Kept:
    found = [sizes[table] for table in keeping.tables if table in sizes]
    known = [size.byte_count for size in found if size.byte_count is not None]
    return Kept(
        keeping=keeping,
        row_count=sum(size.row_count for size in found) if found else None,
        byte_count=sum(known) if known else None,
        pruned_at=pruning.at if pruning else None,
        gone_count=pruning.gone_count if pruning else 0,
        total_gone_count=pruning.total_gone_count if pruning else 0,
    )
