"""Prices beside others' word for them, and prices worked out from bills."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from feedback.reconciling.drift import (
    LEAST_CALLS,
    Direction,
    PriceFinding,
    UnitPrices,
    compare_prices,
    prices_of_bills,
)
from runs.spend.bills import ComparedCall
from tests.feedback.reconciling.calls import call

TRUE = {Direction.INPUT: 2.5, Direction.OUTPUT: 10.0, Direction.CACHE_READ: 0.25}


def bills(count: int, *, noise: float = 0.0, cached: bool = True, seed: int = 1) -> list[ComparedCall]:
    """Calls that were billed at the true prices, each with an error of its own."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        fresh, out = chance.randint(100, 9_000), chance.randint(20, 3_000)
        read = chance.choice((0, chance.randint(500, 20_000))) if cached else 0
        exact = 1_000 * (fresh * TRUE[Direction.INPUT] + out * TRUE[Direction.OUTPUT])
        exact += 1_000 * read * TRUE[Direction.CACHE_READ]
        tokens = {"fresh_input_tokens": fresh, "output_tokens": out, "cache_read_tokens": read}
        made.append(call(1, round(exact * (1 + chance.gauss(0, noise))), **tokens))
    return made


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_bills_tell_the_prices_they_were_made_from(seed: int, noise: float) -> None:
    found = prices_of_bills(bills(200, noise=noise, seed=seed))
    assert found is not None
    assert found.call_count == 200
    for direction, price in found.usd_per_mtok.items():
        assert float(price) == pytest.approx(TRUE[direction], rel=0.05)
    assert {Direction.INPUT, Direction.OUTPUT} <= found.usd_per_mtok.keys()


def test_some_calls_that_another_place_served_do_not_hide_the_price() -> None:
    odd = [replace(item, reported_nano_usd=item.reported_nano_usd // 2) for item in bills(20, seed=2)]
    found = prices_of_bills([*bills(200), *odd])
    assert found is not None
    assert float(found.usd_per_mtok[Direction.INPUT]) == pytest.approx(TRUE[Direction.INPUT], rel=0.01)
    assert float(found.usd_per_mtok[Direction.OUTPUT]) == pytest.approx(TRUE[Direction.OUTPUT], rel=0.01)


def test_few_bills_tell_nothing() -> None:
    assert prices_of_bills(bills(LEAST_CALLS - 1)) is None


def test_prices_that_always_went_together_are_not_told_apart() -> None:
    together = [call(1, 1_000 * n, fresh_input_tokens=n, output_tokens=2 * n) for n in range(100, 200)]
    assert prices_of_bills(together) is None


def test_bills_that_no_price_explains_tell_none() -> None:
    chance = random.Random(3)
    wild = [call(1, chance.randint(1_000, 10_000_000), fresh_input_tokens=1_000, output_tokens=n) for n in range(60)]
    assert prices_of_bills(wild) is None


def test_a_direction_that_nearly_no_call_used_makes_no_guess() -> None:
    some = [*bills(60, cached=False), call(1, 900_000, cache_write_tokens=500)]
    assert prices_of_bills(some) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "flagged"),
    [("1", "1.05", False), ("1", "1.051", True), ("1", "0.94", True), ("0", "0", False), ("0", "1", True)],
)
def test_more_than_a_twentieth_is_told_of(ours: str, theirs: str, flagged: bool) -> None:
    finding = PriceFinding("acme/alpha", Direction.INPUT, "bills", Decimal(ours), Decimal(theirs))
    assert finding.is_flagged is flagged


def test_a_price_that_one_side_does_not_know_is_not_compared() -> None:
    ours = {"acme/alpha": UnitPrices("catalogue", {Direction.INPUT: Decimal(1)})}
    told = UnitPrices("list", {Direction.INPUT: Decimal(2), Direction.OUTPUT: Decimal(8)})
    found = list(compare_prices(ours, [("acme/alpha", told), ("acme/unknown", told)]))
    assert [(item.model_id, item.direction) for item in found] == [("acme/alpha", Direction.INPUT)]
