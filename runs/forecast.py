"""What a plan will cost before any of it is done: expected, likely worst, and worst. Pure.

Prompts are known; how long answers get is not. Their usual lengths stand below, with their spread; the sum over a
plan's nodes takes into account that answers to one task tend to be long together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from math import ceil, sqrt
from types import MappingProxyType
from typing import Final

from catalog.shapes import Category
from runs.graph.expansion import ITEMS, MOST_ITEMS, MOST_SECTIONS, grow
from runs.money import ceiling_nano, to_nano
from runs.providers.pricing import GROUNDING_TOKENS
from runs.shapes import CostForecast, Feed, GateKind, ModelChoice, NodeKind, NodeSpec, Plan, Purpose
from runs.texts.transforms import CHOOSING
from runs.tokens.estimate import text_tokens

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
# A line of an outline as models write it.
_SECTION_LINE: Final = "Title of the section: what belongs into it and what is left to the other sections of the text"
_MESSAGES_TOKENS: Final = 40  # roles, headings and fences around the texts
# Of the searches that one call may make, models use about so many.
_USUAL_SEARCH_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class _Size:
    """What one node may take: tokens in and out, expected and at most, and how likely it runs at all."""

    prompt: float
    output: float
    most_prompt: int
    most_output: int
    prob: float


@dataclass(frozen=True, slots=True)
class _Cost:
    mean: float
    deviation: float


def forecast(plan: Plan) -> CostForecast:
    """What this plan will cost; None, with the models named, where a price is unknown."""
    unknown = tuple(
        dict.fromkeys(model.model_id for node in plan.nodes for model in _models(node) if not _has_price(model))
    )
    if unknown:
        return CostForecast(None, None, None, unknown)
    usual = _grown(plan.nodes, section_count=_USUAL_SECTIONS, item_count=_USUAL_ITEMS)
    largest = _grown(plan.nodes, section_count=MOST_SECTIONS, item_count=MOST_ITEMS)
    measured = _measured(usual)
    costs = [_usual_cost(node, size) for node, size in measured]
    mean = sum(cost.mean for cost in costs)
    apart = sum(cost.deviation**2 for cost in costs)
    together = sum(cost.deviation for cost in costs) ** 2
    deviation = sqrt((1 - _TOGETHER_SHARE) * apart + _TOGETHER_SHARE * together)
    worst = sum(_worst(node, size) for node, size in (measured if len(largest) == len(usual) else _measured(largest)))
    likely = min(ceil(mean + _NINE_IN_TEN * deviation), worst)
    return CostForecast(min(ceil(mean), worst), likely, worst, unknown_search_fees=_unknown_fees(plan.nodes))


def _models(node: NodeSpec) -> tuple[ModelChoice, ...]:
    """Who may be paid for this node: rules and searches cost nothing here, and an agent bills its owner itself."""
    is_called = node.kind is NodeKind.CALL or node.expands == ITEMS  # a list grows into calls of its model
    return (node.model, *node.fallbacks) if is_called and node.model is not None else ()


def _unknown_fees(nodes: Sequence[NodeSpec]) -> tuple[str, ...]:
    """The models that may search for a fee that nobody publishes."""
    searching = (model for node in nodes if node.uses_web_search for model in _models(node))
    return tuple(dict.fromkeys(model.model_id for model in searching if model.most_search_usd is None))


def _has_price(model: ModelChoice) -> bool:
    return model.prompt_usd_per_mtok is not None and model.completion_usd_per_mtok is not None


# --- sizes ---------------------------------------------------------------------------------


def _grown(nodes: Sequence[NodeSpec], *, section_count: int, item_count: int) -> tuple[NodeSpec, ...]:
    """The nodes with what they will have grown into, if it comes to so many sections and items."""
    added: list[NodeSpec] = []
    waits: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        if node.expands:
            growth = grow(node, _stand_in(node, section_count, item_count))
            added.extend(growth.nodes)
            waits |= growth.depends_on
    if not added:
        return tuple(nodes)
    waiting = (replace(node, depends_on=waits[node.key]) if node.key in waits else node for node in nodes)
    return (*waiting, *added)


def _stand_in(node: NodeSpec, section_count: int, item_count: int) -> str:
    if node.expands == ITEMS:
        return json.dumps(["item"] * item_count)
    return "\n".join(f"{number}. {_SECTION_LINE}" for number in range(1, section_count + 1))


def _measured(nodes: Sequence[NodeSpec]) -> list[tuple[NodeSpec, _Size]]:
    """Each node that may be paid for, with its size."""
    sizes: dict[str, _Size] = {}
    for node in sorted(nodes, key=lambda item: item.wave):
        sizes[node.key] = _size(node, [sizes[key] for key in node.depends_on], sizes)
    return [(node, sizes[node.key]) for node in nodes if node.kind is NodeKind.CALL]


def _size(node: NodeSpec, inputs: Sequence[_Size], sizes: Mapping[str, _Size]) -> _Size:
    prob = _prob(node, inputs, sizes)
    if node.kind is NodeKind.TRANSFORM:
        return _Size(0, *_passed_on(node, inputs), prob)
    fed = inputs if node.feed is not Feed.NONE else ()
    came = sum(item.output * item.prob for item in fed)
    if "item" in node.params:
        came /= _USUAL_ITEMS  # it reads one item of the list
    own = _prompt_tokens(node.prompt, node.system) + (GROUNDING_TOKENS if node.uses_web_search else 0)
    room = _room(node, own)
    return _Size(
        prompt=own + min(came, room),
        output=min(_usual_output(node, came), node.max_output_tokens),
        most_prompt=own + min(sum(item.most_output for item in fed), room),
        most_output=_most_output(node),
        prob=prob,
    )


def _passed_on(node: NodeSpec, inputs: Sequence[_Size]) -> tuple[float, int, int]:
    """What a rule gives on, expected and at most: choosing gives one of the texts, joining all of them."""
    came = [item.output * item.prob for item in inputs]
    most = [item.most_output for item in inputs]
    if node.params.get("rule") in CHOOSING:
        return max(came, default=0.0), 0, max(most, default=0)
    return sum(came), 0, sum(most)


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
    """The longest answer that any attempt may give."""
    return max(_attempt_limits(node, node.model))


def _attempt_limits(node: NodeSpec, model: ModelChoice | None) -> tuple[int, ...]:
    """How long the answer of each attempt may get: once, after it was cut off, twice as long as before."""
    may_grow = bool(_models(node)) and not node.params.get("is_limit_given")
    return _limits(node.max_output_tokens, node.max_attempts, model.max_output_tokens if model else None, may_grow)


@lru_cache(maxsize=256)
def _limits(first: int, attempts: int, ceiling: int | None, may_grow: bool) -> tuple[int, ...]:
    first = min(first, ceiling) if ceiling else first
    grown = min(2 * first, ceiling) if ceiling else 2 * first
    return tuple(grown if number == 1 and may_grow else first for number in range(attempts))


# --- money ---------------------------------------------------------------------------------


def _usual_cost(node: NodeSpec, size: _Size) -> _Cost:
    model = node.model
    if model is None or model.prompt_usd_per_mtok is None or model.completion_usd_per_mtok is None:
        raise ValueError(f"{node.key} has no model with a known price")
    read = size.prompt * float(model.prompt_usd_per_mtok) * 1_000
    written = size.output * float(model.completion_usd_per_mtok) * 1_000
    searched = _USUAL_SEARCH_SHARE * _search_nano(node, model)
    mean = (read + written + searched) * size.prob * (1 + _AGAIN_SHARE)
    # Of a node that may not run: the spread of its length, and that of its running at all.
    whole, spread = read + written + searched, (written + searched) * _SPREAD_SHARE
    variance = size.prob * spread**2 + size.prob * (1 - size.prob) * whole**2
    return _Cost(mean, sqrt(variance))


def _worst(node: NodeSpec, size: _Size) -> int:
    """Every attempt of every model that may do it, with every token that it is allowed."""
    models = _models(node)
    searched = node.max_attempts * sum(_search_nano(node, model) for model in models)
    return searched + sum(_attempts_nano(model, size.most_prompt, _attempt_limits(node, model)) for model in models)


def _search_nano(node: NodeSpec, model: ModelChoice) -> int:
    """The fee for the searches of one call at most, as far as it is known."""
    return to_nano(model.most_search_usd or Decimal(0)) if node.uses_web_search else 0


def _attempts_nano(model: ModelChoice, prompt_tokens: int, limits: Sequence[int]) -> int:
    reads = ceiling_nano(prompt_tokens * len(limits), model.prompt_usd_per_mtok or Decimal(0))
    return reads + ceiling_nano(sum(limits), model.completion_usd_per_mtok or Decimal(0))
