"""The scores are those of a slow, obvious second version."""

from __future__ import annotations

import pytest

from catalog.scoring.combination import to_score
from catalog.shapes import Category
from catalog.weights import CURRENT_POLICY
from tests.catalog.scoring.builders import random_catalog
from tests.catalog.scoring.oracle import oracle_scores


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("model_count", [50, 80])
def test_scores_and_intervals_are_those_of_the_oracle(seed: int, model_count: int) -> None:
    catalog = random_catalog(seed, model_count=model_count, coverage=0.85)
    expected = oracle_scores(catalog)
    for entry in catalog.score().entries:
        scores = {c: s for c, s in entry.scores.items() if c is not Category.FAST_CHEAP}
        assert scores.keys() == expected[entry.facts.model_id].keys()
        for category, score in scores.items():
            z, stddev = expected[entry.facts.model_id][category]
            half = 1.2816 * (stddev**2 + CURRENT_POLICY.reading_stddev_z**2) ** 0.5
            assert score.value == pytest.approx(to_score(z, CURRENT_POLICY), abs=0.011)
            assert score.lower == pytest.approx(to_score(z - half, CURRENT_POLICY), abs=0.011)
            assert score.upper == pytest.approx(to_score(z + half, CURRENT_POLICY), abs=0.011)
