"""Drawing scores from what is believed of models."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.shapes import Category
from routing.blending import prior_ratings
from routing.exploring.sampling import belief_of, best_of, draw_scores, ranking_score
from routing.learned import learn
from routing.policy import make_board
from routing.shapes import Adjustment, Evidence, RankedCandidate
from routing.thresholds import CURRENT_POLICY
from tests.factories import make_snapshot
from tests.routing.conftest import entry, models


def ranked(*ratings: tuple[str, float, float]) -> dict[str, RankedCandidate]:
    """The models for coding, with these records: model, share of good ones, count."""
    coding = Category.CODING
    known = learn(Adjustment(Evidence.PERSONAL, model, coding, share, count) for model, share, count in ratings)
    board = make_board(make_snapshot(*models()), Category.CODING, (), known, CURRENT_POLICY)
    return {item.candidate.model_id: item.candidate for item in board.standings}


def drawn(candidate: RankedCandidate, count: int = 400) -> list[float]:
    return [draw_scores([candidate], f"seed {number}", CURRENT_POLICY)[0].drawn for number in range(count)]


def test_the_same_seed_draws_the_same_to_the_last_digit() -> None:
    candidates = list(ranked().values())
    first = draw_scores(candidates, "5e1f", CURRENT_POLICY)
    assert first == draw_scores(candidates, "5e1f", CURRENT_POLICY)
    assert first != draw_scores(candidates, "5e20", CURRENT_POLICY)


def test_a_draw_written_down_once_comes_out_for_ever() -> None:
    """Kept decisions hold draws of this release: a change here must be a new version beside it."""
    big = ranked(("openai/big", 0.9, 10))["openai/big"]
    assert draw_scores([big], "00ff", CURRENT_POLICY)[0].drawn == pytest.approx(91.5512, abs=0)


def test_a_draw_does_not_depend_on_who_else_is_there() -> None:
    found = ranked()
    alone = draw_scores([found["openai/big"]], "a", CURRENT_POLICY)
    among = draw_scores([found["x-ai/wide"], found["openai/big"]], "a", CURRENT_POLICY)
    assert alone[0] == among[1]


def test_draws_lie_around_the_score_that_ranks() -> None:
    big = ranked()["openai/big"]
    some = drawn(replace(big, cost_penalty=7.0))
    assert fmean(some) == pytest.approx(big.score - 7.0, abs=0.8)
    assert pstdev(some) > 2


def test_the_more_is_known_the_less_a_draw_strays() -> None:
    unrated = pstdev(drawn(ranked()["openai/big"]))
    rated = pstdev(drawn(ranked(("openai/big", 0.7, 300))["openai/big"]))
    assert rated < unrated / 3


def test_the_belief_is_the_one_that_ranks() -> None:
    plain = ranked()["openai/big"]
    good, bad = belief_of(plain, CURRENT_POLICY)
    score = next(item for item in models() if item.facts.model_id == "openai/big").scores[Category.CODING]
    assert good + bad == pytest.approx(prior_ratings(score, CURRENT_POLICY))
    rated = ranked(("openai/big", 0.9, 30))["openai/big"]
    more_good, more_bad = belief_of(rated, CURRENT_POLICY)
    assert more_good - good == pytest.approx(27, abs=0.1)
    assert more_bad - bad == pytest.approx(3, abs=0.1)


def test_of_equal_draws_the_one_that_ranks_higher_wins() -> None:
    first, second = draw_scores(list(ranked().values())[:2], "a", CURRENT_POLICY)
    assert best_of([first, replace(second, drawn=first.drawn)]) is first


@given(
    share=st.floats(0, 1),
    count=st.floats(0, 1e6),
    seed=st.text(max_size=40),
    width=st.floats(0, 50),
)
def test_any_record_gives_a_draw_that_is_a_number(share: float, count: float, seed: str, width: float) -> None:
    candidate = ranked(("openai/big", share, count))["openai/big"]
    candidate = replace(candidate, lower=candidate.score - width, upper=candidate.score + width)
    (draw,) = draw_scores([candidate], seed, CURRENT_POLICY)
    assert abs(draw.drawn - ranking_score(candidate)) <= CURRENT_POLICY.score_per_share


def test_a_model_that_nobody_measured_is_drawn_too() -> None:
    score = entry("new/one", 60, "1").scores[Category.CODING]
    unmeasured = replace(score, lower=20.0, upper=100.0, coverage_share=0.0)
    one = entry("new/one", 60, "1", scores=dict.fromkeys(Category, unmeasured))
    board = make_board(make_snapshot(one), Category.CODING, (), learn(()), CURRENT_POLICY)
    wide = pstdev(drawn(board.standings[0].candidate))
    assert wide > pstdev(drawn(ranked()["openai/big"]))
