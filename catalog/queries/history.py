"""What moved: differences between snapshots, and prices over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Count
from django.db.models.functions import Length

from catalog.models import Change, PriceFact, StoredSnapshot
from catalog.queries.snapshot import Fingerprint, entries_and_fingerprint
from catalog.shapes import Difference, DifferenceKind, Entry

_held_prices: tuple[Fingerprint | None, Mapping[str, tuple[PricePoint, ...]]] | None = None
CHANGES_PER_PAGE: Final = 100
SETS_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """One published snapshot and how many things it moved, by kind."""

    revision: int
    published_at: datetime
    trigger: str
    entry_count: int
    counts: dict[DifferenceKind, int]


@dataclass(frozen=True, slots=True)
class KeptRevision:
    """A snapshot that can still be opened."""

    revision: int
    published_at: datetime
    trigger: str


@dataclass(frozen=True, slots=True)
class DatedDifference:
    revision: int
    published_at: datetime
    difference: Difference


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of differences, newest first; ``next_before`` asks for the next one, None at the end."""

    items: tuple[DatedDifference, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class PricePoint:
    """A model's prices from a moment on."""

    valid_from: datetime
    prompt_usd_per_mtok: Decimal | None
    completion_usd_per_mtok: Decimal | None
    cache_read_usd_per_mtok: Decimal | None
    cache_write_usd_per_mtok: Decimal | None


def list_change_sets(*, limit: int = SETS_SHOWN) -> tuple[ChangeSet, ...]:
    """The newest published snapshots with their counts of differences; two queries."""
    stored = list(StoredSnapshot.objects.order_by("-revision").defer("body_compressed")[:limit])
    counted = (
        Change.objects.filter(snapshot__in=[row.pk for row in stored])
        .values("snapshot_id", "kind")
        .annotate(count=Count("pk"))
    )
    counts: dict[int, dict[DifferenceKind, int]] = {}
    for row in counted:
        counts.setdefault(row["snapshot_id"], {})[DifferenceKind(row["kind"])] = row["count"]
    return tuple(
        ChangeSet(
            revision=row.revision,
            published_at=row.published_at,
            trigger=row.trigger,
            entry_count=row.entry_count,
            counts=counts.get(row.revision, {}),
        )
        for row in stored
    )


def list_kept_revisions(*, limit: int = SETS_SHOWN) -> tuple[KeptRevision, ...]:
    """The newest snapshots that can still be opened; one query."""
    rows = StoredSnapshot.objects.annotate(size=Length("body_compressed")).filter(size__gt=0)
    found = rows.order_by("-revision").values_list("revision", "published_at", "trigger")[:limit]
    return tuple(KeptRevision(*row) for row in found)


def list_changes(
    *,
    revision: int | None = None,
    kind: DifferenceKind | None = None,
    model_id: str = "",
    before: int | None = None,
    limit: int = CHANGES_PER_PAGE,
) -> ChangePage:
    """Differences, newest first, a page at a time; one query whatever the age of the site."""
    rows = Change.objects.select_related("snapshot").defer("snapshot__body_compressed").order_by("-pk")
    if revision is not None:
        rows = rows.filter(snapshot_id=revision)
    if kind is not None:
        rows = rows.filter(kind=kind)
    if model_id:
        rows = rows.filter(model_id=model_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    return ChangePage(
        items=tuple(_dated(row) for row in found[:limit]),
        next_before=found[limit - 1].pk if len(found) > limit else None,
    )


def price_history(model_id: str) -> tuple[PricePoint, ...]:
    """Every price the model was listed at, oldest first."""
    return tuple(map(_point, PriceFact.objects.filter(model_id=model_id).order_by("valid_from")))


def entries_with_prices() -> tuple[Mapping[str, Entry], Mapping[str, tuple[PricePoint, ...]]]:
    """The catalogue in use by model id, and every price that each model was ever listed at, oldest first.

    Both are read once per process and revision; empty on a site that has no catalogue yet.
    """
    global _held_prices  # noqa: PLW0603  prices change with the catalogue alone; swapped whole
    fingerprint, entries = entries_and_fingerprint()
    held = _held_prices
    if held is None or held[0] != fingerprint:
        found: dict[str, list[PricePoint]] = {}
        for row in PriceFact.objects.order_by("model_id", "valid_from"):
            found.setdefault(row.model_id, []).append(_point(row))
        held = _held_prices = (fingerprint, {model_id: tuple(points) for model_id, points in found.items()})
    return entries, held[1]


def _point(row: PriceFact) -> PricePoint:
    return PricePoint(
        valid_from=row.valid_from,
        prompt_usd_per_mtok=row.prompt_usd_per_mtok,
        completion_usd_per_mtok=row.completion_usd_per_mtok,
        cache_read_usd_per_mtok=row.cache_read_usd_per_mtok,
        cache_write_usd_per_mtok=row.cache_write_usd_per_mtok,
    )


def _dated(row: Change) -> DatedDifference:
    return DatedDifference(
        revision=row.snapshot_id,
        published_at=row.snapshot.published_at,
        difference=Difference(
            kind=DifferenceKind(row.kind),
            model_id=row.model_id,
            model_name=row.model_name,
            field=row.field,
            before=row.before,
            after=row.after,
        ),
    )
