"""Thompson sampling: draw every candidate's score from what is believed of it, and see whose is best. Pure.

The belief is the one that ranks (``blending.py``), with its spread: the rate of good work that the benchmark score
leads one to expect is a Beta prior as sure as so many ratings, and what was said of the model is evidence on it. So
a model that nobody rated is drawn from its prior, and the more is known, the less a draw strays from the score.

A draw is the quantile of a number that is hashed from seed and model id. It depends on nothing else: not on the
other candidates, nor on the language's own generators, which may change with a release. So the same seed gives the
same draws, bit for bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from routing.blending import expected_share
from routing.exploring.shapes import Draw
from routing.shapes import RankedCandidate
from routing.thresholds import RoutingPolicy
from smartspawn.lib.beta import beta_quantile

_DIGITS: Final = 4  # draws are good to a millionth of a rate, which is 0.00006 points
_FEWEST: Final = 0.5  # good or bad cases: a belief without any would be certain
_BITS: Final = 53  # that a float holds
_STEPS: Final = 9_007_199_254_740_992.0  # two to the power of these


def draw_scores(candidates: Sequence[RankedCandidate], seed: str, policy: RoutingPolicy) -> tuple[Draw, ...]:
    """A score for each candidate, drawn from what is believed of it, in their order."""
    return tuple(_draw(candidate, seed, policy) for candidate in candidates)


def best_of(draws: Sequence[Draw]) -> Draw:
    """The best draw; of equal ones the first, which ranks higher."""
    return max(draws, key=lambda draw: draw.drawn)


def ranking_score(candidate: RankedCandidate) -> float:
    """What the candidate is ranked by: its score, less for its price where that counts."""
    return candidate.score - candidate.cost_penalty


def belief_of(candidate: RankedCandidate, policy: RoutingPolicy) -> tuple[float, float]:
    """The good and the bad cases, benchmarks included, that what is known of the candidate amounts to."""
    benchmark = candidate.parts[0]
    count = _prior_ratings(candidate, policy) / benchmark.weight_share
    blended = sum(part.value * part.weight_share for part in candidate.parts)
    share = expected_share(benchmark.value, policy) + (blended - benchmark.value) / policy.score_per_share
    good = min(max(share * count, _FEWEST), max(count - _FEWEST, _FEWEST))
    return good, max(count - good, _FEWEST)


def _prior_ratings(candidate: RankedCandidate, policy: RoutingPolicy) -> float:
    """How many ratings the benchmark score is worth, from the interval that ratings have narrowed since."""
    narrowed: float = candidate.parts[0].weight_share ** 0.5
    stddev: float = (candidate.upper - candidate.lower) / (2 * policy.interval_z * narrowed)
    return policy.rating_stddev_score**2 / (stddev**2 + policy.own_tasks_stddev_score**2)


def _draw(candidate: RankedCandidate, seed: str, policy: RoutingPolicy) -> Draw:
    good, bad = belief_of(candidate, policy)
    rate = beta_quantile(_uniform(seed, candidate.model_id), good, bad)
    expected = ranking_score(candidate)
    moved = policy.score_per_share * (rate - good / (good + bad))
    return Draw(candidate.model_id, round(expected, _DIGITS), round(expected + moved, _DIGITS), round(good + bad, 2))


def _uniform(seed: str, model_id: str) -> float:
    """A number from 0 to 1 that belongs to this seed and model."""
    digest = hashlib.sha256(f"{seed}\0{model_id}".encode()).digest()
    return (int.from_bytes(digest[:8]) >> (64 - _BITS)) / _STEPS
