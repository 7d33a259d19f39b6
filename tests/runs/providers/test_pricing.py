"""What a call costs: computed, reported, and the two beside each other."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.providers.pricing import CallCost, cost_nano, most_search_usd, price_call
from runs.shapes import ChatResult, Endpoint, Usage
from tests.runs.providers.asking import endpoint

counts = st.integers(0, 10**7)
usages = st.builds(Usage, counts, counts, counts, counts, counts)


def slow_cost_usd(usage: Usage, place: Endpoint) -> Decimal:
    """The oracle: bucket by bucket, in dollars."""
    assert place.prompt_usd_per_mtok is not None
    assert place.completion_usd_per_mtok is not None
    read = place.cache_read_usd_per_mtok
    write = place.cache_write_usd_per_mtok
    usd = Decimal(usage.fresh_input_tokens) / 1_000_000 * place.prompt_usd_per_mtok
    usd += Decimal(usage.cache_read_tokens) / 1_000_000 * (place.prompt_usd_per_mtok if read is None else read)
    usd += Decimal(usage.cache_write_tokens) / 1_000_000 * (place.prompt_usd_per_mtok if write is None else write)
    usd += Decimal(usage.output_tokens) / 1_000_000 * place.completion_usd_per_mtok
    return usd + Decimal(usage.reasoning_tokens) / 1_000_000 * place.completion_usd_per_mtok


@given(usage=usages, read=st.sampled_from([None, "0.3", "0"]), write=st.sampled_from([None, "3.75"]))
def test_the_cost_is_that_of_every_bucket(usage: Usage, read: str | None, write: str | None) -> None:
    place = endpoint(
        cache_read_usd_per_mtok=None if read is None else Decimal(read),
        cache_write_usd_per_mtok=None if write is None else Decimal(write),
    )
    cost = cost_nano(usage, place)
    assert cost is not None
    assert abs(cost - slow_cost_usd(usage, place) * 1_000_000_000) <= Decimal("0.5")


@given(usage=usages, more=usages)
def test_more_tokens_never_cost_less(usage: Usage, more: Usage) -> None:
    place = endpoint(cache_read_usd_per_mtok=Decimal("0.0375"))
    total = Usage(*(getattr(usage, name) + getattr(more, name) for name in BUCKETS))
    assert (cost_nano(total, place) or 0) >= (cost_nano(usage, place) or 0)


BUCKETS = ("fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")


def test_a_few_tokens_of_a_cheap_model_do_not_vanish() -> None:
    cheap = endpoint(prompt_usd_per_mtok=Decimal("0.02"), completion_usd_per_mtok=Decimal("0.0375"))
    assert cost_nano(Usage(fresh_input_tokens=10), cheap) == 200
    assert cost_nano(Usage(output_tokens=1), cheap) == 38  # 37.5, rounded once


@pytest.mark.parametrize("missing", ["prompt_usd_per_mtok", "completion_usd_per_mtok"])
def test_an_unknown_price_makes_an_unknown_cost_and_no_free_call(missing: str) -> None:
    place = replace(endpoint(), **{missing: None})
    assert cost_nano(Usage(fresh_input_tokens=5, output_tokens=5), place) is None


def test_a_price_that_is_not_needed_may_be_unknown() -> None:
    assert cost_nano(Usage(fresh_input_tokens=5), endpoint(completion_usd_per_mtok=None)) == 10_000
    assert cost_nano(Usage(cache_read_tokens=5), endpoint(cache_read_usd_per_mtok=Decimal(1))) == 5_000


def test_a_free_model_costs_nothing() -> None:
    assert (
        cost_nano(Usage(9, 9, 9, 9, 9), endpoint(prompt_usd_per_mtok=Decimal(0), completion_usd_per_mtok=Decimal(0)))
        == 0
    )


@pytest.mark.parametrize(
    ("provider", "model", "nano"),
    [
        ("anthropic", "claude-sonnet-4-5", 10_000_000),
        ("gemini", "gemini-2.5-flash", 35_000_000),
        ("gemini", "gemini-3-pro", 14_000_000),
        ("openrouter", "x", 0),
    ],
)
def test_a_search_costs_what_the_provider_asks_for_it(provider: str, model: str, nano: int) -> None:
    usage = Usage(search_count=1)
    assert cost_nano(usage, endpoint(provider, model)) == nano
    assert usage.total_tokens == 0


def test_what_a_provider_reports_goes_before_what_we_compute_and_both_are_kept() -> None:
    result = ChatResult(text="x", usage=Usage(fresh_input_tokens=1000), reported_cost_usd=Decimal("0.0019"))
    assert price_call(result, endpoint()) == CallCost(1_900_000, 2_000_000, 1_900_000)
    unreported = replace(result, reported_cost_usd=None)
    assert price_call(unreported, endpoint()) == CallCost(2_000_000, 2_000_000, None)
    unpriced = endpoint(prompt_usd_per_mtok=None)
    assert price_call(result, unpriced) == CallCost(1_900_000, None, 1_900_000)
    assert price_call(unreported, unpriced) == CallCost(None, None, None)


def test_a_reported_zero_is_a_zero() -> None:
    result = ChatResult(text="x", usage=Usage(fresh_input_tokens=1000), reported_cost_usd=Decimal(0))
    assert price_call(result, endpoint()).cost_nano_usd == 0


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("anthropic", "claude-sonnet-4.5", Decimal("0.05")),  # five searches, which is what its tool is allowed
        ("gemini", "gemini-2.5-flash", Decimal("0.035")),
        ("gemini", "gemini-3-pro", Decimal("0.07")),
        ("openrouter", "x/y", Decimal("0.05")),
        ("groq", "compound", None),
    ],
)
def test_what_searches_of_one_call_cost_at_most(provider: str, model: str, usd: Decimal | None) -> None:
    assert most_search_usd(endpoint(provider, model)) == usd
