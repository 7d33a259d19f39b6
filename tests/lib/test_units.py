from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspawn.lib.units import plain_decimal, usd_per_mtok


@pytest.mark.parametrize(
    ("per_token", "per_mtok"),
    [("0.0000025", "2.5"), ("0", "0"), ("0.00001", "10"), ("0.1", "100000"), ("0.00000008333333", "0.08333333")],
)
def test_a_price_per_token_becomes_one_per_million(per_token: str, per_mtok: str) -> None:
    assert str(usd_per_mtok(Decimal(per_token))) == per_mtok


@given(st.decimals(min_value=0, max_value=1000, places=12))
def test_plain_decimals_keep_their_value_and_have_no_exponent(value: Decimal) -> None:
    plain = plain_decimal(value)
    assert plain == value
    assert "E" not in f"{plain:f}"
    exponent = plain.as_tuple().exponent
    assert isinstance(exponent, int)
    assert -12 <= exponent <= 0
