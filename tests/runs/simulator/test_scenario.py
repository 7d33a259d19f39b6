"""Chance that can be repeated: latency, faults and prices of the simulated provider."""

from __future__ import annotations

import statistics
from decimal import Decimal

import pytest

from runs.simulator.scenario import Latency, Scenario, parse_latency
from smartspawn.lib.errors import InvalidParam


@pytest.mark.parametrize(
    ("text", "latency"),
    [
        ("100ms", Latency(100)),
        ("1.5s", Latency(1500)),
        ("0", Latency(0)),
        ("250", Latency(250)),
        ("lognormal:100:0.5", Latency(100, 0.5)),
    ],
)
def test_a_latency_is_read(text: str, latency: Latency) -> None:
    assert parse_latency(text) == latency


@pytest.mark.parametrize(
    "text", ["", "fast", "-5ms", "nan", "lognormal:100", "lognormal:a:b", "lognormal:100:-1", "99999s"]
)
def test_what_is_no_latency_is_refused(text: str) -> None:
    with pytest.raises(InvalidParam):
        parse_latency(text)


def test_a_fixed_latency_is_always_the_same() -> None:
    assert {Latency(100).draw_ms(share) for share in (0.0, 0.3, 0.999)} == {100}


def test_a_lognormal_latency_has_its_median_and_its_spread() -> None:
    scenario = Scenario(latency=Latency(100, 0.5))
    drawn = [scenario.latency.draw_ms(scenario.draw(str(number)).latency) for number in range(4000)]
    assert statistics.median(drawn) == pytest.approx(100, rel=0.05)
    # Nine in ten lie below 100 x e^(0.5 x 1.2816) = 189.8 ms.
    assert statistics.quantiles(drawn, n=10)[8] == pytest.approx(189.8, rel=0.07)


def test_faults_come_as_often_as_they_should() -> None:
    scenario = Scenario()
    drawn = [scenario.draw(str(number)).fault for number in range(10_000)]
    assert sum(fault < 0.1 for fault in drawn) == pytest.approx(1000, abs=100)


def test_the_same_call_meets_the_same_fate_in_whatever_order() -> None:
    one, other = Scenario(seed=7), Scenario(seed=7)
    names = [f"call-{number}" for number in range(50)]
    assert [one.draw(name) for name in names] == list(reversed([other.draw(name) for name in reversed(names)]))
    assert one.draw("call-1") != Scenario(seed=8).draw("call-1")


def test_prices_are_exact() -> None:
    scenario = Scenario(prompt_usd_per_mtok=Decimal("0.0375"), completion_usd_per_mtok=Decimal("1.5"))
    assert scenario.cost_nano(1, 0) == 38  # 37.5
    assert scenario.cost_nano(1000, 1000) == 37_500 + 1_500_000
