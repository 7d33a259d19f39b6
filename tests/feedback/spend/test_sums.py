"""Sums of spend, held against every line of the ledger added up one by one."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest

from runs.ledger.facets import Facet
from runs.ledger.latencies import BOUNDS_MS, quantile_ms
from runs.models import LedgerEntry
from runs.spend.lines import list_lines, stream_lines
from runs.spend.queries import cost_by_day, look_over_sums, sums_by, sums_by_day
from runs.spend.shapes import Dimension, LineCursor, Period, Slice, Spent, sum_up
from tests.feedback.spend.books import TODAY, line, lines_of, random_history, value_of, write

PERIOD = Period(date(2026, 11, 20), date(2026, 11, 21))
SLICES = [
    Slice(),
    Slice(user_id=1),
    Slice(is_simulated=True),
    Slice(filters=((Dimension.STATUS, "uncertain"),)),
    Slice(filters=((Dimension.CATEGORY, ""), (Dimension.MODE, "cascade"))),
    Slice(user_id=2, filters=((Dimension.KEY, "0"),)),
    Slice(filters=((Dimension.USER, "0"), (Dimension.PURPOSE, "judge"))),
]


def spent_of(entries: list[LedgerEntry]) -> Spent:
    """The lines added up, each figure in the most obvious way."""
    timed = [entry for entry in entries if entry.latency_ms is not None]
    estimated = [entry for entry in entries if entry.is_estimated]
    edges = (-1, *BOUNDS_MS, 10**12)
    took = tuple(
        sum(entry.call_count for entry in timed if low < (entry.latency_ms or 0) <= high)
        for low, high in pairwise(edges)
    )
    names = ("call_count", "fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    names += ("reasoning_tokens", "cost_nano_usd", "reserved_nano_usd")
    return Spent(
        *(sum(getattr(entry, name) for entry in entries) for name in names),
        latency_ms=sum(entry.latency_ms or 0 for entry in timed),
        estimated_count=sum(entry.call_count for entry in estimated),
        estimated_nano_usd=sum(entry.cost_nano_usd for entry in estimated),
        took_counts=took,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_every_sum_is_that_of_its_lines(seed: int) -> None:
    random_history(seed)
    for part in SLICES:
        entries = lines_of(part, PERIOD)
        days = sums_by_day(part, PERIOD)
        assert {day: spent for day, spent in days.items() if spent != Spent()} == {
            day: spent_of([entry for entry in entries if entry.day == day])
            for day in {entry.day for entry in entries}
            if spent_of([entry for entry in entries if entry.day == day]) != Spent()
        }
        for dimension in Dimension:
            wanted = defaultdict(list)
            for entry in entries:
                wanted[value_of(entry, dimension)].append(entry)
            (found,) = sums_by(part, Facet(dimension.value), [PERIOD])
            assert found == {value: spent_of(some) for value, some in wanted.items()}, dimension
            assert sum_up(found.values()) == spent_of(entries)
        streamed = list(stream_lines(part, PERIOD))
        assert {item.line_id for item in streamed} == {entry.pk for entry in entries}
        assert sum(item.cost_nano_usd for item in streamed) == sum_up(days.values()).cost_nano_usd


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_many_periods_side_by_side_or_apart_each_hold_their_own_days(seed: int) -> None:
    chance = random.Random(seed)
    first = TODAY - timedelta(days=60)
    write(*(line(first + timedelta(days=place), cost=1 << place) for place in range(61)))
    cuts = sorted(chance.sample(range(61), 24))
    periods = [Period(first + timedelta(days=a), first + timedelta(days=b - 1)) for a, b in pairwise(cuts)]
    periods = [item for item in periods if seed % 2 or chance.random() < 0.6]  # with gaps, or without
    chance.shuffle(periods)
    found = sums_by(Slice(), Facet.ALL, periods)
    costs = [sum(1 << (day - first).days for day in item.days) for item in periods]
    assert [sum_up(some.values()).cost_nano_usd for some in found] == costs


@pytest.mark.django_db
def test_the_three_answers_of_one_query_are_those_of_three() -> None:
    random_history(9)
    former = PERIOD.former
    for part in SLICES:
        days, now, before = look_over_sums(part, Dimension.MODEL, PERIOD, Period(former.first, PERIOD.last))
        whole_now, whole_before = sums_by(part, Facet.MODEL, (PERIOD, former))
        assert now == whole_now
        assert before.keys() == whole_before.keys()
        for value, some in before.items():
            whole = whole_before[value]
            assert (some.call_count, some.cost_nano_usd) == (whole.call_count, whole.cost_nano_usd)
            assert (some.token_count, some.took_counts) == (whole.token_count, Spent().took_counts)
        assert {day: sum_up(some.values()) for day, some in days.items()} == sums_by_day(
            part, Period(former.first, PERIOD.last)
        )


@pytest.mark.django_db
def test_the_cost_of_each_day_and_value_is_that_of_its_lines() -> None:
    write(line(cost=5, model_id="a/a"), line(cost=7, model_id="a/a"), line(TODAY - timedelta(1), 9, model_id="b/b"))
    for part in (Slice(), Slice(filters=((Dimension.MODE, "single"),))):
        costs = cost_by_day(part, Dimension.MODEL, PERIOD, ["a/a", "b/b"])
        assert costs == {(TODAY, "a/a"): 12, (TODAY - timedelta(1), "b/b"): 9}
        assert cost_by_day(part, Dimension.MODEL, PERIOD, []) == {}


@pytest.mark.django_db
def test_pages_of_lines_hold_each_line_once_and_none_is_left_out() -> None:
    write(*(line(TODAY - timedelta(number % 3), number) for number in range(1, 24)))
    part, period = Slice(), Period(TODAY - timedelta(5), TODAY)
    days, seen, after = sums_by_day(part, period), [], None
    while page := list_lines(part, days, after=after, most=5):
        seen += page
        after = LineCursor(page[-1].day, page[-1].line_id)
    assert len({item.line_id for item in seen}) == len(seen) == 23
    assert [(item.day, item.line_id) for item in seen] == sorted(
        ((item.day, item.line_id) for item in seen), reverse=True
    )


def test_a_median_lies_in_the_band_of_the_middle_call() -> None:
    counts = [0, 0, 0, 3, 1] + [0] * 6  # three between one and two seconds, one up to four
    assert 1000 < (quantile_ms(counts, 0.5) or 0) <= 2000
    assert 2000 < (quantile_ms(counts, 0.95) or 0) <= 4000
    assert quantile_ms([0] * 11, 0.5) is None
    assert quantile_ms([0] * 10 + [4], 0.5) == 128_000
