"""An old snapshot reduced to what choosing among its models looks at: a fifth of its size."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from catalog.shapes import CategoryScore, Entry, Measure, ModelFacts, Pricing, Snapshot, SourceRecord


def thin_snapshot(snapshot: Snapshot, benchmarks: Collection[str]) -> Snapshot:
    """The snapshot with prices, context, capabilities and scores, and with the first value of each of these benchmarks.

    Where a score comes from, what the sources said, and what matched nothing are left out.
    """
    return Snapshot(
        entries=tuple(_thin_entry(entry, frozenset(benchmarks)) for entry in snapshot.entries),
        sources=(),
        policy_version=snapshot.policy_version,
        benchmarks=tuple(item for item in snapshot.benchmarks if item.benchmark in benchmarks),
        revision=snapshot.revision,
        published_at=snapshot.published_at,
    )


def _thin_entry(entry: Entry, benchmarks: frozenset[str]) -> Entry:
    return replace(
        entry,
        facts=_thin_facts(entry.facts),
        scores={category: _thin_score(score) for category, score in entry.scores.items()},
        cost_efficiency={},
        ancestor_scores={},
        records=tuple(_thin_records(entry, benchmarks)),
        matches=(),
        speed=None,
        overrides=(),
        updated_at=None,
    )


def _thin_facts(facts: ModelFacts) -> ModelFacts:
    return ModelFacts(
        model_id=facts.model_id,
        name=facts.name,
        pricing=Pricing(facts.pricing.prompt_usd_per_mtok, facts.pricing.completion_usd_per_mtok),
        context_length_tokens=facts.context_length_tokens,
        is_moderated=facts.is_moderated,
    )


def _thin_score(score: CategoryScore) -> CategoryScore:
    return CategoryScore(score.value, score.lower, score.upper, score.coverage_share)


def _thin_records(entry: Entry, benchmarks: frozenset[str]) -> list[SourceRecord]:
    """One record a source, with each benchmark's first value: records stand best variant first."""
    seen: set[str] = set()
    kept = []
    for record in entry.records:
        found = [item for item in record.measures if item.benchmark in benchmarks and item.benchmark not in seen]
        seen.update(item.benchmark for item in found)
        if found:
            measures = tuple(Measure(item.benchmark, item.value) for item in found)
            kept.append(SourceRecord(record.source, record.name, measures=measures))
    return kept
