"""OpenAI's messages, read into parts that the other protocols write in their own words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runs.providers.faults import CallFailed, FaultCode, make_fault
from runs.providers.json_reading import decode, dig, rows_at, text_at
from runs.shapes import JsonObject, Thought

_DATA_URL: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[^;,]+)*;base64,", re.ASCII)
_SYSTEM_ROLES: Final = ("system", "developer")
# Of a message of a model: what it thought, as Anthropic's own blocks. No other provider is shown it.
THOUGHTS_FIELD: Final = "thinking_blocks"
# Of a part of a message: up to here a provider is asked to keep what it has read.
MARK_FIELD: Final = "cache_control"


@dataclass(frozen=True, slots=True)
class Text:
    """Words; ``cache`` marks the end of what a provider is asked to keep for the next call."""

    text: str
    cache: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """A picture, a sound or a document, with its content."""

    media_type: str
    data: str  # base64


@dataclass(frozen=True, slots=True)
class Link:
    """A picture that the provider is to fetch."""

    url: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that the model called."""

    id: str
    name: str
    arguments: JsonObject
    signature: str = ""  # Gemini wants back what it thought


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a tool answered."""

    id: str
    name: str
    text: str
    cache: JsonObject | None = None


Said = Text | Blob | Link | ToolUse | ToolOutcome
Part = Said | Thought


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says until the other one does."""

    is_model: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The whole of it, with what stands above."""

    system: tuple[Text, ...]
    turns: tuple[Turn, ...]


def read_conversation(messages: Sequence[JsonObject]) -> Conversation:
    """The messages in turns; raises CallFailed for a part that no other protocol can say."""
    system: list[Text] = []
    turns: list[Turn] = []
    tool_names: dict[str, str] = {}
    for message in messages:
        role = text_at(message, "role")
        if role in _SYSTEM_ROLES:
            system += [part for part in _content(message) if isinstance(part, Text)]
            continue
        parts = _parts(role, message, tool_names)
        is_model = role == "assistant"
        if turns and turns[-1].is_model == is_model:
            parts = turns.pop().parts + parts
        turns.append(Turn(is_model, parts))
    return Conversation(tuple(system), tuple(turn for turn in turns if turn.parts))


def _parts(role: str, message: JsonObject, tool_names: dict[str, str]) -> tuple[Part, ...]:
    if role == "tool":
        used = text_at(message, "tool_call_id")
        texts = [part for part in _content(message) if isinstance(part, Text)]
        words = "\n".join(part.text for part in texts)
        cache = texts[-1].cache if texts else None
        return (ToolOutcome(used, tool_names.get(used) or text_at(message, "name"), words, cache),)
    uses = tuple(_tool_use(call) for call in rows_at(message, "tool_calls"))
    tool_names.update((use.id, use.name) for use in uses)
    return (*map(_thought, rows_at(message, THOUGHTS_FIELD)), *_content(message), *uses)


def _thought(block: JsonObject) -> Thought:
    return Thought(text_at(block, "thinking"), text_at(block, "signature"), text_at(block, "data"))


def _content(message: JsonObject) -> tuple[Text | Blob | Link, ...]:
    plain = text_at(message, "content")
    if plain:
        return (Text(plain),)
    return tuple(_part(part) for part in rows_at(message, "content"))


def _part(part: JsonObject) -> Text | Blob | Link:
    kind = text_at(part, "type")
    if kind in ("text", "input_text", "refusal"):
        cache = dig(part, MARK_FIELD)
        return Text(text_at(part, "text") or text_at(part, "refusal"), cache if isinstance(cache, Mapping) else None)
    if kind == "image_url":
        return _picture(text_at(part, "image_url", "url") or text_at(part, "image_url"))
    if kind == "input_audio":
        return Blob(f"audio/{text_at(part, 'input_audio', 'format')}", text_at(part, "input_audio", "data"))
    if kind == "file" and (found := _blob(text_at(part, "file", "file_data"))):
        return found
    raise cannot_say(f"a part of type {kind!r}")


def _picture(url: str) -> Blob | Link:
    found = _blob(url)
    if found:
        return found
    if not url.startswith(("https://", "http://")):
        raise cannot_say("a picture that is neither an address nor data in base64")
    return Link(url)


def _blob(url: str) -> Blob | None:
    head = _DATA_URL.match(url)
    return Blob(head.group(1).lower(), url[head.end() :]) if head else None


def _tool_use(call: JsonObject) -> ToolUse:
    arguments = decode(text_at(call, "function", "arguments"))
    return ToolUse(
        id=text_at(call, "id"),
        name=text_at(call, "function", "name"),
        arguments=arguments if isinstance(arguments, Mapping) else {},
        signature=text_at(call, "extra_content", "google", "thought_signature"),
    )


def cannot_say(what: str) -> CallFailed:
    """The refusal of something that the protocol of this place has no words for; another may have."""
    return CallFailed(make_fault(FaultCode.BAD_REQUEST, f"{what} cannot be sent to this provider"))
