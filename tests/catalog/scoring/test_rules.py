"""What kind of model an entry is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from catalog.rules import (
    BUDGET_RANGES_USD_PER_MTOK,
    base_id_of,
    candidate_refusal,
    capabilities_of,
    categories_of,
    provider_of,
    tags_of,
    tier_of,
)
from catalog.shapes import Budget, Capabilities, Category, CategoryScore, Pricing, Speed, Tier
from tests.catalog.scoring.builders import make_facts

LISTED = {"lab/one", "lab/one:free", "lab/two:free"}


@pytest.mark.parametrize(
    ("model_id", "base_id"),
    [("lab/one:free", "lab/one"), ("lab/one", "lab/one"), ("lab/two:free", "lab/two:free"), ("x/y:batch", "x/y:batch")],
)
def test_a_variant_belongs_to_the_listed_model_before_the_colon(model_id: str, base_id: str) -> None:
    assert base_id_of(model_id, LISTED) == base_id


def test_the_provider_is_what_stands_before_the_slash() -> None:
    assert provider_of("anthropic/claude-opus-4.8") == "anthropic"
    assert provider_of("~openai/gpt-latest") == "openai"


@pytest.mark.parametrize(
    ("model_id", "reason"),
    [
        ("anthropic/claude-opus-4.8", ""),
        ("nvidia/nemotron-nano-9b-v2:free", ""),
        ("inclusionai/ring-2.6-1t", ""),
        ("openrouter/auto", "router"),
        ("~openai/gpt-latest", "moving alias"),
        ("openai/gpt-5.5:batch", "batch"),
        ("meta-llama/llama-guard-4-12b", "moderation"),
        ("openai/gpt-oss-safeguard-20b", "moderation"),
        ("nvidia/nemotron-3.5-content-safety:free", "moderation"),
        ("morph/morph-v3-fast", "edit applier"),
        ("relace/relace-apply-3", "edit applier"),
        ("relace/relace-search", ""),
        ("lab/vanguard-7b", ""),
    ],
)
def test_a_refusal_gives_its_reason(model_id: str, reason: str) -> None:
    refusal = candidate_refusal(make_facts(model_id))
    assert reason in refusal
    assert bool(refusal) == bool(reason)


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [(("text",), ""), ((), ""), (("image",), "no text"), (("image", "text"), "image"), (("text", "audio"), "audio")],
)
def test_a_model_made_for_other_output_is_no_candidate(outputs: tuple[str, ...], reason: str) -> None:
    refusal = candidate_refusal(make_facts(output_modalities=outputs))
    assert reason in refusal
    assert bool(refusal) == bool(reason)


@pytest.mark.parametrize(
    ("pricing", "reason"),
    [
        (Pricing(is_dynamic=True), "per request"),
        (Pricing(), "not known"),
        (Pricing(prompt_usd_per_mtok=Decimal(1)), "not known"),
        (Pricing(prompt_usd_per_mtok=Decimal(-1), completion_usd_per_mtok=Decimal(1)), "negative"),
        (Pricing(prompt_usd_per_mtok=Decimal(0), completion_usd_per_mtok=Decimal(0)), ""),
    ],
)
def test_a_model_without_a_certain_price_is_no_candidate(pricing: Pricing, reason: str) -> None:
    refusal = candidate_refusal(replace(make_facts(), pricing=pricing))
    assert reason in refusal
    assert bool(refusal) == bool(reason)


def test_a_withdrawn_model_is_no_candidate_from_the_day_after() -> None:
    facts = make_facts(expires_on=date(2026, 7, 22))
    assert candidate_refusal(facts, as_of=date(2026, 7, 22)) == ""
    assert candidate_refusal(facts, as_of=date(2026, 7, 23)) == "withdrawn on 2026-07-22"


@pytest.mark.parametrize(
    ("parameters", "inputs", "expected"),
    [
        ((), ("text",), Capabilities()),
        (("tools",), ("text",), Capabilities(function_calling=True)),
        (("response_format",), ("text",), Capabilities(json=True)),
        (("structured_outputs",), ("text",), Capabilities(json=True)),
        (("include_reasoning",), ("text",), Capabilities(reasoning=True)),
        (("reasoning",), ("text", "image"), Capabilities(reasoning=True, vision=True)),
        (("temperature",), ("text", "file", "audio"), Capabilities()),
    ],
)
def test_capabilities_are_read_from_parameters_and_inputs(
    parameters: tuple[str, ...], inputs: tuple[str, ...], expected: Capabilities
) -> None:
    assert capabilities_of(make_facts(parameters=parameters, inputs=inputs)) == expected


@pytest.mark.parametrize(
    ("provider", "price", "tier"),
    [
        ("anthropic", "2", Tier.PREMIUM),
        ("anthropic", "1.99", Tier.STANDARD),
        ("openai", "0.49", Tier.BUDGET),
        ("qwen", "0.5", Tier.STANDARD),
        ("qwen", "4.99", Tier.STANDARD),
        ("qwen", "5", Tier.PREMIUM),
        ("qwen", "0", Tier.BUDGET),
        ("openai", None, Tier.STANDARD),
    ],
)
def test_tiers_follow_provider_and_price(provider: str, price: str | None, tier: Tier) -> None:
    assert tier_of(provider, None if price is None else Decimal(price)) is tier


@pytest.mark.parametrize(
    ("facts", "tokens_per_s", "tags"),
    [
        ({"context": 99_999, "prompt": "0.5"}, None, ()),
        ({"context": 100_000, "prompt": "0.49"}, 100.0, ("long-context", "cheap", "fast")),
        ({"context": None, "prompt": None}, 29.9, ("slow",)),
        ({"context": 1, "prompt": "3"}, 30.0, ()),
        (
            {
                "context": 1,
                "prompt": "3",
                "inputs": ("text", "image"),
                "parameters": ("tools", "reasoning", "response_format"),
            },
            None,
            ("multimodal", "reasoning", "tool-use", "structured-output"),
        ),
    ],
)
def test_tags_name_what_is_known(facts: dict[str, object], tokens_per_s: float | None, tags: tuple[str, ...]) -> None:
    made = make_facts(**facts)
    speed = None if tokens_per_s is None else Speed(output_tokens_per_s=tokens_per_s)
    assert tags_of(made, capabilities_of(made), speed) == tags


def score(value: float, coverage: float) -> CategoryScore:
    return CategoryScore(value, value - 5, value + 5, coverage_share=coverage)


@pytest.mark.parametrize(
    ("scores", "listed"),
    [
        ({Category.CODING: score(70, 0.5)}, True),
        ({Category.CODING: score(70, 0.0)}, False),  # predicted good is not measured good
        ({Category.CODING: score(54.9, 1.0)}, False),
        ({}, False),
    ],
)
def test_a_model_is_listed_under_coding_when_it_was_measured_good_at_it(
    scores: dict[Category, CategoryScore], listed: bool
) -> None:
    categories = categories_of(make_facts(), Capabilities(), scores, good_score=55)
    assert (Category.CODING in categories) == listed
    assert Category.GENERAL in categories


def test_facts_list_a_model_under_vision_fast_cheap_research_and_reasoning() -> None:
    facts = make_facts(prompt="0.99", context=100_000)
    categories = categories_of(facts, Capabilities(vision=True, reasoning=True), {}, good_score=55)
    assert set(categories) == set(Category) - {Category.CODING, Category.CREATIVE}
    dear = categories_of(make_facts(prompt=None, context=None), Capabilities(), {}, good_score=55)
    assert dear == (Category.GENERAL,)


def test_budgets_are_the_ranges_that_clients_rely_on() -> None:
    ranges = {budget.value: (low, high) for budget, (low, high) in BUDGET_RANGES_USD_PER_MTOK.items()}
    assert ranges == {"low": (0, 1), "medium": (0, 5), "high": (2, 20), "any": (0, None)}
    assert set(BUDGET_RANGES_USD_PER_MTOK) == set(Budget)
