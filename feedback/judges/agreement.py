"""How well a judge agrees with a person: Cohen's kappa with quadratic weights, and how sure it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

# Landis and Koch call 0.41 to 0.60 moderate: below that a judge sends good answers away about as often as bad ones.
LEAST_KAPPA: Final = 0.4
# At so many pairs the interval of a judge that guesses reaches to about 0.3: it can be told from one that is worth
# 0.4. With ten it cannot, whatever the verdicts are.
LEAST_PAIRS: Final = 20
# Eight of ten, like the site's other intervals.
_TAIL: Final = 0.1
_DRAWS: Final = 1_000
_SEED: Final = 20_261_121  # the same ratings give the same interval
_SCALE_STEP: Final = 2  # 1-10 in pairs: 7 of 10, where cascades accept, is a 4 of 5, which counts as accepted


@dataclass(frozen=True, slots=True)
class Pair:
    """A judge's score of an answer, and a person's."""

    judge_id: str
    category: str
    judge_score: float  # 1-10
    rating: int  # 1-5

    @property
    def judge_rating(self) -> int:
        """The judge's score on the scale of ratings."""
        return min(max(ceil(self.judge_score / _SCALE_STEP), 1), 5)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Kappa with its interval; None where one side always said the same, so that there is nothing to agree on."""

    pair_count: int
    kappa: float | None
    lower: float | None
    upper: float | None

    @property
    def is_below(self) -> bool:
        """Surely too low: enough pairs, and even the interval's upper end lies below."""
        return self.pair_count >= LEAST_PAIRS and self.upper is not None and self.upper < LEAST_KAPPA


def agreement_of(pairs: Sequence[Pair]) -> Agreement:
    """How well these verdicts agree with the ratings; the interval by drawing them anew."""
    if len(pairs) < 2:
        return Agreement(len(pairs), None, None, None)
    said = np.array([(pair.judge_rating, pair.rating) for pair in pairs], dtype=float)
    kappa = float(_kappas(said[None, :, :])[0])
    if np.isnan(kappa):
        return Agreement(len(pairs), None, None, None)
    draws = np.random.default_rng(_SEED).integers(0, len(pairs), size=(_DRAWS, len(pairs)))
    drawn = _kappas(said[draws])
    drawn = drawn[~np.isnan(drawn)]
    lower, upper = np.quantile(drawn, [_TAIL, 1 - _TAIL]) if len(drawn) else (kappa, kappa)
    return Agreement(len(pairs), kappa, float(min(lower, kappa)), float(max(upper, kappa)))


def _kappas(samples: np.ndarray) -> np.ndarray:
    """Kappa of each sample, (sample, pair, side): with quadratic weights it is a ratio of moments, free of tables."""
    judge, person = samples[:, :, 0], samples[:, :, 1]
    shared = ((judge - judge.mean(1, keepdims=True)) * (person - person.mean(1, keepdims=True))).mean(1)
    apart = judge.var(1) + person.var(1) + (judge.mean(1) - person.mean(1)) ** 2
    is_constant = (judge.var(1) == 0) | (person.var(1) == 0)
    return np.where(is_constant, np.nan, 2 * shared / np.where(apart == 0, 1, apart))
