"""From a node and what it depends on to what is sent: messages, limits, the form of the answer. Pure.

What other steps wrote goes in as text under a heading, fenced as material, and is cut where it would not fit
the model; a cut is always visible, with the number of characters that are missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from runs.shapes import ChatRequest, Feed, JsonObject, NodeInput, NodeSpec, NodeStatus
from runs.texts.cutting import cut_to_share
from runs.texts.schema_check import is_strict
from runs.texts.wording import MATERIAL_RULES, fence, schema_rules
from runs.tokens.estimate import text_tokens

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# For a model that nobody knows the context length of; most local servers are set to at least this.
ASSUMED_CONTEXT_TOKENS: Final = 16_384
# Kept free: estimates err, and providers add words of their own.
_SPARE_SHARE: Final = 0.1
_LEAST_INPUT_TOKENS: Final = 500
DEFAULT_TIMEOUT_S: Final = 180.0


def build_request(spec: NodeSpec, inputs: Sequence[NodeInput], *, timeout_s: float = DEFAULT_TIMEOUT_S) -> ChatRequest:
    """The whole call for this node; its own time limit goes before the given one."""
    return ChatRequest(
        messages=build_messages(spec, inputs),
        max_output_tokens=_output_limit(spec),
        temperature=spec.temperature,
        response_format=response_format(spec),
        uses_web_search=spec.uses_web_search,
        timeout_s=spec.timeout_s or timeout_s,
    )


def build_messages(spec: NodeSpec, inputs: Sequence[NodeInput]) -> tuple[JsonObject, ...]:
    """What the model reads: the role with the rules on material, then task, material and form of the answer."""
    sections = _material(spec, inputs) if spec.feed is not Feed.NONE else []
    rules = schema_rules(json.dumps(spec.schema, ensure_ascii=False)) if spec.schema is not None else ""
    user = "\n\n".join(part for part in (spec.prompt, *sections, rules) if part)
    # A prompt may quote material itself, without having inputs.
    has_material = bool(sections) or "</material id=" in spec.prompt
    system = "\n\n".join(part for part in (spec.system, MATERIAL_RULES if has_material else "") if part)
    spoken: tuple[JsonObject, ...] = ({"role": "user", "content": user},)
    return ({"role": "system", "content": system}, *spoken) if system else spoken


def response_format(spec: NodeSpec) -> JsonObject | None:
    """How providers that enforce a schema are asked to; they take objects only, others get it in words alone."""
    if spec.schema is None or spec.schema.get("type") != "object":
        return None
    body: dict[str, Any] = {"name": "answer", "schema": msgspec.to_builtins(spec.schema)}
    return {"type": "json_schema", "json_schema": {**body, "strict": is_strict(spec.schema)}}


def _output_limit(spec: NodeSpec) -> int:
    """A stand-in may be able to write less than the model that the limit was set for."""
    ceiling = spec.model.max_output_tokens if spec.model else None
    return min(spec.max_output_tokens, ceiling) if ceiling else spec.max_output_tokens


def label_of(spec: NodeSpec, key: str) -> str:
    """The letter under which a candidate is shown; it stays the same whoever else failed."""
    place = spec.depends_on.index(key)
    return LETTERS[place] if place < len(LETTERS) else str(place + 1)


# --- material ------------------------------------------------------------------------------


def _material(spec: NodeSpec, inputs: Sequence[NodeInput]) -> list[str]:
    came = [item for item in _in_order(spec, inputs) if item.status is NodeStatus.COMPLETED]
    texts = [_text_of(spec, item) for item in came]
    cut = cut_to_share(texts, budget_tokens=room_tokens(spec), most_chars=_most_chars(spec))
    shown = [_section(spec, item, text) for item, text in zip(came, cut, strict=True)]
    missing = [_missing(item) for item in _in_order(spec, inputs) if item.status is NodeStatus.FAILED]
    if not shown and not missing:
        return []
    return [_HEADINGS[spec.feed], *shown, *missing]


_HEADINGS: Final[Mapping[Feed, str]] = {
    Feed.CONTEXT: "## Results of earlier steps",
    Feed.CANDIDATES: "## The answers",
    Feed.PREVIOUS: "## The text",
}


def _in_order(spec: NodeSpec, inputs: Sequence[NodeInput]) -> list[NodeInput]:
    """As depended on; candidates in an order that says nothing, for models favour what stands first."""
    by_key = {item.key: item for item in inputs}
    ordered = [by_key[key] for key in spec.depends_on if key in by_key]
    if spec.feed is not Feed.CANDIDATES:
        return ordered
    return sorted(ordered, key=lambda item: hashlib.sha256(f"{spec.prompt[-200:]}{item.key}".encode()).digest())


def _section(spec: NodeSpec, item: NodeInput, text: str) -> str:
    if spec.feed is Feed.PREVIOUS and len(spec.depends_on) == 1:
        return fence(text)
    heading = f"Answer {label_of(spec, item.key)}" if spec.feed is Feed.CANDIDATES else item.title
    return f"### {_one_line(heading)}\n\n{fence(text)}"


def _missing(item: NodeInput) -> str:
    return f"### {_one_line(item.title)}\n\n(This step failed and gave no result.)"


def _text_of(spec: NodeSpec, item: NodeInput) -> str:
    """The input's text, or the one item of its list that this node is to work on."""
    place = spec.params.get("item")
    if isinstance(place, int) and isinstance(item.data, list) and place < len(item.data):
        picked = item.data[place]
        return picked if isinstance(picked, str) else json.dumps(picked, ensure_ascii=False)
    return item.output


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


def room_tokens(spec: NodeSpec) -> int:
    """How many tokens of material fit beside everything else."""
    context = (spec.model.context_length_tokens if spec.model else None) or ASSUMED_CONTEXT_TOKENS
    taken = spec.max_output_tokens + text_tokens(spec.prompt) + text_tokens(spec.system)
    taken += text_tokens(json.dumps(spec.schema)) if spec.schema is not None else 0
    return max(int(context * (1 - _SPARE_SHARE)) - taken, _LEAST_INPUT_TOKENS)


def _most_chars(spec: NodeSpec) -> int | None:
    most = spec.params.get("max_input_chars")
    return most if isinstance(most, int) else None
