"""Rates as people write them."""

from __future__ import annotations

import pytest

from smartspawn.access.rates import Rate, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("200/min", Rate(200, 60)),
        ("2/h", Rate(2, 3600)),
        (" 10 / 5 min ", Rate(10, 300)),
        ("1/s", Rate(1, 1)),
        ("1000/DAY", Rate(1000, 86_400)),
        ("off", None),
        ("OFF", None),
    ],
)
def test_a_written_rate_is_read(text: str, rate: Rate | None) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "200", "0/min", "-1/min", "200/minute-ish", "200/0min", "1.5/s", "9999999/s", "200 per min", "none"]
)
def test_anything_else_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ValueError, match="off"):
        parse_rate(text)
