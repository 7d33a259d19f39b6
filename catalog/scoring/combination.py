"""Evidence and prediction, each weighted by how sure it is.

    z = (prior precision * predicted z + sum over sources of source precision * source z) / all precision

A source's z is the mean of its benchmarks by relevance to the category; its precision shrinks when only
little of what it measures is there, and when its own intervals are wide. Every weight is positive and
depends on no value, so a better value can only raise the score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalog.scoring.prior import Known, Prediction
from catalog.scoring.scales import Standing
from catalog.shapes import CategoryScore, ScorePart, Source
from catalog.weights import Relevance, ScoringPolicy


@dataclass(frozen=True, slots=True)
class SourceEvidence:
    """What one source says about one model in one category."""

    z: float
    precision: float
    shares: tuple[tuple[Standing, float], ...]  # benchmark by benchmark, of this source's weight
    coverage_share: float  # of the relevance that this source offers at all in the snapshot


@dataclass(frozen=True, slots=True)
class Evidence:
    """What all sources say about one model in one category."""

    sources: tuple[SourceEvidence, ...]
    coverage_share: float

    @property
    def precision(self) -> float:
        """How much is known: 1 / variance, in z."""
        return sum(source.precision for source in self.sources)

    def known(self) -> Known | None:
        """The measured z with its weight; None without any measurement."""
        if not self.sources:
            return None
        weighted = sum(source.precision * source.z for source in self.sources)
        return Known(weighted / self.precision, self.precision)

    def with_standing(self, standing: Standing, precision: float) -> Evidence:
        """The evidence and one more reading that stands for a source of its own."""
        source = SourceEvidence(standing.z, precision, ((standing, 1.0),), coverage_share=1.0)
        return Evidence((*self.sources, source), self.coverage_share)


def gather_evidence(
    standings: Mapping[str, Standing],
    relevance: Mapping[Source, Relevance],
    policy: ScoringPolicy,
    *,
    offered: Relevance,
) -> Evidence:
    """What was measured of a model that matters here; ``offered`` is what the snapshot could have said."""
    found: dict[Source, SourceEvidence] = {}
    for source, of_benchmark in relevance.items():
        present = [
            (standings[benchmark], weight) for benchmark, weight in of_benchmark.items() if benchmark in standings
        ]
        if present:
            offered_weight = sum(offered.get(benchmark, 0.0) for benchmark in of_benchmark)
            found[source] = _source_evidence(present, policy.source_precision[source], offered_weight, policy)
    return Evidence(tuple(found.values()), _coverage_share(found, relevance, offered, policy))


def _source_evidence(
    present: list[tuple[Standing, float]], trust: float, offered_weight: float, policy: ScoringPolicy
) -> SourceEvidence:
    total = sum(weight for _, weight in present)
    shares = tuple((standing, weight / total) for standing, weight in present)
    # One reading's error, not that of a mean: the categories of an arena share their votes.
    noise = sum(share * standing.stderr_z**2 for standing, share in shares)
    attention = math.sqrt(min(1.0, total / policy.full_relevance))
    return SourceEvidence(
        z=sum(share * standing.z for standing, share in shares),
        precision=1 / (1 / (trust * attention) + noise),
        shares=shares,
        coverage_share=min(1.0, total / offered_weight) if offered_weight else 1.0,
    )


def _coverage_share(
    found: Mapping[Source, SourceEvidence],
    relevance: Mapping[Source, Relevance],
    offered: Relevance,
    policy: ScoringPolicy,
) -> float:
    """Of all that the snapshot's sources measure here, how much was measured of this model."""
    trusts = {
        source: policy.source_precision[source]
        for source, of_benchmark in relevance.items()
        if any(benchmark in offered for benchmark in of_benchmark)
    }
    if not trusts:
        return 0.0
    covered = sum(trust * found[source].coverage_share for source, trust in trusts.items() if source in found)
    return covered / sum(trusts.values())


def combine(evidence: Evidence, prior: Prediction, policy: ScoringPolicy) -> CategoryScore:
    """The score with its 80 % interval and every part's share in it."""
    prior_precision = 1 / prior.stddev_z**2
    precision = prior_precision + evidence.precision
    weighted = prior_precision * prior.z + sum(source.precision * source.z for source in evidence.sources)
    return score_of(
        z=weighted / precision,
        stddev_z=math.hypot(1 / math.sqrt(precision), policy.reading_stddev_z),
        policy=policy,
        coverage_share=evidence.coverage_share,
        parts=tuple(_parts(evidence, precision)),
        prior=(prior.z, prior_precision / precision),
    )


def score_of(
    *,
    z: float,
    stddev_z: float,
    policy: ScoringPolicy,
    coverage_share: float,
    parts: tuple[ScorePart, ...],
    prior: tuple[float, float] | None = None,
) -> CategoryScore:
    """A z as a score of 0-100; ``prior`` is the predicted z and its share."""
    half_z = policy.interval_z * stddev_z
    return CategoryScore(
        value=to_score(z, policy),
        lower=to_score(z - half_z, policy),
        upper=to_score(z + half_z, policy),
        coverage_share=round(coverage_share, 4),
        parts=tuple(sorted(parts, key=lambda part: (-part.weight_share, part.benchmark))),
        prior_value=to_score(prior[0], policy) if prior else None,
        prior_weight_share=round(prior[1], 4) if prior else 0.0,
    )


def to_score(z: float, policy: ScoringPolicy) -> float:
    """The ancestor's mapping, 50 + 20 z, which near 0 and 100 bends instead of being cut off."""
    score = policy.score_mean + policy.score_per_z * z
    margin, high = policy.score_margin, 100.0 - policy.score_margin
    if score > high:
        score = high + margin * -math.expm1(-(score - high) / margin)
    elif score < margin:
        score = margin * math.exp((score - margin) / margin)
    return round(score, 2)


def _parts(evidence: Evidence, precision: float) -> Iterator[ScorePart]:
    for source in evidence.sources:
        for standing, share in source.shares:
            yield part_of(standing, weight_share=share * source.precision / precision)


def part_of(standing: Standing, *, weight_share: float) -> ScorePart:
    """One standing as a part that a page can show and a person can check."""
    reading, measure = standing.reading, standing.reading.measure
    return ScorePart(
        benchmark=standing.benchmark,
        source=standing.source,
        source_name=reading.record.name,
        value=measure.value,
        z=round(standing.z, 4),
        weight_share=round(weight_share, 6),
        release=measure.release,
        lower=measure.lower,
        upper=measure.upper,
        vote_count=measure.vote_count,
        measured_on=measure.measured_on,
        effort=reading.effort,
        payload_sha256=reading.record.payload_sha256,
    )
