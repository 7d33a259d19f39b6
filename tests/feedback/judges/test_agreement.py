"""Kappa with quadratic weights against the table that defines it."""

from __future__ import annotations

import random

import pytest

from feedback.judges.agreement import LEAST_PAIRS, Pair, agreement_of


def pairs(*said: tuple[float, int]) -> list[Pair]:
    return [Pair("openai/small", "coding", score, rating) for score, rating in said]


def slow_kappa(some: list[Pair]) -> float:
    """By the table of how often each pair of scores came up, beside what chance would have made of it."""
    grades = range(1, 6)
    n = len(some)
    seen = expected = 0.0
    for a in grades:
        for b in grades:
            weight = (a - b) ** 2
            seen += weight * sum(pair.judge_rating == a and pair.rating == b for pair in some) / n
            by_judge = sum(pair.judge_rating == a for pair in some)
            expected += weight * by_judge * sum(pair.rating == b for pair in some) / n**2
    return 1 - seen / expected


@pytest.mark.parametrize("seed", range(8))
def test_kappa_is_that_of_the_table(seed: int) -> None:
    chance = random.Random(seed)
    some = pairs(*((chance.uniform(1, 10), chance.randint(1, 5)) for _ in range(chance.randint(5, 60))))
    found = agreement_of(some)
    assert found.kappa == pytest.approx(slow_kappa(some))
    assert found.lower is not None
    assert found.upper is not None
    assert found.kappa is not None
    assert found.lower <= found.kappa <= found.upper


def test_the_interval_is_the_same_each_time_and_narrows_with_more_ratings() -> None:
    chance = random.Random(1)
    some = pairs(*((chance.uniform(1, 10), chance.randint(1, 5)) for _ in range(40)))
    once, many = agreement_of(some), agreement_of(some * 9)
    assert once == agreement_of(some)
    assert (many.upper or 0) - (many.lower or 0) < (once.upper or 0) - (once.lower or 0)


@pytest.mark.parametrize(("score", "rating"), [(1, 1), (2, 1), (3, 2), (6.9, 4), (7, 4), (8, 4), (8.1, 5), (10, 5)])
def test_scores_of_ten_meet_ratings_of_five_in_pairs(score: float, rating: int) -> None:
    assert Pair("a/b", "", score, 1).judge_rating == rating


def test_where_one_side_always_says_the_same_nothing_is_known() -> None:
    found = agreement_of(pairs(*[(9.0, rating) for rating in (1, 2, 3, 4, 5)] * 10))
    assert (found.kappa, found.is_below) == (None, False)
    assert agreement_of([]).kappa is None


def test_a_judge_that_guesses_is_below_only_after_enough_ratings() -> None:
    crossed = [(10.0, 1), (1.0, 5), (1.0, 1), (10.0, 5), (5.0, 3)]
    assert not agreement_of(pairs(*crossed * ((LEAST_PAIRS - 1) // 5))).is_below
    assert agreement_of(pairs(*crossed * 8)).is_below


def test_a_judge_that_agrees_is_not_below() -> None:
    assert not agreement_of(pairs(*[(2.0, 1), (4.0, 2), (6.0, 3), (8.0, 4), (10.0, 5)] * 8)).is_below
