"""What a plan will cost before any of it is done: expected, likely worst, and worst. Pure.

Prompts are known; how long answers get is not. Their usual lengths stand below, with their spread; the sum over a
plan's nodes takes into account that answers to one task tend to be long together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import ceil, sqrt
from types import MappingProxyType
from typing import Final

from catalog.shapes import Category
from runs.expansion import ITEMS, MOST_ITEMS, MOST_SECTIONS
from runs.ledger.estimate import text_tokens
from runs.money import ceiling_nano
from runs.shapes import CostForecast, Feed, GateKind, ModelChoice, NodeKind, NodeSpec, Plan, Purpose

# Usual answers in tokens, thinking included: the mean of today's models over tasks of the kind. A model that thinks
# before it answers writes several times as much as it shows.
_USUAL_BY_CATEGORY: Final[Mapping[str, int]] = MappingProxyType(
    {
        Category.GENERAL: 900,
        Category.CODING: 2_400,
        Category.REASONING: 2_600,
        Category.VISION: 700,
        Category.FAST_CHEAP: 350,
        Category.RESEARCH: 1_600,
        Category.CREATIVE: 1_400,
    }
)
_USUAL: Final = 1_000
_USUAL_BY_PURPOSE: Final[Mapping[Purpose, int]] = MappingProxyType(
    {
        Purpose.JUDGE: 350,
        Purpose.CRITIC: 450,
        Purpose.OUTLINE: 350,
        Purpose.SECTION: 900,
    }
)
# A merge repeats most of what it merges, but not all of it.
_MERGE_SHARE: Final = 0.6
# Standard deviation of an answer's length as a share of its mean: lengths are skewed, some are several times the usual.
_SPREAD_SHARE: Final = 0.8
# How far the lengths in one run go together: the same task asks all of them for much or for little.
_TOGETHER_SHARE: Final = 0.5
_NINE_IN_TEN: Final = 1.2816  # standard deviations above the mean of a normal sum
# One call in about twenty has to be made again for a passing fault, mostly before anything is billed.
_AGAIN_SHARE: Final = 0.03
# How often a second answer is called for; judges at a threshold of 7 pass about two answers in three.
_GATE_PROB: Final[Mapping[GateKind, float]] = MappingProxyType(
    {GateKind.FAILED_OR_BELOW: 0.35, GateKind.SCORE_BELOW: 0.4}
)
_USUAL_SECTIONS: Final = 5
_USUAL_ITEMS: Final = 6
_MESSAGES_TOKENS: Final = 40  # roles, headings and fences around the texts
_GROUNDING_TOKENS: Final = 6_000  # what a provider that searches puts into the prompt


@dataclass(frozen=True, slots=True)
class _Size:
    """What one node may take: tokens in and out, expected and at most, and how likely it runs at all."""

    prompt: float
    output: float
    most_prompt: int
    most_output: int
    prob: float
    copies: float = 1.0
    most_copies: int = 1


@dataclass(frozen=True, slots=True)
class _Cost:
    mean: float
    deviation: float
    worst: int


def forecast(plan: Plan) -> CostForecast:
    """What this plan will cost; None, with the models named, where a price is unknown."""
    unknown = tuple(
        dict.fromkeys(model.model_id for node in plan.nodes for model in _models(node) if not _has_price(model))
    )
    if unknown:
        return CostForecast(None, None, None, unknown)
    sizes = _measure(plan.nodes)
    costs = [_cost(node, sizes[node.key]) for node in plan.nodes if node.kind is NodeKind.CALL]
    mean = sum(cost.mean for cost in costs)
    apart = sum(cost.deviation**2 for cost in costs)
    together = sum(cost.deviation for cost in costs) ** 2
    deviation = sqrt((1 - _TOGETHER_SHARE) * apart + _TOGETHER_SHARE * together)
    worst = sum(cost.worst for cost in costs)
    likely = min(ceil(mean + _NINE_IN_TEN * deviation), worst)
    return CostForecast(min(ceil(mean), worst), likely, worst)


def _models(node: NodeSpec) -> tuple[ModelChoice, ...]:
    """Who may be paid for this node: rules and searches cost nothing here, and an agent bills its owner itself."""
    if node.kind is not NodeKind.CALL or node.model is None:
        return ()
    return (node.model, *node.fallbacks)


def _has_price(model: ModelChoice) -> bool:
    return model.prompt_usd_per_mtok is not None and model.completion_usd_per_mtok is not None


# --- sizes ---------------------------------------------------------------------------------


def _measure(nodes: Sequence[NodeSpec]) -> dict[str, _Size]:
    """Each node's size, from what it depends on to what depends on it; nodes may stand in any order."""
    sizes: dict[str, _Size] = {}
    for node in sorted(nodes, key=lambda item: item.wave):
        sizes[node.key] = _size(node, [sizes[key] for key in node.depends_on], sizes)
    return sizes


def _size(node: NodeSpec, inputs: Sequence[_Size], sizes: Mapping[str, _Size]) -> _Size:
    fed = inputs if node.feed is not Feed.NONE or node.kind is NodeKind.TRANSFORM else ()
    came = sum(item.output * item.copies * item.prob for item in fed)
    most_came = sum(item.most_output * item.most_copies for item in fed)
    prob = _prob(node, inputs, sizes)
    if node.kind is NodeKind.TRANSFORM:
        # Choosing gives one of the texts on, joining all of them; the larger is the safer guess.
        return _Size(0, came, 0, most_came, prob)
    own = _prompt_tokens(node.prompt, node.system) + (_GROUNDING_TOKENS if node.uses_web_search else 0)
    room = _room(node, own)
    copies, most_copies = _copies(node)
    return _Size(
        prompt=own + min(came, room),
        output=min(_usual_output(node, came), node.max_output_tokens),
        most_prompt=own + min(most_came, room),
        most_output=_most_output(node),
        prob=prob,
        copies=copies,
        most_copies=most_copies,
    )


@lru_cache(maxsize=256)
def _system_tokens(system: str) -> int:
    return text_tokens(system)


def _prompt_tokens(prompt: str, system: str) -> int:
    return text_tokens(prompt) + _system_tokens(system) + _MESSAGES_TOKENS


def _room(node: NodeSpec, own_tokens: int) -> int:
    context = (node.model.context_length_tokens if node.model else None) or 0
    return max(context - own_tokens - node.max_output_tokens, 0) if context else 10**9


def _prob(node: NodeSpec, inputs: Sequence[_Size], sizes: Mapping[str, _Size]) -> float:
    """How likely the node runs: through its gate, and after those without which it cannot."""
    prob = _GATE_PROB[node.gate.kind] * sizes[node.gate.node].prob if node.gate else 1.0
    if node.least_inputs is None and inputs:
        prob = min(prob, *(item.prob for item in inputs))
    return prob


def _usual_output(node: NodeSpec, came_tokens: float) -> float:
    if node.purpose is Purpose.MERGE:
        return max(came_tokens * _MERGE_SHARE, _USUAL)
    if node.kind in (NodeKind.SEARCH, NodeKind.FETCH):
        return float(node.max_output_tokens)
    usual = _USUAL_BY_PURPOSE.get(node.purpose)
    return usual or _USUAL_BY_CATEGORY.get(node.model.category if node.model else "", _USUAL)


def _most_output(node: NodeSpec) -> int:
    """The limit, or what an attempt may take after the first was cut off."""
    ceiling = node.model.max_output_tokens if node.model else None
    grown = 2 * node.max_output_tokens
    if node.kind is not NodeKind.CALL or node.params.get("is_limit_given") or node.max_attempts < 2:
        return node.max_output_tokens
    return min(grown, ceiling) if ceiling else grown


def _copies(node: NodeSpec) -> tuple[float, int]:
    """How many nodes of about this size the node stands for, itself included."""
    if not node.expands:
        return 1.0, 1
    if node.expands == ITEMS:
        return 1.0 + _USUAL_ITEMS, 1 + MOST_ITEMS
    most = node.params.get("most_sections")
    return 1.0 + _USUAL_SECTIONS, 1 + (most if isinstance(most, int) else MOST_SECTIONS)


# --- money ---------------------------------------------------------------------------------


def _cost(node: NodeSpec, size: _Size) -> _Cost:
    model = node.model
    if model is None or model.prompt_usd_per_mtok is None or model.completion_usd_per_mtok is None:
        raise ValueError(f"{node.key} has no model with a known price")
    read = size.prompt * float(model.prompt_usd_per_mtok) * 1_000
    written = size.output * float(model.completion_usd_per_mtok) * 1_000
    once = (read + written) * size.copies
    mean = once * size.prob * (1 + _AGAIN_SHARE)
    # Of a node that may not run: the spread of its length, and that of its running at all.
    variance = size.prob * (written * size.copies * _SPREAD_SHARE) ** 2 + size.prob * (1 - size.prob) * once**2
    return _Cost(mean, sqrt(variance), _worst(node, size))


def _worst(node: NodeSpec, size: _Size) -> int:
    """Every attempt, by the dearest model that may do it, with every token it is allowed."""
    per_attempt = [
        ceiling_nano(size.most_prompt, model.prompt_usd_per_mtok or Decimal(0))
        + ceiling_nano(size.most_output, model.completion_usd_per_mtok or Decimal(0))
        for model in _models(node)
    ]
    return max(per_attempt) * node.max_attempts * size.most_copies
