"""Benchmarks and ratings in one score: what a rating moves, and what it never does."""

from __future__ import annotations

import random

import pytest

from catalog.shapes import Category, CategoryScore
from routing.blending import blend, expected_share, prior_ratings
from routing.shapes import Adjustment, Evidence
from routing.thresholds import CURRENT_POLICY as POLICY


def score(value: float = 80.0, spread: float = 9.0, coverage: float = 1.0) -> CategoryScore:
    return CategoryScore(value, max(value - spread, 0), min(value + spread, 100), coverage)


def rated(share: float, count: float, evidence: Evidence = Evidence.PERSONAL) -> Adjustment:
    return Adjustment(evidence, "acme/alpha", Category.CODING, share, count)


def oracle(bench: CategoryScore, ratings: list[Adjustment]) -> float:
    """The docstring's formula by pieces: every rating is one row of a table, the benchmark is worth m rows."""
    stddev = (bench.upper - bench.lower) / 2.5632
    rows = [(bench.value, 2500 / (stddev * stddev + 64))]
    for item in ratings:
        expected = 0.45 + 0.3 * bench.value / 100
        said = bench.value + 60 * (item.success_share - expected)
        said = 0 if said < 0 else min(said, 100)
        worth = item.sample_count
        if item.evidence is Evidence.COMMUNITY:
            worth = min(30, worth * 0.3)
        rows.append((said, worth))
    return sum(said * worth for said, worth in rows) / sum(worth for _, worth in rows)


def test_the_formula_is_the_documented_one() -> None:
    draw = random.Random(7)
    for _ in range(500):
        bench = score(draw.uniform(0, 100), draw.uniform(0, 25), draw.random())
        ratings = [
            rated(draw.random(), draw.uniform(0, 400), evidence)
            for evidence in (Evidence.PERSONAL, Evidence.COMMUNITY, Evidence.CONTEXT)
            if draw.random() < 0.7
        ]
        assert blend(bench, ratings, POLICY).value == pytest.approx(oracle(bench, ratings))


def test_without_ratings_the_benchmark_score_stands_as_it_is() -> None:
    blended = blend(score(77.3), [], POLICY)
    assert (blended.value, blended.lower, blended.upper) == (77.3, 68.3, 86.3)
    assert [part.weight_share for part in blended.parts] == [1.0]


def test_the_weights_add_up_and_are_told() -> None:
    blended = blend(score(), [rated(0.9, 14), rated(0.5, 200, Evidence.COMMUNITY)], POLICY)
    assert sum(part.weight_share for part in blended.parts) == pytest.approx(1)
    assert blended.parts[1].detail == "your 14 ratings, 90% good, count 21%"
    assert blended.value == pytest.approx(sum(part.value * part.weight_share for part in blended.parts))


def test_three_ratings_move_little_and_three_hundred_nearly_everything() -> None:
    few, many = blend(score(), [rated(0.0, 3)], POLICY), blend(score(), [rated(0.0, 300)], POLICY)
    assert 74 < few.value < 80
    assert few.parts[1].weight_share < 0.15
    assert many.parts[1].weight_share > 0.9


def test_three_good_ratings_and_a_bad_one_drop_no_leader() -> None:
    for value in (70, 85, 97, 100):
        assert blend(score(value), [rated(0.75, 4)], POLICY).value >= value


def test_a_rate_at_or_above_the_expected_one_never_lowers() -> None:
    draw = random.Random(11)
    for _ in range(500):
        bench = score(draw.uniform(0, 100), draw.uniform(0, 25))
        share = draw.uniform(expected_share(bench.value, POLICY), 1)
        assert blend(bench, [rated(share, draw.uniform(0, 500))], POLICY).value >= bench.value - 1e-9


def test_a_better_rate_never_lowers_and_a_better_benchmark_neither() -> None:
    draw = random.Random(13)
    for _ in range(500):
        spread, count, value, share = draw.uniform(0, 25), draw.uniform(0, 500), draw.uniform(30, 70), draw.random()
        here = blend(score(value, spread), [rated(share, count)], POLICY).value
        assert blend(score(value, spread), [rated(min(share + draw.random(), 1), count)], POLICY).value >= here - 1e-9
        assert blend(score(value + draw.uniform(0, 5), spread), [rated(share, count)], POLICY).value >= here - 1e-9


def test_a_wide_interval_gives_way_sooner() -> None:
    assert prior_ratings(score(spread=20), POLICY) < prior_ratings(score(spread=5), POLICY)


def test_strangers_count_less_and_have_a_ceiling() -> None:
    own, others = blend(score(), [rated(1, 50)], POLICY), blend(score(), [rated(1, 50, Evidence.COMMUNITY)], POLICY)
    assert own.value > others.value > 80
    crowd = [blend(score(), [rated(0, count, Evidence.COMMUNITY)], POLICY).value for count in (100, 1_000_000)]
    assert crowd[0] == crowd[1]


def test_ratings_narrow_the_interval_and_what_is_not_known() -> None:
    guess = score(80, 12, coverage=0.0)
    before, after = blend(guess, [], POLICY), blend(guess, [rated(0.7, 40)], POLICY)
    assert before.ignorance_share == 1.0
    assert after.ignorance_share < 0.4
    assert after.upper - after.lower < before.upper - before.lower


def test_a_sample_of_nothing_is_no_part() -> None:
    assert len(blend(score(), [rated(1.0, 0)], POLICY).parts) == 1
