"""A published catalogue of made-up models for the stories about choosing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog.shapes import Capabilities, Category, CategoryScore, Entry
from tests.factories import make_entry, make_facts, make_snapshot, publish_snapshot

SEES = Capabilities(vision=True, function_calling=True, json=True, reasoning=True)
BLIND = Capabilities(function_calling=True, json=True)


def entry(model_id: str, score: float, prompt_usd: str, **changes: object) -> Entry:
    """A measured model with one score for everything, listed under what its facts allow."""
    tokens = changes.pop("context_length_tokens", 200_000)
    price, capabilities = Decimal(prompt_usd), changes.get("capabilities", SEES)
    categories = [Category.GENERAL, Category.CODING, Category.REASONING, Category.CREATIVE, Category.RESEARCH]
    categories += [Category.VISION] if capabilities == SEES else []
    categories += [Category.FAST_CHEAP] if price < 1 else []
    facts = make_facts(model_id, prompt=price, completion=price * 4, context_length_tokens=tokens)
    scores = {item: CategoryScore(score, score - 9, min(score + 9, 100), 1.0) for item in Category}
    return make_entry(
        model_id,
        **{"facts": facts, "scores": scores, "categories": tuple(categories), "capabilities": capabilities, **changes},
    )


def models() -> tuple[Entry, ...]:
    return (
        entry("anthropic/grand", 88, "15"),
        entry("anthropic/middle", 82, "3"),
        entry("openai/big", 84, "5"),
        entry("openai/small", 70, "0.4"),
        entry("x-ai/wide", 76, "2", context_length_tokens=2_000_000),
        entry("google/quick", 72, "0.3"),
        entry("deepseek/blind", 80, "0.5", capabilities=BLIND),
        entry("deepseek/blind:free", 79, "0", capabilities=BLIND, provider="deepseek"),
        entry("openrouter/auto", 99, "1", is_candidate=False, not_candidate_reason="a router"),
    )


@pytest.fixture
def catalogue(db: None) -> None:
    """Nine models of six providers, published."""
    publish_snapshot(make_snapshot(*models()))
