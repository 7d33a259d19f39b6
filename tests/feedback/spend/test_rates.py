"""Many answers priced at once, held against each of them priced as a call is."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from catalog.queries import PricePoint
from feedback.spend.rates import Answer, Rates, costs_of, lay_out, rates_of, tokens_of
from runs.money import price_nano
from runs.spend.shapes import Spent

PRICES = ("0", "3", "0.0975", "15.125", "0.0005", "1.234567890123", "0.33", "-0.0975")


def point(fresh: str | None, out: str | None, read: str | None = None, written: str | None = None) -> PricePoint:
    prices = (None if price is None else Decimal(price) for price in (fresh, out, read, written))
    return PricePoint(datetime(2026, 11, 1, tzinfo=UTC), *prices)


def slow_cost(answers: list[Answer], at: PricePoint) -> int:
    """One answer after the other, each kind of token at its price, as calls are priced."""
    fresh, out = at.prompt_usd_per_mtok or Decimal(0), at.completion_usd_per_mtok or Decimal(0)
    read = fresh if at.cache_read_usd_per_mtok is None else at.cache_read_usd_per_mtok
    written = fresh if at.cache_write_usd_per_mtok is None else at.cache_write_usd_per_mtok
    total = 0
    for tokens, kept, of_count in answers:
        whole = sum(price_nano(count, price) for count, price in zip(tokens, (fresh, read, written, out), strict=True))
        total += round(whole * Fraction(kept, of_count))
    return total


def random_answer(chance: random.Random, most_tokens: int) -> Answer:
    of_count = chance.choice((1, 1, 2, 3, 7, 5000))
    tokens = [chance.choice((0, chance.randrange(most_tokens))) for _ in range(4)]
    return Answer((tokens[0], tokens[1], tokens[2], tokens[3]), chance.randint(0, of_count), of_count)


@pytest.mark.parametrize("most_tokens", [40, 10**7, 10**12, 10**15])  # the last do not fit where numbers are kept
@pytest.mark.parametrize("seed", range(3))
def test_answers_cost_to_the_nano_dollar_what_they_cost_one_by_one(seed: int, most_tokens: int) -> None:
    chance = random.Random(seed)
    works = [[random_answer(chance, most_tokens) for _ in range(chance.randrange(12))] for _ in range(30)]
    points = [
        point(chance.choice(PRICES), chance.choice(PRICES), *(chance.choice((None, *PRICES)) for _ in range(2)))
        for _ in works
    ]
    found = costs_of(lay_out(works), list(map(rates_of, points)))
    assert found == [slow_cost(some, at) for some, at in zip(works, points, strict=True)]


def test_a_price_with_more_digits_than_a_number_holds_is_exact_too() -> None:
    long = point("1.2345678901234567890123", "0.1")
    answer = Answer((987_654_321, 0, 0, 12_345), 2, 3)
    with localcontext(prec=60):
        assert costs_of(lay_out([[answer]]), [rates_of(long)]) == [slow_cost([answer], long)]


@pytest.mark.parametrize(
    ("answers", "rates", "cost"),
    [
        ([], None, 0),  # nothing is needed
        ([Answer((0, 0, 0, 0), 1, 1)], None, None),
        ([Answer((0, 0, 0, 9), 1, 1)], rates_of(point(None, "2")), 18_000),
        ([Answer((0, 0, 0, 9), 1, 1), Answer((1, 0, 0, 0), 1, 1)], rates_of(point(None, "2")), None),
        ([Answer((0, 1, 0, 0), 1, 1)], rates_of(point(None, "2")), None),
        ([Answer((0, 1, 0, 0), 1, 1)], rates_of(point("5", "2", read="1")), 1_000),
    ],
)
def test_work_with_a_price_that_nobody_knows_has_no_cost(
    answers: list[Answer], rates: Rates | None, cost: int | None
) -> None:
    beside = [Answer((1, 0, 0, 0), 1, 1)]
    assert costs_of(lay_out([beside, answers]), [rates_of(point("1", "1")), rates]) == [1_000, cost]


def test_thinking_costs_what_writing_does() -> None:
    assert tokens_of(Spent(1, 2, 3, 4, 5, 6)) == (2, 3, 4, 11)
