"""What no single voice may do to a score: laws, and a slow oracle for the trimmed mean."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from catalog.shapes import Category, CategoryScore
from feedback.community.aggregation import LEAST_REPORTERS, Vote, count_up, join, trimmed_mean, worth_at
from feedback.community.shapes import Ballot, CommunityScore
from feedback.learning import WORTH_OF_SCORE
from routing.blending import blend
from routing.shapes import Adjustment, Evidence
from routing.thresholds import CURRENT_POLICY

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONTH = date(2026, 11, 1)
# What a score may move on the scale of 0 to 100 when a tenth of all voices lies: less than anybody would notice
# (``same_score`` in routing/thresholds.py is 5).
MOST_MOVED = 5.0


def ballot(who: int, score: int, *, network: str = "", count: int = 1, months_ago: int = 0) -> Ballot:
    at = NOW - timedelta(days=30 * months_ago)
    where = network or f"network {who} of {at:%Y-%m}"
    month = at.date().replace(day=1)
    return Ballot("a/model", Category.CODING, f"instance {who}", where, month, score * count, count, at)


def one(ballots: list[Ballot]) -> CommunityScore:
    (score,) = count_up(ballots, as_of=NOW)
    return score


def slow_trimmed_mean(votes: list[Vote]) -> float:
    """Each vote as many grains as it weighs; a quarter of the grains goes at either end."""
    grains = sorted(vote.score for vote in votes for _ in range(round(vote.weight * 100)))
    cut = len(grains) / 4
    whole = int(cut)
    middle = grains[whole : len(grains) - whole]
    weights = [1.0] * len(middle)
    weights[0] = weights[-1] = 1 - (cut - whole)
    return sum(value * weight for value, weight in zip(middle, weights, strict=True)) / sum(weights)


def test_the_trimmed_mean_is_that_of_the_middle_half() -> None:
    rng = random.Random(7)
    for _ in range(200):
        votes = [Vote(rng.randint(1, 5), rng.randint(10, 100) / 100) for _ in range(rng.randint(3, 60))]
        assert trimmed_mean(votes) == pytest.approx(slow_trimmed_mean(votes))


def test_the_order_of_votes_does_not_matter() -> None:
    rng = random.Random(3)
    ballots = [ballot(who, rng.randint(1, 5), count=rng.randint(1, 9)) for who in range(40)]
    shuffled = rng.sample(ballots, len(ballots))
    assert count_up(ballots, as_of=NOW) == count_up(shuffled, as_of=NOW)


def test_below_twenty_there_is_no_score() -> None:
    assert LEAST_REPORTERS == 20
    assert count_up([ballot(who, 5) for who in range(19)], as_of=NOW) == ()
    assert one([ballot(who, 5) for who in range(20)]).reporter_count == 20


def test_a_network_is_one_reporter_however_many_live_in_it() -> None:
    crowd = [ballot(who, 1, network="one") for who in range(500)]
    assert count_up([*crowd, *(ballot(1000 + who, 5) for who in range(18))], as_of=NOW) == ()


def test_a_network_that_comes_again_each_month_is_counted_once() -> None:
    """Hashes of different months cannot be told apart: nineteen networks look like 114 in half a year."""
    ballots = [ballot(100 * month + who, 5, months_ago=month) for month in range(6) for who in range(19)]
    assert count_up(ballots, as_of=NOW) == ()


def test_an_instance_that_moves_about_is_one() -> None:
    ballots = [ballot(1, 5, network=f"network {number}", months_ago=number % 6) for number in range(60)]
    assert count_up(ballots, as_of=NOW) == ()


@pytest.mark.parametrize("seed", range(20))
def test_one_poster_moves_a_score_by_next_to_nothing(seed: int) -> None:
    rng = random.Random(seed)
    honest = [ballot(who, rng.choice([2, 3, 4, 4, 5, 5])) for who in range(rng.randint(20, 80))]
    before = one(honest)
    for said in (1, 5):
        liar = [ballot(9000 + who, said, network="his", count=1000) for who in range(300)]
        after = one([*honest, *liar])
        assert moved_points(before, after) <= MOST_MOVED / 2
        assert after.reporter_count - before.reporter_count in (0, 5)


@pytest.mark.parametrize("seed", range(20))
def test_a_tenth_of_liars_moves_no_score_by_what_anybody_would_notice(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(30, 200)
    honest = [ballot(who, rng.choice([2, 3, 4, 4, 5, 5])) for who in range(count)]
    for said in (1, 5):
        liars = [ballot(9000 + who, said, count=1000) for who in range(count // 9)]
        assert moved_points(one(honest), one([*honest, *liars])) <= MOST_MOVED


def moved_points(before: CommunityScore, after: CommunityScore) -> float:
    """How far the blended score of a typical model moves from one to the other."""
    return abs(blended(after) - blended(before))


def blended(score: CommunityScore) -> float:
    measured = CategoryScore(70, 61, 79, 1.0)
    said = Adjustment(Evidence.COMMUNITY, "a/model", Category.CODING, score.success_share, score.vote_weight)
    return blend(measured, [said], CURRENT_POLICY).value


def test_old_votes_weigh_less_and_at_last_nothing() -> None:
    fresh = [ballot(who, 5) for who in range(20)]
    assert one(fresh).vote_weight == 20
    older = one([ballot(who, 5, months_ago=4) for who in range(20)])
    assert 9 <= older.vote_weight <= 11
    assert count_up([ballot(who, 5, months_ago=7) for who in range(20)], as_of=NOW) == ()


def test_a_machine_that_rates_is_no_crowd() -> None:
    ballots = [ballot(who, 4, count=1000 if who == 3 else 1) for who in range(20)]
    assert one(ballots).rating_count == 40  # 19 and 25, told in steps of five


def test_worth_follows_the_lessons_of_ratings() -> None:
    assert [worth_at(score) for score in WORTH_OF_SCORE] == list(WORTH_OF_SCORE.values())
    assert worth_at(3.5) == pytest.approx(0.675)
    values = [worth_at(1 + step / 50) for step in range(201)]
    assert values == sorted(values)


def test_publishers_are_joined_by_the_weight_of_their_votes() -> None:
    mine, other = one([ballot(who, 5) for who in range(20)]), one([ballot(who, 1) for who in range(60)])
    (joined,) = join([mine, other])
    assert joined.mean_score == pytest.approx((5 * 20 + 1 * 60) / 80)
    assert (joined.vote_weight, joined.reporter_count) == (80, 80)


def test_no_number_tells_that_one_more_has_joined() -> None:
    before = one([ballot(who, 4) for who in range(21)])
    assert one([ballot(who, 4) for who in range(22)]) == before


def test_very_old_votes_still_weigh_something() -> None:
    assert one([ballot(who, 4, months_ago=6) for who in range(20)]).vote_weight >= 1
