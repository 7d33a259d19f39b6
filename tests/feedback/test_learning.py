"""What ratings come to, against a slow and obvious oracle, and by the laws that must hold."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from catalog.shapes import Category
from feedback.learning import (
    FORGOTTEN_AFTER,
    HALF_LIFE,
    WORTH_OF_SCORE,
    counted,
    decay,
    share_credit,
    tally,
    week_of,
    weight_of,
    worth_of,
)
from feedback.shapes import CategorySwitch, Lesson, Said, Tally, Verdict
from routing.blending import blend
from routing.shapes import Adjustment, Evidence
from routing.thresholds import CURRENT_POLICY
from tests.factories import make_score

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
CODING, GENERAL = Category.CODING, Category.GENERAL


def lesson(worth: float = 1.0, *, age: timedelta = timedelta(0), weight: float = 1.0, **fields: object) -> Lesson:
    given = {"model_id": "acme/a", "category": CODING, "context_tags": (), **fields}
    return Lesson(worth_share=worth, weight_share=weight, at=MONDAY - age, **given)  # type: ignore[arg-type]  # by name


def one(*lessons: Lesson) -> Tally:
    (found,) = tally(lessons, as_of=MONDAY)
    return found


# --- what one rating says -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "worth"),
    [
        (Said(1), 0.0),
        (Said(3), 0.5),
        (Said(5), 1.0),
        (Said(2, Verdict.ACCEPTED), 0.15),  # the score says more
        (Said(verdict=Verdict.ACCEPTED), 0.85),
        (Said(verdict=Verdict.REDONE), 0.15),
        (Said(verdict=Verdict.SET_ASIDE), None),
    ],
)
def test_what_is_said_has_a_worth(said: Said, worth: float | None) -> None:
    assert worth_of(said) == worth


def test_a_better_score_is_always_worth_more() -> None:
    worths = [WORTH_OF_SCORE[score] for score in range(1, 6)]

    assert worths == sorted(set(worths))


def test_a_comparison_weighs_half_of_a_score() -> None:
    assert weight_of(Said(verdict=Verdict.PREFERRED)) == 0.5
    assert weight_of(Said(4)) == weight_of(Said(verdict=Verdict.REDONE)) == 1.0


def test_a_four_never_lowers_the_best_model_there_can_be() -> None:
    best = make_score(100.0)
    four = Adjustment(Evidence.PERSONAL, "acme/a", CODING, WORTH_OF_SCORE[4], 50.0)

    assert blend(best, [four], CURRENT_POLICY).value >= best.value


def test_three_ratings_move_a_score_less_than_three_hundred() -> None:
    score = make_score(60.0)
    few, many = (
        blend(score, [Adjustment(Evidence.PERSONAL, "acme/a", CODING, 1.0, count)], CURRENT_POLICY).value
        for count in (3.0, 300.0)
    )

    assert score.value < few < many


# --- decay ----------------------------------------------------------------------------------------


def test_a_rating_halves_with_every_half_life() -> None:
    assert [round(decay(HALF_LIFE * times), 6) for times in (0, 1, 2)] == [1.0, 0.5, 0.25]


def test_a_rating_from_the_future_weighs_no_more_than_one_from_now() -> None:
    assert decay(-timedelta(days=400)) == 1.0


def test_decay_is_counted_from_mondays() -> None:
    assert week_of(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == MONDAY
    assert week_of(datetime(2026, 11, 23, tzinfo=UTC)) == MONDAY + timedelta(days=7)


def test_what_is_forgotten_is_left_out() -> None:
    assert tally([lesson(age=FORGOTTEN_AFTER + timedelta(days=1))], as_of=MONDAY) == ()


def test_a_fresh_rating_outweighs_an_old_one() -> None:
    found = one(lesson(1.0), lesson(0.0, age=HALF_LIFE))

    assert found.success_share == pytest.approx(2 / 3, abs=1e-4)
    assert found.sample_count == 1.5
    assert found.rating_count == 2


# --- who gets it ------------------------------------------------------------------------------------


def test_a_runs_rating_is_shared_by_who_did_the_work() -> None:
    places = [("a", CODING, ()), ("b", CODING, ()), ("a", CODING, ()), ("a", GENERAL, ())]

    shares = {(item.model_id, item.category): item.weight_share for item in share_credit(places)}

    assert shares == {("a", CODING): 0.5, ("b", CODING): 0.25, ("a", GENERAL): 0.25}


def test_nodes_with_a_rating_of_their_own_take_their_share_away() -> None:
    (left,) = share_credit([("a", CODING, ())], of_count=4)

    assert left.weight_share == 0.25


def test_a_rating_counts_on_each_of_its_tags_once() -> None:
    found = {
        item.context_tag: item.sample_count for item in tally([lesson(context_tags=("go", "go", "sql"))], as_of=MONDAY)
    }

    assert found == {"": 1.0, "go": 1.0, "sql": 1.0}


def test_categories_that_are_off_or_reset_teach_nothing() -> None:
    lessons = [lesson(), lesson(category=GENERAL, age=timedelta(days=3)), lesson(category=GENERAL)]
    switches = {
        CODING: CategorySwitch(CODING, is_on=False),
        GENERAL: CategorySwitch(GENERAL, counts_from=MONDAY - timedelta(days=1)),
    }

    assert counted(lessons, switches) == (lessons[2],)


# --- the whole, against the obvious --------------------------------------------------------------------


def oracle(lessons: list[Lesson], model_id: str, category: Category, tag: str) -> tuple[float, float] | None:
    weight = worth = 0.0
    for item in lessons:
        days = (MONDAY - item.at).total_seconds() / 86400
        if item.model_id != model_id or item.category != category or days > 840:
            continue
        if tag and tag not in item.context_tags:
            continue
        left = item.weight_share * 2 ** (-max(days, 0) / 120)
        weight += left
        worth += left * item.worth_share
    return (round(worth / weight, 4), round(weight, 4)) if weight else None


@pytest.mark.parametrize("seed", range(5))
def test_tallies_agree_with_a_slow_and_obvious_sum(seed: int) -> None:
    chance = random.Random(seed)
    lessons = [
        lesson(
            chance.choice([0.0, 0.15, 0.5, 0.85, 1.0]),
            age=timedelta(hours=chance.randint(-100, 25_000)),
            weight=chance.choice([1.0, 0.5, 0.2]),
            model_id=chance.choice("abc"),
            category=chance.choice([CODING, GENERAL]),
            context_tags=tuple(chance.sample(["go", "sql", "react"], chance.randint(0, 3))),
        )
        for _ in range(300)
    ]

    found = {(item.model_id, item.category, item.context_tag): item for item in tally(lessons, as_of=MONDAY)}

    for model_id in "abc":
        for category in (CODING, GENERAL):
            for tag in ("", "go", "sql", "react"):
                item, wanted = found[model_id, category, tag], oracle(lessons, model_id, category, tag)
                assert (item.success_share, item.sample_count) == pytest.approx(wanted, abs=2e-4)


def test_the_order_of_ratings_does_not_matter() -> None:
    lessons = [lesson(worth, age=timedelta(days=days)) for days, worth in enumerate([0.0, 0.5, 1.0, 0.15] * 5)]

    assert tally(lessons, as_of=MONDAY) == tally(lessons[::-1], as_of=MONDAY)
