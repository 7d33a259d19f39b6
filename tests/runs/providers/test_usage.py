"""Token counts of every provider: buckets that do not overlap, their sum, and the cents worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.providers.pricing import cost_nano
from runs.providers.usage import (
    estimate_usage,
    read_anthropic_usage,
    read_gemini_usage,
    read_openai_usage,
)
from runs.shapes import Protocol, Usage
from tests.runs.providers.asking import endpoint, read_stream, read_whole, request
from tests.runs.providers.golden import ANTHROPIC, GEMINI, GOLDEN, OPENAI, USUAL, Golden, stream_pieces, whole_answer


def _place(golden: Golden) -> Any:
    prices = golden.prices or USUAL
    provider = {OPENAI: "openai", ANTHROPIC: "anthropic", GEMINI: "gemini"}[golden.protocol]
    named = {"read": "cache_read_usd_per_mtok", "write": "cache_write_usd_per_mtok"}
    rest = {named[name]: Decimal(price) for name, price in prices.items() if name in named}
    return endpoint(
        provider,
        prompt_usd_per_mtok=Decimal(prices["prompt"]),
        completion_usd_per_mtok=Decimal(prices["completion"]),
        **rest,
    )


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
@pytest.mark.parametrize("is_streaming", [False, True], ids=["whole", "stream"])
def test_each_token_is_in_one_bucket_and_paid_for_once(golden: Golden, is_streaming: bool) -> None:
    result = (
        read_stream(golden.protocol, stream_pieces(golden))[0]
        if is_streaming
        else read_whole(golden.protocol, whole_answer(golden))
    )
    usage = result.usage
    assert result.text == "Paris"
    assert (
        usage.fresh_input_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    ) == golden.buckets
    assert usage.total_tokens == golden.total
    assert not usage.is_estimated
    assert cost_nano(usage, _place(golden)) == int(Decimal(golden.usd) * 1_000_000_000)


counts = st.integers(0, 10**7)


@given(prompt=counts, completion=counts, read=counts, written=counts, reasoning=counts, on_top=st.booleans())
def test_openai_buckets_sum_to_the_total_whatever_overlaps(
    prompt: int, completion: int, read: int, written: int, reasoning: int, on_top: bool
) -> None:
    total = prompt + completion + (reasoning if on_top else 0)
    usage = read_openai_usage(
        {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": total,
            "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }
    )
    assert usage
    assert usage.total_tokens == total
    assert usage.input_tokens == prompt
    assert min(_buckets(usage)) >= 0


@given(fresh=counts, read=counts, written=counts, output=counts, thinking=counts)
def test_anthropic_buckets_sum_to_all_four_counts(
    fresh: int, read: int, written: int, output: int, thinking: int
) -> None:
    usage = read_anthropic_usage(
        {
            "input_tokens": fresh,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
            "output_tokens": output,
            "output_tokens_details": {"thinking_tokens": thinking},
        }
    )
    assert usage
    assert usage.total_tokens == fresh + read + written + output
    assert min(_buckets(usage)) >= 0


@given(prompt=counts, cached=counts, tools=counts, output=counts, thoughts=counts, hidden=counts)
def test_gemini_buckets_sum_to_the_total(
    prompt: int, cached: int, tools: int, output: int, thoughts: int, hidden: int
) -> None:
    total = prompt + tools + output + thoughts + hidden
    usage = read_gemini_usage(
        {
            "promptTokenCount": prompt,
            "cachedContentTokenCount": cached,
            "toolUsePromptTokenCount": tools,
            "candidatesTokenCount": output,
            "thoughtsTokenCount": thoughts,
            "totalTokenCount": total,
        }
    )
    assert usage
    assert usage.total_tokens == total
    assert min(_buckets(usage)) >= 0


@pytest.mark.parametrize(
    "block",
    [
        None,
        [],
        "many",
        {},
        {"prompt_tokens": None, "completion_tokens": 3},
        {"prompt_tokens": -4, "completion_tokens": 3},
        {"prompt_tokens": True, "completion_tokens": 3},
        {"prompt_tokens": "12", "completion_tokens": 3},
        {"prompt_tokens": 12},
        {"prompt_tokens": 10**18, "completion_tokens": 10**19, "total_tokens": 11 * 10**18},
        {"prompt_tokens": 2**31, "completion_tokens": 3},
        {"input_tokens": 2**31, "output_tokens": 3},
        {"promptTokenCount": 2**31, "candidatesTokenCount": 3},
    ],
)
def test_what_is_no_count_is_no_usage(block: object) -> None:
    assert read_openai_usage(block) is None
    assert read_anthropic_usage(block) is None
    assert read_gemini_usage(block) is None


@pytest.mark.parametrize("protocol", Protocol)
def test_an_answer_without_counts_is_estimated_and_says_so(protocol: Protocol) -> None:
    golden = Golden("", protocol, {}, (0, 0, 0, 0, 0), 0, "0")
    for result in (read_whole(protocol, whole_answer(golden)), read_stream(protocol, stream_pieces(golden))[0]):
        assert result.usage.is_estimated
        assert 3 <= result.usage.fresh_input_tokens <= 40
        assert 1 <= result.usage.output_tokens <= 3


def test_an_estimate_grows_with_what_was_said() -> None:
    little, much = estimate_usage(request(), "Paris."), estimate_usage(request(), "Paris. " * 100)
    assert much.output_tokens > 50 * little.output_tokens
    assert much.fresh_input_tokens == little.fresh_input_tokens


def _buckets(usage: Usage) -> tuple[int, ...]:
    return (
        usage.fresh_input_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )
