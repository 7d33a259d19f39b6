"""One score from benchmarks and feedback, each part with the weight that its evidence earned.

The benchmark score is a prior worth ``m`` ratings: the wider its interval, the fewer::

    m = rating_stddev^2 / (score_stddev^2 + own_tasks_stddev^2)

Ratings are beta-binomial evidence about it. A model of score ``b`` is expected to be rated good in a share
``p(b)`` of cases; ``n`` ratings with the share ``r`` turn the expectation into ``(n r + m p) / (n + m)``,
which on the scale of the scores is::

    score = (m b + n v) / (m + n)      with v = b + score_per_share * (r - p(b)), within 0-100

So a part's weight is its share of all ratings, the benchmark's ``m`` among them: 3 ratings move little,
300 nearly everything, and a rate above the expected one never lowers anybody. Community ratings count for
a fraction each and have a ceiling; ratings on a wanted context tag count once more beside the personal
ones that they are part of, because they are about what is asked.

The ancestor had fixed weights instead, whatever the number of ratings (B benchmark, P personal,
C community, X context; rates times 100 on the score's scale)::

    P     .70 B .30 P          X      .80 B .20 X          C      .70 B .30 C
    P+X   .60 B .20 P .20 X    P+C    .50 B .25 P .25 C    X+C    .55 B .20 X .25 C
    all   .45 B .20 P .15 X .20 C
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from catalog.shapes import CategoryScore
from routing.shapes import Adjustment, BlendPart, Evidence
from routing.thresholds import RoutingPolicy

_NAMES: Final = {Evidence.PERSONAL: "your", Evidence.COMMUNITY: "community", Evidence.CONTEXT: "same-context"}


@dataclass(frozen=True, slots=True)
class Blend:
    """A blended score with its interval and its parts; the weights add up to one."""

    value: float
    lower: float
    upper: float
    ignorance_share: float  # what neither benchmarks nor ratings cover
    parts: tuple[BlendPart, ...]


def expected_share(score: float, policy: RoutingPolicy) -> float:
    """The share of good ratings that a model of this score is expected to get."""
    low, high = policy.expected_share_at_0, policy.expected_share_at_100
    return low + (high - low) * min(max(score, 0.0), 100.0) / 100


def prior_ratings(score: CategoryScore, policy: RoutingPolicy) -> float:
    """How many ratings the benchmark score is worth."""
    stddev = (score.upper - score.lower) / (2 * policy.interval_z)
    return policy.rating_stddev_score**2 / (stddev**2 + policy.own_tasks_stddev_score**2)


def rated_score(score: float, success_share: float, policy: RoutingPolicy) -> float:
    """What a rate says on the scale of the scores, seen from the benchmark score."""
    moved = policy.score_per_share * (success_share - expected_share(score, policy))
    return min(max(score + moved, 0.0), 100.0)


def blend(score: CategoryScore, adjustments: Sequence[Adjustment], policy: RoutingPolicy) -> Blend:
    """The benchmark score moved by what was learned about this model in this category."""
    prior = prior_ratings(score, policy)
    learned = [(item, _worth(item, policy)) for item in adjustments]
    learned = [(item, worth) for item, worth in learned if worth > 0]
    total = prior + sum(worth for _, worth in learned)
    parts = [BlendPart(Evidence.BENCHMARK, score.value, prior / total, detail=f"worth {prior:.0f} ratings")]
    parts += [_part(score.value, item, worth / total, policy) for item, worth in learned]
    value = sum(part.value * part.weight_share for part in parts) if learned else score.value
    narrowed: float = (prior / total) ** 0.5
    return Blend(
        value=value,
        lower=max(value - (score.value - score.lower) * narrowed, 0.0),
        upper=min(value + (score.upper - score.value) * narrowed, 100.0),
        ignorance_share=(1.0 - min(max(score.coverage_share, 0.0), 1.0)) * prior / total,
        parts=tuple(parts),
    )


def _worth(adjustment: Adjustment, policy: RoutingPolicy) -> float:
    """How many of one's own ratings the sample counts as."""
    if adjustment.evidence == Evidence.COMMUNITY:
        return min(adjustment.sample_count * policy.community_rating_worth, policy.most_community_ratings)
    return adjustment.sample_count


def _part(score: float, adjustment: Adjustment, weight_share: float, policy: RoutingPolicy) -> BlendPart:
    count = adjustment.sample_count
    noun = "rating" if round(count) == 1 else "ratings"
    whose = _NAMES.get(adjustment.evidence, adjustment.evidence)
    return BlendPart(
        evidence=adjustment.evidence,
        value=rated_score(score, adjustment.success_share, policy),
        weight_share=weight_share,
        sample_count=count,
        detail=f"{whose} {count:.0f} {noun}, {adjustment.success_share:.0%} good, count {weight_share:.0%}",
    )
