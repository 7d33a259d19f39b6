"""The policy is whole: nothing in it contradicts the rest or names what nobody measures."""

from __future__ import annotations

import pytest

from catalog.scoring.features import feature_rows
from catalog.shapes import Category, Source
from catalog.sources.ranges import POSSIBLE_VALUES
from catalog.weights import CURRENT_POLICY as POLICY
from tests.catalog.scoring.builders import AS_OF, make_facts

PREFIX = {
    Source.LMARENA: "lmarena.",
    Source.LIVEBENCH: "livebench.",
    Source.ARTIFICIAL_ANALYSIS: "aa.",
    Source.HF_LEADERBOARD: "hf.",
}


def test_every_category_but_fast_cheap_is_measured() -> None:
    assert set(POLICY.relevance) == set(Category) - {Category.FAST_CHEAP}


@pytest.mark.parametrize("category", POLICY.relevance)
def test_benchmarks_stand_under_their_own_source_with_a_positive_relevance(category: Category) -> None:
    for source, benchmarks in POLICY.relevance[category].items():
        assert POLICY.source_precision[source] > 0
        for benchmark, relevance in benchmarks.items():
            assert benchmark.startswith(PREFIX[source])
            assert any(benchmark.startswith(prefix) for prefix in POSSIBLE_VALUES)
            assert relevance > 0


def test_references_are_benchmarks_that_are_weighted() -> None:
    weighted = {name for sources in POLICY.relevance.values() for names in sources.values() for name in names}
    assert set(POLICY.reference_benchmarks) <= weighted


def test_the_rule_of_thumb_names_features_that_exist() -> None:
    (row,) = feature_rows([make_facts()], POLICY.prior, as_of=AS_OF)
    assert set(POLICY.prior.coefficients) == set(row)


def test_the_policy_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        POLICY.version = "2"  # type: ignore[misc]  # that this fails is the point
    with pytest.raises(TypeError):
        POLICY.source_precision[Source.LMARENA] = 1.0  # type: ignore[index]  # that this fails is the point
