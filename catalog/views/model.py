"""One model: what is known of it, and where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from catalog import queries
from catalog.charts import price_history_figure
from catalog.shapes import (
    BenchmarkStats,
    Category,
    CategoryScore,
    Entry,
    Match,
    Override,
    ScorePart,
    Snapshot,
    SourceRecord,
)
from smartspawn.access.gates import requires_role
from smartspawn.access.shapes import Role

# A page, not a directory: the newest few of the same house are what a reader compares with.
SHOWN_SIBLINGS: Final = 8


@dataclass(frozen=True, slots=True)
class OpenedPart:
    """One benchmark's share in a score, with the population that its z refers to."""

    part: ScorePart
    stats: BenchmarkStats | None

    @property
    def points(self) -> float:
        """What the part adds to the score's distance from 50, before prior and clamping."""
        return 20 * self.part.z * self.part.weight_share


@dataclass(frozen=True, slots=True)
class OpenedScore:
    """A category score opened to all that it was made of."""

    category: Category
    score: CategoryScore
    parts: tuple[OpenedPart, ...]
    ancestor_value: float | None
    override: Override | None


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One matched row of a source, with the reason; a variant's rows are its base model's, without one."""

    record: SourceRecord
    match: Match | None


@requires_role(Role.VIEWER)
@require_safe
def model(request: HttpRequest, model_id: str) -> HttpResponse:
    """The model's page."""
    snapshot, entry = queries.current_snapshot(), queries.get_entry(model_id)
    history = queries.price_history(entry.facts.model_id)
    context = {
        "entry": entry,
        "facts": entry.facts,
        "snapshot": snapshot,
        "scores": open_scores(entry, snapshot),
        "rows": record_rows(entry),
        "history": history[::-1],  # newest first, as a reader looks for it
        "price_figure": price_history_figure(history, until=snapshot.published_at) if len(history) > 1 else None,
        "family": family_of(entry, snapshot),
        "siblings": siblings_of(entry, snapshot),
        "base_url": request.build_absolute_uri("/").rstrip("/"),
    }
    return TemplateResponse(request, "catalog/model.html", context)


def open_scores(entry: Entry, snapshot: Snapshot) -> list[OpenedScore]:
    """The entry's scores in the order in which pages list categories."""
    stats = {(item.benchmark, item.release): item for item in snapshot.benchmarks}
    overrides = {item.field: item for item in entry.overrides}
    return [
        OpenedScore(
            category=category,
            score=entry.scores[category],
            parts=_open_parts(entry.scores[category], stats),
            ancestor_value=entry.ancestor_scores.get(category),
            override=overrides.get(f"score.{category}"),
        )
        for category in Category
        if category in entry.scores
    ]


def _open_parts(score: CategoryScore, stats: Mapping[tuple[str, str], BenchmarkStats]) -> tuple[OpenedPart, ...]:
    parts = sorted(score.parts, key=lambda part: -part.weight_share)
    return tuple(OpenedPart(part=part, stats=stats.get((part.benchmark, part.release))) for part in parts)


def record_rows(entry: Entry) -> list[RecordRow]:
    """The entry's matched rows, each with its match."""
    matches = {(match.source, match.source_name): match for match in entry.matches}
    return [RecordRow(record=record, match=matches.get((record.source, record.name))) for record in entry.records]


def family_of(entry: Entry, snapshot: Snapshot) -> list[Entry]:
    """The other entries of the same model: its base, and the variants that share its benchmarks."""
    root = entry.base_id or entry.facts.model_id
    return [other for other in snapshot.entries if other is not entry and root in (other.base_id, other.facts.model_id)]


def siblings_of(entry: Entry, snapshot: Snapshot) -> list[Entry]:
    """The newest other models of the same provider."""
    others = [
        other
        for other in snapshot.entries
        if other.provider == entry.provider
        and other.is_candidate
        and not other.base_id
        and other.facts.model_id not in (entry.facts.model_id, entry.base_id)
        and other.facts.created_at is not None
    ]
    others.sort(key=lambda other: other.facts.created_at.timestamp() if other.facts.created_at else 0.0, reverse=True)
    return others[:SHOWN_SIBLINGS]
