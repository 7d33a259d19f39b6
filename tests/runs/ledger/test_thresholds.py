"""From which part of a budget on its owner is told."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.ledger.thresholds import THRESHOLDS_PERCENT, next_amount, reached, told

amounts = st.integers(min_value=1, max_value=10**18)


@pytest.mark.parametrize(
    ("spent", "percent"),
    [(0, 0), (49, 0), (50, 50), (79, 50), (80, 80), (99, 80), (100, 100), (250, 100)],
)
def test_the_highest_threshold_counts_that_is_reached(spent: int, percent: int) -> None:
    assert reached(spent, 100) == percent


def test_nothing_is_reached_under_a_cap_that_lets_nothing_through() -> None:
    assert reached(5, 0) == 0
    assert next_amount(0, 0) is None
    assert next_amount(0, None) is None


@given(spent=amounts, cap=amounts)
def test_a_threshold_is_reached_exactly_when_that_share_is_spent(spent: int, cap: int) -> None:
    shares = [percent for percent in THRESHOLDS_PERCENT if Fraction(spent, cap) >= Fraction(percent, 100)]
    assert reached(spent, cap) == max(shares, default=0)


@given(spent=amounts, cap=amounts)
def test_the_next_mark_lies_ahead_and_is_the_first_spend_that_reaches_more(spent: int, cap: int) -> None:
    before = reached(spent, cap)
    mark = next_amount(before, cap)
    if mark is None:
        assert before == 100
    else:
        assert mark > spent
        assert reached(mark, cap) > before
        assert reached(mark - 1, cap) == before


@given(percent=st.sampled_from([0, *THRESHOLDS_PERCENT]), cap=st.integers(min_value=10, max_value=10**18))
def test_what_was_told_can_be_read_from_the_mark(percent: int, cap: int) -> None:
    assert told(next_amount(percent, cap), cap) == percent
