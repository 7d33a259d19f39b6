"""What trying others brought: tried picks beside their leaders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.shapes import Category
from feedback.exploring.results import compare, make_cells, mean_of
from feedback.exploring.shapes import Heard, Paid
from feedback.posterior import posterior
from routing.exploring.shapes import Explored

START = datetime(2026, 11, 1, tzinfo=UTC)
CODING = Category.CODING


def pick(tried: str = "a/near", leader: str = "b/lead", **changes: object) -> Explored:
    fields = {"category": CODING, "made_at": START, "extra_nano_usd": 1_000, **changes}
    return Explored(uuid4(), kind="pick", model_id=tried, leader_id=leader, behind_points=1.0, **fields)  # type: ignore[arg-type]


def heard(model: str, worth: float, trial: UUID | None = None, *, days: int = 1, category: Category = CODING) -> Heard:
    return Heard(model, category, worth, 1.0, START + timedelta(days=days), trial)


def paid(model: str, cost: int, trial: UUID | None = None, *, days: int = 1) -> Paid:
    return Paid(model, CODING.value, cost, START + timedelta(days=days), trial)


def test_each_side_is_judged_by_its_own_work() -> None:
    one, two = pick(), pick(made_at=START + timedelta(days=2))
    said = [
        heard("a/near", 1.0, one.decision_id),
        heard("a/near", 0.0),  # chosen as a leader of its own, or by hand: no trial
        heard("b/lead", 0.5, days=3),
        heard("b/lead", 0.0, days=-3),  # before anything was tried
        heard("b/lead", 0.0, category=Category.CREATIVE),
    ]
    (cell,) = make_cells([one, two], said, [])
    assert (cell.pick_count, cell.first_at, cell.expected_extra_nano_usd) == (2, START, 2_000)
    assert (cell.tried.rating_count, cell.tried.belief) == (1, posterior(1.0, 1.0))
    assert (cell.leader.rating_count, cell.leader.belief) == (1, posterior(0.5, 1.0))
    assert cell.difference == compare(posterior(1.0, 1.0), posterior(0.5, 1.0))


def test_a_model_tried_for_two_leaders_is_judged_apart() -> None:
    first, second = pick(leader="b/lead"), pick(leader="c/lead")
    cells = make_cells([first, second], [heard("a/near", 1.0, second.decision_id)], [])
    assert {cell.leader_id: cell.tried.rating_count for cell in cells} == {"b/lead": 0, "c/lead": 1}


def test_what_nobody_rated_has_no_difference() -> None:
    (cell,) = make_cells([pick()], [heard("b/lead", 1.0)], [])
    assert (cell.tried.belief, cell.difference) == (None, None)


def test_costs_are_of_one_pick_each_with_their_interval() -> None:
    some = [pick() for _ in range(3)]
    costs = [paid("a/near", cost, item.decision_id) for cost, item in zip((10, 20, 30), some, strict=True)]
    (cell,) = make_cells(some, [], [*costs, paid("b/lead", 12), paid("b/lead", 99, days=-1)])
    assert cell.tried.cost
    assert (cell.tried.cost.value, cell.tried.cost.count) == (20, 3)
    assert cell.tried.cost.lower == pytest.approx(20 - 1.2816 * 10 / 3**0.5)
    assert cell.leader.cost == mean_of([12])
    assert (cell.leader.cost.lower, cell.leader.cost.upper) == (None, None)  # type: ignore[union-attr]  # just seen


RATES = st.tuples(st.floats(0, 1), st.floats(0, 500))


@given(RATES, RATES)
def test_the_difference_lies_within_its_interval_and_changes_sign_with_its_sides(
    tried: tuple[float, float], leader: tuple[float, float]
) -> None:
    there, back = compare(posterior(*tried), posterior(*leader)), compare(posterior(*leader), posterior(*tried))
    assert -1 <= there.lower <= there.value <= there.upper <= 1
    assert there.value == pytest.approx(-back.value)
    assert there.lower == pytest.approx(-back.upper, abs=1e-5)


def test_three_good_ratings_are_not_yet_clear_and_three_hundred_are() -> None:
    assert not compare(posterior(1.0, 3), posterior(0.6, 3)).is_clear
    assert compare(posterior(0.9, 300), posterior(0.6, 300)).is_clear
