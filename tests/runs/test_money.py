"""Dollars to nano-dollars and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.money import ceiling_nano, format_usd, price_nano, to_nano, to_usd
from smartspawn.lib.errors import InvalidParam


@pytest.mark.parametrize(
    ("usd", "nano"),
    [("1", 10**9), ("0.000000001", 1), ("0.0000000005", 1), ("0.00000000049", 0), ("-0.5", -5 * 10**8), ("0", 0)],
)
def test_dollars_become_whole_nano_dollars_half_of_one_rounded_up(usd: str, nano: int) -> None:
    assert to_nano(usd) == nano


@pytest.mark.parametrize("nonsense", ["", "five", "NaN", "Infinity", "1e30"])
def test_what_is_no_amount_is_refused(nonsense: str) -> None:
    with pytest.raises(InvalidParam):
        to_nano(nonsense)


@given(st.integers(-(10**18), 10**18))
def test_nothing_is_lost_on_the_way_to_dollars_and_back(nano: int) -> None:
    assert to_nano(to_usd(nano)) == nano


@given(st.integers(0, 10**7), st.decimals(0, 1000, places=6))
def test_a_price_is_tokens_times_price_to_the_nano_dollar(tokens: int, usd_per_mtok: Decimal) -> None:
    exact = Decimal(tokens) * usd_per_mtok / Decimal(1_000_000) * 10**9
    assert abs(price_nano(tokens, usd_per_mtok) - exact) <= Decimal("0.5")
    assert 0 <= ceiling_nano(tokens, usd_per_mtok) - exact < 1


def test_ten_tokens_of_the_cheapest_model_do_not_vanish() -> None:
    assert price_nano(10, Decimal("0.02")) == 200


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "$0.00"),
        (1_234_567_890_123, "$1,234.57"),
        (123_456_789, "$0.123"),
        (1_500_000, "$0.0015"),
        (200, "$0.0000002"),
        (1, "$0.000000001"),
        (-20_000_000, "-$0.02"),
        (500_000_000, "$0.50"),
    ],
)
def test_small_amounts_stay_visible_to_people(nano: int, text: str) -> None:
    assert format_usd(nano) == text
