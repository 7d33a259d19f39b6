"""All steps of scoring in order, and the entries that come of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from catalog.rules import (
    base_id_of,
    candidate_refusal,
    capabilities_of,
    categories_of,
    is_router,
    provider_of,
    tags_of,
    tier_of,
)
from catalog.scoring.ancestor import ancestor_scores
from catalog.scoring.combination import Evidence, combine, gather_evidence
from catalog.scoring.fast_cheap import (
    DELAY_BENCHMARK,
    SPEED_BENCHMARK,
    LogScale,
    price_scale,
    score_fast_cheap,
    speed_standing,
)
from catalog.scoring.features import log2_context_z
from catalog.scoring.overrides import overrides_by_model, said_categories, with_prices, with_scores
from catalog.scoring.prior import FeatureTable, predict
from catalog.scoring.readings import Population, Reading, ScaleKey, collect_populations
from catalog.scoring.scales import Scales, Standing, fit_scales
from catalog.shapes import (
    BenchmarkStats,
    Category,
    CategoryScore,
    Entry,
    Match,
    Measure,
    ModelFacts,
    Override,
    ScorePart,
    Source,
    SourceRecord,
    Speed,
)
from catalog.weights import CURRENT_POLICY, ScoringPolicy

CONTEXT_BENCHMARK: Final = "openrouter.context_length_tokens"


@dataclass(frozen=True, slots=True)
class ScoredCatalog:
    """The entries in the order of the catalogue, and the populations that their z-scores refer to."""

    entries: tuple[Entry, ...]
    benchmarks: tuple[BenchmarkStats, ...]


def score_catalog(
    *,
    models: Sequence[ModelFacts],
    records: Sequence[SourceRecord],
    matches: Sequence[Match],
    overrides: Sequence[Override] = (),
    as_of: date,
    policy: ScoringPolicy = CURRENT_POLICY,
) -> ScoredCatalog:
    """Every listed model with its scores; ``matches`` stand parallel to ``records``."""
    said = overrides_by_model(overrides)
    priced = [with_prices(facts, said.get(facts.model_id, ())) for facts in models]
    table = _Table.of(priced, records, matches, policy, as_of=as_of)
    ancestors = ancestor_scores(priced, records, matches)
    entries = tuple(
        _entry(
            facts,
            table,
            overrides=said.get(facts.model_id, ()),
            ancestor=ancestors[facts.model_id],
            as_of=as_of,
        )
        for facts in priced
    )
    return ScoredCatalog(entries, table.scales.stats())


# --- what is shared by all entries ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rows:
    """Every matched row of one base model, best first, with its match."""

    records: tuple[SourceRecord, ...] = ()
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class _Table:
    """What was worked out for base models, by base id."""

    policy: ScoringPolicy
    base_ids: Mapping[str, str]  # every listed id but routers -> the model whose benchmarks it shares
    scales: Scales
    scores: Mapping[str, Mapping[Category, CategoryScore]]  # all but fast-cheap
    speeds: Mapping[str, Standing]
    prices: LogScale
    rows: Mapping[str, _Rows]

    @classmethod
    def of(
        cls,
        models: Sequence[ModelFacts],
        records: Sequence[SourceRecord],
        matches: Sequence[Match],
        policy: ScoringPolicy,
        *,
        as_of: date,
    ) -> _Table:
        listed_ids = {facts.model_id for facts in models}
        base_ids = {facts.model_id: base_id_of(facts.model_id, listed_ids) for facts in models if not is_router(facts)}
        populations = collect_populations(
            records, matches, base_ids=base_ids, benchmarks=_benchmarks(policy) | {SPEED_BENCHMARK}
        )
        quality = {key: each for key, each in populations.items() if key[0] != SPEED_BENCHMARK}
        scales = fit_scales(quality, policy)
        own_bases = set(base_ids.values())
        bases = sorted((facts for facts in models if facts.model_id in own_bases), key=lambda facts: facts.model_id)
        return cls(
            policy=policy,
            base_ids=base_ids,
            scales=scales,
            scores=_score_bases(bases, scales, policy, as_of=as_of),
            speeds=_speeds(populations),
            prices=price_scale(bases, policy.fast_cheap),
            rows=_rows_by_base(records, matches, base_ids, scales),
        )


def _benchmarks(policy: ScoringPolicy) -> set[str]:
    return {
        benchmark
        for of_source in policy.relevance.values()
        for relevance in of_source.values()
        for benchmark in relevance
    }


def _score_bases(
    bases: Sequence[ModelFacts], scales: Scales, policy: ScoringPolicy, *, as_of: date
) -> dict[str, dict[Category, CategoryScore]]:
    """The measured categories of every base model; vision only where pictures can be sent."""
    features = FeatureTable.of(bases, policy.prior, as_of=as_of)
    scored: dict[str, dict[Category, CategoryScore]] = {facts.model_id: {} for facts in bases}
    scaled_benchmarks = {benchmark for benchmark, _release in scales.scales}
    for category, relevance in policy.relevance.items():
        offered = {
            benchmark: weight
            for of_source in relevance.values()
            for benchmark, weight in of_source.items()
            if benchmark in scaled_benchmarks
        }
        evidence = {
            facts.model_id: gather_evidence(
                scales.standings.get(facts.model_id, {}), relevance, policy, offered=offered
            )
            for facts in bases
        }
        known = {model_id: found for model_id, each in evidence.items() if (found := each.known())}
        predictions = predict(features, known, policy.prior)
        for facts in bases:
            if category is Category.VISION and not capabilities_of(facts).vision:
                continue
            full = _with_context(evidence[facts.model_id], facts, category, policy)
            scored[facts.model_id][category] = combine(full, predictions[facts.model_id], policy)
    return scored


def _with_context(evidence: Evidence, facts: ModelFacts, category: Category, policy: ScoringPolicy) -> Evidence:
    """In research, the room to work in counts too."""
    tokens = facts.context_length_tokens
    if category is not Category.RESEARCH or not tokens or tokens <= 0:
        return evidence
    record = SourceRecord(Source.OPENROUTER, facts.model_id, payload_sha256=facts.payload_sha256)
    reading = Reading(record, Measure(CONTEXT_BENCHMARK, float(tokens)))
    standing = Standing(CONTEXT_BENCHMARK, Source.OPENROUTER, reading, log2_context_z(tokens), 0.0)
    return evidence.with_standing(standing, policy.context_precision)


def _speeds(populations: Mapping[ScaleKey, Population]) -> dict[str, Standing]:
    readings: dict[str, Reading] = {}
    for key, population in sorted(populations.items()):  # a later release replaces an earlier one
        if key[0] == SPEED_BENCHMARK:
            readings |= {
                model_id: reading for model_id, reading in population.readings.items() if reading.measure.value > 0
            }
    scale = LogScale.of(reading.measure.value for reading in readings.values())
    return {model_id: speed_standing(reading, scale) for model_id, reading in readings.items()}


def _rows_by_base(
    records: Sequence[SourceRecord],
    matches: Sequence[Match],
    base_ids: Mapping[str, str],
    scales: Scales,
) -> dict[str, _Rows]:
    found: dict[str, list[tuple[SourceRecord, Match]]] = {}
    for record, match in zip(records, matches, strict=True):
        base_id = base_ids.get(match.model_id or "")
        if base_id is not None:
            found.setdefault(base_id, []).append((record, match))
    rows = {}
    for base_id, pairs in found.items():
        pairs.sort(key=lambda pair: (-_mean_z(pair[0], scales), pair[0].source, pair[0].name))
        rows[base_id] = _Rows(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))
    return rows


def _mean_z(record: SourceRecord, scales: Scales) -> float:
    """How well the row does on what is scaled; a row of nothing scaled comes last."""
    zs = [
        scale.z(measure.value)
        for measure in record.measures
        if (scale := scales.scales.get((measure.benchmark, measure.release))) is not None
    ]
    return sum(zs) / len(zs) if zs else -math.inf


# --- one entry -----------------------------------------------------------------------------


def _entry(
    facts: ModelFacts,
    table: _Table,
    *,
    overrides: tuple[Override, ...],
    ancestor: Mapping[Category, float],
    as_of: date,
) -> Entry:
    base_id = table.base_ids.get(facts.model_id, facts.model_id)
    rows = table.rows.get(base_id, _Rows()) if facts.model_id in table.base_ids else _Rows()
    refusal = candidate_refusal(facts, as_of=as_of)
    capabilities = capabilities_of(facts)
    speed = _speed(table.speeds.get(base_id)) if facts.model_id in table.base_ids else None
    scores = with_scores(_scores(facts, base_id, table), overrides)
    categories = said_categories(overrides)
    if categories is None:
        categories = categories_of(facts, capabilities, scores, good_score=table.policy.good_score)
    return Entry(
        facts=facts,
        provider=provider_of(facts.model_id),
        is_candidate=not refusal,
        capabilities=capabilities,
        tier=tier_of(provider_of(facts.model_id), facts.pricing.prompt_usd_per_mtok),
        categories=categories,
        tags=tags_of(facts, capabilities, speed),
        scores=scores,
        cost_efficiency=_cost_efficiency(facts, scores),
        ancestor_scores=ancestor,
        records=rows.records,
        matches=rows.matches,
        sources=_sources(rows.records),
        speed=speed,
        base_id="" if base_id == facts.model_id else base_id,
        not_candidate_reason=refusal,
        overrides=overrides,
    )


def _scores(facts: ModelFacts, base_id: str, table: _Table) -> dict[Category, CategoryScore]:
    """A base model's own scores, or for a variant its base's; fast-cheap always by the own price."""
    if facts.model_id not in table.base_ids:
        return {}
    measured = table.scores[base_id]
    if base_id != facts.model_id:
        measured = {
            category: replace(score, parts=_inherited(score.parts))
            for category, score in measured.items()
            if category is not Category.VISION or capabilities_of(facts).vision
        }
    fast_cheap = score_fast_cheap(
        facts,
        general=measured[Category.GENERAL],
        speed=table.speeds.get(base_id),
        prices=table.prices,
        policy=table.policy,
    )
    scores = {**measured, Category.FAST_CHEAP: fast_cheap} if fast_cheap else measured
    return {category: scores[category] for category in Category if category in scores}


def _inherited(parts: Iterable[ScorePart]) -> tuple[ScorePart, ...]:
    return tuple(replace(part, is_inherited=True) for part in parts)


def _speed(standing: Standing | None) -> Speed | None:
    if standing is None:
        return None
    record, measure = standing.reading.record, standing.reading.measure
    delays = [each.value for each in record.measures if each.benchmark == DELAY_BENCHMARK]
    return Speed(
        output_tokens_per_s=measure.value,
        time_to_first_token_s=delays[0] if delays else None,
        source=record.source,
        measured_on=measure.measured_on,
    )


def _sources(records: Iterable[SourceRecord]) -> tuple[Source, ...]:
    present = {Source.OPENROUTER, *(record.source for record in records)}
    return tuple(source for source in Source if source in present)


def _cost_efficiency(facts: ModelFacts, scores: Mapping[Category, CategoryScore]) -> dict[Category, float]:
    """Score per dollar for a million tokens each way; none where the price is unknown or nothing."""
    prompt, completion = facts.pricing.prompt_usd_per_mtok, facts.pricing.completion_usd_per_mtok
    if facts.pricing.is_dynamic or prompt is None or completion is None or prompt + completion <= 0:
        return {}
    dollars = float(prompt + completion)
    return {category: round(score.value / dollars, 2) for category, score in scores.items()}
