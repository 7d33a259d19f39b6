"""What kind of model an entry is: capabilities, tier, tags, categories, and whether it may be chosen."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from catalog.shapes import Budget, Capabilities, Category, CategoryScore, ModelFacts, Speed, Tier

# USD per million prompt tokens, both ends inclusive; the ancestor's clients rely on these ranges.
BUDGET_RANGES_USD_PER_MTOK: Final[Mapping[Budget, tuple[Decimal, Decimal | None]]] = MappingProxyType(
    {
        Budget.LOW: (Decimal(0), Decimal(1)),
        Budget.MEDIUM: (Decimal(0), Decimal(5)),
        Budget.HIGH: (Decimal(2), Decimal(20)),
        Budget.ANY: (Decimal(0), None),
    }
)

LONG_CONTEXT_TOKENS: Final = 100_000
FAST_TOKENS_PER_S: Final = 100
SLOW_TOKENS_PER_S: Final = 30
CHEAP_BELOW_USD_PER_MTOK: Final = Decimal("0.5")
FAST_CHEAP_BELOW_USD_PER_MTOK: Final = Decimal(1)
PREMIUM_FROM_USD_PER_MTOK: Final = Decimal(5)
LARGE_PROVIDERS: Final = frozenset({"anthropic", "openai", "google", "x-ai"})
LARGE_PROVIDER_PREMIUM_FROM_USD_PER_MTOK: Final = Decimal(2)

_ROUTER_PROVIDER: Final = "openrouter"
# Models for one fixed job, which answer no free task: judging safety, merging edits into a file.
_MODERATION: Final = re.compile(r"(?:^|[-/])(?:llama-guard|guard|\w*safeguard|content-safety|moderation)(?:-|:|$)")
_EDIT_APPLIER: Final = re.compile(r"^(?:morph/morph-v\d|relace/relace-apply)")


# --- identity ------------------------------------------------------------------------------


def provider_of(model_id: str) -> str:
    """The part before the slash, without the mark of a moving alias."""
    return model_id.split("/", 1)[0].lstrip("~")


def base_id_of(model_id: str, listed_ids: Collection[str]) -> str:
    """The listed model that a variant such as ``:free`` is another offer of; else the id itself."""
    base_id = model_id.split(":", 1)[0]
    return base_id if base_id in listed_ids else model_id


def is_router(facts: ModelFacts) -> bool:
    """True for an entry that hands each request to some other model."""
    return bool(
        facts.alias_target
        or facts.model_id.startswith("~")
        or provider_of(facts.model_id) == _ROUTER_PROVIDER
        or facts.pricing.is_dynamic
    )


def candidate_refusal(facts: ModelFacts, *, as_of: date | None = None) -> str:
    """Why the entry may not be chosen for a task; "" for a candidate."""
    for refusal in (_identity_refusal(facts), _output_refusal(facts), _price_refusal(facts)):
        if refusal:
            return refusal
    if as_of and facts.expires_on and facts.expires_on < as_of:
        return f"withdrawn on {facts.expires_on.isoformat()}"
    return ""


def _identity_refusal(facts: ModelFacts) -> str:
    model_id = facts.model_id
    if facts.alias_target or model_id.startswith("~"):
        return "a moving alias: the model behind it changes without notice"
    if provider_of(model_id) == _ROUTER_PROVIDER:
        return "a router: another model answers each request"
    if model_id.endswith(":batch"):
        return "a batch offer: answers come within a day, not at once"
    if _MODERATION.search(model_id):
        return "a moderation model: it judges texts and does no other task"
    return "an edit applier: it merges edits and does no other task" if _EDIT_APPLIER.search(model_id) else ""


def _output_refusal(facts: ModelFacts) -> str:
    outputs = set(facts.output_modalities)
    if outputs and "text" not in outputs:
        return "gives no text"
    others = sorted(outputs - {"text"})
    return f"made for {' and '.join(others)} output" if others else ""


def _price_refusal(facts: ModelFacts) -> str:
    pricing = facts.pricing
    if pricing.is_dynamic:
        return "its price is set per request"
    if pricing.prompt_usd_per_mtok is None or pricing.completion_usd_per_mtok is None:
        return "its price is not known"
    if pricing.prompt_usd_per_mtok < 0 or pricing.completion_usd_per_mtok < 0:
        return "its listed price is negative"
    return ""


# --- classification ------------------------------------------------------------------------


def capabilities_of(facts: ModelFacts) -> Capabilities:
    """What the model's listed parameters and inputs say that it can do."""
    parameters = set(facts.supported_parameters)
    return Capabilities(
        vision="image" in facts.input_modalities,
        function_calling="tools" in parameters,
        json=bool(parameters & {"structured_outputs", "response_format"}),
        reasoning=bool(parameters & {"reasoning", "include_reasoning"}),
    )


def tier_of(provider: str, prompt_usd_per_mtok: Decimal | None) -> Tier:
    """The price class; an unknown price is in the middle one."""
    price = prompt_usd_per_mtok
    if price is None:
        return Tier.STANDARD
    if provider in LARGE_PROVIDERS and price >= LARGE_PROVIDER_PREMIUM_FROM_USD_PER_MTOK:
        return Tier.PREMIUM
    if price < CHEAP_BELOW_USD_PER_MTOK:
        return Tier.BUDGET
    return Tier.STANDARD if price < PREMIUM_FROM_USD_PER_MTOK else Tier.PREMIUM


def tags_of(facts: ModelFacts, capabilities: Capabilities, speed: Speed | None) -> tuple[str, ...]:
    """The ancestor's tags, in its order; what is not known earns none."""
    price = facts.pricing.prompt_usd_per_mtok
    tokens_per_s = speed.output_tokens_per_s if speed else None
    is_tagged = {
        "long-context": (facts.context_length_tokens or 0) >= LONG_CONTEXT_TOKENS,
        "multimodal": capabilities.vision,
        "reasoning": capabilities.reasoning,
        "tool-use": capabilities.function_calling,
        "structured-output": capabilities.json,
        "cheap": price is not None and 0 <= price < CHEAP_BELOW_USD_PER_MTOK,
        "fast": bool(tokens_per_s) and (tokens_per_s or 0) >= FAST_TOKENS_PER_S,
        "slow": bool(tokens_per_s) and (tokens_per_s or 0) < SLOW_TOKENS_PER_S,
    }
    return tuple(tag for tag, applies in is_tagged.items() if applies)


def categories_of(
    facts: ModelFacts,
    capabilities: Capabilities,
    scores: Mapping[Category, CategoryScore],
    *,
    good_score: float,
) -> tuple[Category, ...]:
    """What the model is listed under: fit by its facts, or good by what was measured of it."""
    price = facts.pricing.prompt_usd_per_mtok

    def is_measured_good(category: Category) -> bool:
        score = scores.get(category)
        return score is not None and score.coverage_share > 0 and score.value >= good_score

    is_listed = {
        Category.GENERAL: True,
        Category.VISION: capabilities.vision,
        Category.FAST_CHEAP: price is not None and 0 <= price < FAST_CHEAP_BELOW_USD_PER_MTOK,
        Category.RESEARCH: (facts.context_length_tokens or 0) >= LONG_CONTEXT_TOKENS,
        Category.CODING: is_measured_good(Category.CODING),
        Category.REASONING: capabilities.reasoning or is_measured_good(Category.REASONING),
        Category.CREATIVE: is_measured_good(Category.CREATIVE),
    }
    return tuple(category for category, applies in is_listed.items() if applies)
