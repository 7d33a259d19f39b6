"""What the month will come to."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from feedback.spend.forecast import forecast, student_z

TODAY = date(2026, 11, 21)  # a Saturday; nine days of the month are left


def history(days: int, cost: int = 100) -> dict[date, int]:
    return {TODAY - timedelta(number): cost for number in range(1, days + 1)}


def test_days_that_are_all_alike_go_on_like_that_and_nothing_is_in_doubt() -> None:
    found = forecast({**history(56), TODAY: 30}, today=TODAY, day_share=0.5)
    assert found.spent_nano_usd == 2030
    assert found.expected_nano_usd == 2030 + 50 + 900
    assert found.lower_nano_usd == found.upper_nano_usd == found.expected_nano_usd
    assert found.course[0] == (TODAY, 2080)
    assert found.course[-1] == (date(2026, 11, 30), 2980)


def test_weekends_are_expected_to_cost_what_weekends_cost() -> None:
    costs = {day: 0 if day.weekday() >= 5 else cost for day, cost in history(56).items()}
    found = forecast(costs, today=TODAY, day_share=0.0)
    steps = dict(zip((day for day, _ in found.course[1:]), _steps(found.course), strict=True))
    assert steps[date(2026, 11, 22)] < 20 < 80 < steps[date(2026, 11, 23)]


def _steps(course: tuple[tuple[date, int], ...]) -> list[int]:
    return [after - before for (_, before), (_, after) in pairwise(course)]


@pytest.mark.parametrize("days", [0, 1, 4])
def test_few_days_make_no_forecast(days: int) -> None:
    found = forecast(history(days), today=TODAY, day_share=0.3)
    assert (found.expected_nano_usd, found.lower_nano_usd, found.course) == (None, None, ())
    assert found.day_count == days
    assert found.spent_nano_usd == 100 * days


def test_fewer_days_leave_more_in_doubt() -> None:
    wild = {day: 200 * (day.toordinal() % 2) for day in history(56)}
    few = {day: cost for day, cost in wild.items() if day >= TODAY - timedelta(8)}
    wide, narrow = (forecast(costs, today=TODAY, day_share=0.0) for costs in (few, wild))
    assert _width(wide) > _width(narrow) > 0
    assert wide.lower_nano_usd is not None
    assert wide.lower_nano_usd >= wide.spent_nano_usd


def _width(found: object) -> int:
    return found.upper_nano_usd - found.lower_nano_usd  # type: ignore[attr-defined]


def test_days_before_the_first_spend_are_no_days_without_spend() -> None:
    costs = {**dict.fromkeys(history(56), 0), **history(10)}
    assert forecast(costs, today=TODAY, day_share=1.0).expected_nano_usd == 1000 + 900


def test_a_cap_is_reached_on_the_day_on_which_so_much_will_be_spent() -> None:
    found = forecast(history(56), today=TODAY, day_share=0.0)
    assert found.reached_on(2100) == TODAY
    assert found.reached_on(2101) == TODAY + timedelta(1)
    assert found.reached_on(10**9) is None


@pytest.mark.parametrize(("degrees", "quantile"), [(4, 1.533), (9, 1.383), (30, 1.310), (55, 1.297)])
def test_the_quantiles_are_students(degrees: int, quantile: float) -> None:
    assert student_z(degrees) == pytest.approx(quantile, abs=0.005)
