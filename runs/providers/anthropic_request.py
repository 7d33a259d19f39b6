"""A request in the words of Anthropic's messages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from runs.providers.json_reading import count_at, dig, text_at
from runs.providers.narrow_schemas import narrow_schema
from runs.providers.openai_messages import (
    Blob,
    Link,
    Part,
    Said,
    Text,
    ToolOutcome,
    ToolUse,
    cannot_say,
    read_conversation,
)
from runs.providers.wire import WireCall
from runs.shapes import ChatRequest, Endpoint, JsonObject, Thought

# From models that cannot be held to a schema, a structured answer is asked for as the input of a tool they must use.
ANSWER_TOOL: Final = "give_structured_answer"
_VERSION: Final = "2023-06-01"
_SEARCH_TOOL: Final = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}
_CHOICES: Final[Mapping[object, str]] = {"auto": "auto", "required": "any", "none": "none"}
# Later models refuse a temperature, and think unless they are told not to, which rules out that a tool is forced on
# them; they can be held to a schema. A name that is not known here is taken for a later one.
_EARLIER: Final = re.compile(r"claude-(?:3\b|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8})?$)")
_EFFORTS: Final[Mapping[str, str]] = {
    "minimal": "low",
    **{word: word for word in ("low", "medium", "high", "xhigh", "max")},
}
# These think with a number of tokens alone, all later than _EARLIER as they see fit; those between take either.
_COUNTED: Final = re.compile(r"claude-(?:3\b|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8})?$)")
_THOUGHT_TOKENS: Final[Mapping[str, int]] = {"low": 4_096, "medium": 16_384}
_MUCH_THOUGHT_TOKENS: Final = 31_999
_LEAST_THOUGHT_TOKENS: Final = 1_024  # fewer are refused
_LEAST_ANSWER_TOKENS: Final = 1
_THOUGHTLESS: Final = re.compile(r"claude-3-(?!7)")
_encoder = msgspec.json.Encoder()


def build(endpoint: Endpoint, request: ChatRequest, secret: str, *, is_streaming: bool) -> WireCall:
    """The request in this protocol's words; raises CallFailed for what it has no words for."""
    conversation = read_conversation(request.messages)
    thinking = _wanted_thinking(endpoint, request)
    may_think = text_at(thinking, "type") in ("enabled", "adaptive")
    body: dict[str, object] = {
        "model": endpoint.wire_model,
        "max_tokens": request.max_output_tokens,
        "messages": [
            {"role": "assistant" if turn.is_model else "user", "content": _blocks(turn.parts, may_think=may_think)}
            for turn in conversation.turns
        ],
    }
    if conversation.system:
        body["system"] = [_block(part) for part in conversation.system]
    if request.temperature is not None and _EARLIER.match(endpoint.wire_model):
        body["temperature"] = min(request.temperature, 1.0)
    body |= {"thinking": thinking} if thinking else {}
    body |= _extra(request.extra) | _structure(endpoint, request, thinks=thinking is not None)
    body |= _output_config(endpoint, request, body.get("output_config"))
    if is_streaming:
        body["stream"] = True
    headers = {"x-api-key": secret, "anthropic-version": _VERSION, "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": request.idempotency_key} if request.idempotency_key else {}
    return WireCall(f"{endpoint.base_url.rstrip('/')}/messages", headers, _encoder.encode(body))


def _output_config(endpoint: Endpoint, request: ChatRequest, format_config: object) -> dict[str, object]:
    """How hard to think, where the model takes a word on it, beside the form of the answer."""
    effort = _EFFORTS.get(text_at(request.thinking, "effort") or text_at(request.extra, "reasoning_effort"))
    if effort is None or _EARLIER.match(endpoint.wire_model):
        return {}
    return {"output_config": {**(format_config if isinstance(format_config, Mapping) else {}), "effort": effort}}


def _extra(extra: JsonObject) -> dict[str, object]:
    """What of a caller's further wishes this protocol knows under another name."""
    stop = extra.get("stop")
    body: dict[str, object] = {}
    if stop:
        body["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    return body


def _wanted_thinking(endpoint: Endpoint, request: ChatRequest) -> JsonObject | None:
    """How the model is to think, in the words that it takes: a client knows only the name that it asked for."""
    wanted = request.thinking or request.extra.get("thinking")
    if not isinstance(wanted, Mapping) or _THOUGHTLESS.match(endpoint.wire_model):
        return None
    said = {name: value for name, value in wanted.items() if name != "effort"}
    kind = said.get("type")
    if kind == "enabled" and not _EARLIER.match(endpoint.wire_model):
        return {name: value for name, value in said.items() if name != "budget_tokens"} | {"type": "adaptive"}
    if kind == "enabled" or (kind == "adaptive" and _COUNTED.match(endpoint.wire_model)):
        return _counted_thinking(wanted, request.max_output_tokens)
    return said


def _counted_thinking(wanted: JsonObject, most_tokens: int) -> JsonObject | None:
    """Thinking with a number of tokens, which leaves room for an answer; None where there is none for both."""
    told = count_at(wanted, "budget_tokens") or _THOUGHT_TOKENS.get(text_at(wanted, "effort"), _MUCH_THOUGHT_TOKENS)
    budget_tokens = min(told, most_tokens - _LEAST_ANSWER_TOKENS)
    return {"type": "enabled", "budget_tokens": budget_tokens} if budget_tokens >= _LEAST_THOUGHT_TOKENS else None


def _structure(endpoint: Endpoint, request: ChatRequest, *, thinks: bool) -> dict[str, object]:
    """Tools, and the form that the answer is held to."""
    schema = dig(request.response_format, "json_schema", "schema")
    is_plain = not request.tools and not request.uses_web_search
    if not isinstance(schema, Mapping) or not is_plain or schema.get("type") != "object":
        return _tools(endpoint, request, thinks=thinks)
    if _EARLIER.match(endpoint.wire_model) and not thinks:
        tool = {"name": ANSWER_TOOL, "description": "Give the answer in this form.", "input_schema": schema}
        return {"tools": [tool], "tool_choice": {"type": "tool", "name": ANSWER_TOOL}}
    narrowed = narrow_schema(schema)
    return {"output_config": {"format": {"type": "json_schema", "schema": narrowed}}} if narrowed else {}


def _tools(endpoint: Endpoint, request: ChatRequest, *, thinks: bool) -> dict[str, object]:
    tools: list[object] = [_tool(tool) for tool in request.tools]
    tools += [_SEARCH_TOOL] if request.uses_web_search else []
    body: dict[str, object] = {"tools": tools} if tools else {}
    choice = _tool_choice(request) if request.tools else {}
    is_forced = choice.get("type") in ("any", "tool")
    if is_forced and not thinks and not _EARLIER.match(endpoint.wire_model):
        body["thinking"] = {"type": "disabled"}
    return body | ({"tool_choice": choice} if choice else {})


def _tool(tool: JsonObject) -> JsonObject:
    parameters = dig(tool, "function", "parameters")
    described: dict[str, object] = {"name": text_at(tool, "function", "name")}
    described["input_schema"] = parameters or {"type": "object", "properties": {}}
    words = text_at(tool, "function", "description")
    return described | ({"description": words} if words else {})


def _tool_choice(request: ChatRequest) -> dict[str, object]:
    wanted = request.tool_choice
    name = text_at(wanted, "function", "name")
    is_single = request.extra.get("parallel_tool_calls") is False
    kind = "tool" if name else _CHOICES.get(wanted, "auto") if isinstance(wanted, str) else "auto"
    if kind == "auto" and wanted is None and not is_single:
        return {}
    choice: dict[str, object] = {"type": kind, **({"name": name} if name else {})}
    return choice | ({"disable_parallel_tool_use": True} if is_single and kind != "none" else {})


def _blocks(parts: Sequence[Part], *, may_think: bool) -> list[dict[str, object]]:
    """The blocks of a turn; of what a model thought only what its maker can prove, and wants while it thinks."""
    blocks = []
    for part in parts:
        if not isinstance(part, Thought):
            blocks.append(_block(part))
        elif may_think and (part.signature or part.redacted):
            blocks.append(_thought_block(part))
    return blocks


def _thought_block(thought: Thought) -> dict[str, object]:
    if thought.redacted:
        return {"type": "redacted_thinking", "data": thought.redacted}
    return {"type": "thinking", "thinking": thought.text, "signature": thought.signature}


def _block(part: Said) -> dict[str, object]:
    match part:
        case Text(text, cache):
            return {"type": "text", "text": text} | ({"cache_control": cache} if cache else {})
        case Blob(media_type, data):
            source = {"type": "base64", "media_type": media_type, "data": data}
            return {"type": _kind_of(media_type), "source": source}
        case Link(url):
            return {"type": "image", "source": {"type": "url", "url": url}}
        case ToolUse(id, name, arguments):
            return {"type": "tool_use", "id": id, "name": name, "input": arguments}
        case ToolOutcome(id, _, text, cache):
            outcome: dict[str, object] = {"type": "tool_result", "tool_use_id": id, "content": text}
            return outcome | ({"cache_control": cache} if cache else {})


def _kind_of(media_type: str) -> str:
    if media_type.startswith("image/"):
        return "image"
    if media_type == "application/pdf":
        return "document"
    raise cannot_say(f"content of type {media_type}")
