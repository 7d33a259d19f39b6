"""The first page: how fresh the catalogue is, what moved, and which models lead at which price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog import queries
from catalog.queries import CatalogFilter, ChangeSet, DatedDifference
from catalog.rules import BUDGET_RANGES_USD_PER_MTOK
from catalog.shapes import Budget, Category, CategoryScore, DifferenceKind, Entry, Snapshot, Source
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role

SHOWN_CHANGES: Final = 6
SHOWN_BUDGETS: Final = (Budget.LOW, Budget.MEDIUM, Budget.HIGH)
# Prices move within days; a catalogue older than this should not be chosen from without a look.
OLD_AFTER: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Leader:
    """The best measured candidate of a category within a budget."""

    entry: Entry
    score: CategoryScore


@dataclass(frozen=True, slots=True)
class LeaderRow:
    """A category's leaders, one per budget; None where nothing fits."""

    category: Category
    leaders: tuple[Leader | None, ...]


@requires_role(Role.VIEWER)
@require_safe
def overview(request: ActorRequest) -> HttpResponse:
    """Where a visit starts."""
    snapshot = queries.find_current_snapshot()
    if snapshot is None:
        return TemplateResponse(request, "catalog/overview_empty.html", {"latest": queries.latest_refresh()})
    sources = queries.list_sources()
    catalogue_at = next((item.data_fetched_at for item in sources if item.info.key is Source.OPENROUTER), None)
    change_set = next(iter(queries.list_change_sets(limit=1)), None)
    context = {
        "snapshot": snapshot,
        "is_old": catalogue_at is None or timezone.now() - catalogue_at > OLD_AFTER,
        "catalogue_at": catalogue_at,
        "sources": sources,
        "change_set": change_set,
        "changes": _telling_changes(change_set),
        "budgets": [(budget, *BUDGET_RANGES_USD_PER_MTOK[budget]) for budget in SHOWN_BUDGETS],
        "leader_rows": leader_rows(snapshot),
    }
    return TemplateResponse(request, "catalog/overview.html", context)


def _telling_changes(change_set: ChangeSet | None) -> tuple[DatedDifference, ...]:
    """A few of the latest differences, of the kind that tells a reader most."""
    kind = next((kind for kind in DifferenceKind if change_set and change_set.counts.get(kind)), None)
    if change_set is None or kind is None:
        return ()
    return queries.list_changes(revision=change_set.revision, kind=kind, limit=SHOWN_CHANGES).items


def leader_rows(snapshot: Snapshot) -> list[LeaderRow]:
    """For each category the best model within each budget."""
    return [
        LeaderRow(category=category, leaders=tuple(_leader(snapshot, category, budget) for budget in SHOWN_BUDGETS))
        for category in Category
    ]


def _leader(snapshot: Snapshot, category: Category, budget: Budget) -> Leader | None:
    low, high = BUDGET_RANGES_USD_PER_MTOK[budget]
    fitting = [
        entry
        for entry in snapshot.entries
        if entry.is_candidate
        and category in entry.scores
        and category in entry.categories
        and (price := entry.facts.pricing.prompt_usd_per_mtok) is not None
        and low <= price
        and (high is None or price <= high)
    ]
    # Nothing is best that nobody measured, unless nothing here was.
    measured = [entry for entry in fitting if entry.scores[category].coverage_share > 0]
    ranked = queries.rank(measured or fitting, CatalogFilter(sort_category=category))
    return Leader(entry=ranked[0], score=ranked[0].scores[category]) if ranked else None
