"""What a conversation says that choosing looks at: its task, its needs, how it began. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from runs.providers.json_reading import rows_at, text_at
from runs.shapes import JsonObject

# A message of fewer signs ("yes, please", "and in French?") says nothing of the work; those before it do.
SHORT_CHARS: Final = 60
_TASK_CHARS: Final = 8_000
_SYSTEM_ROLES: Final = ("system", "developer")
_PICTURES: Final = ("image_url", "input_image", "image")


def task_of(messages: Sequence[JsonObject]) -> str:
    """The work in the user's words: the last message, with those before it where it is short."""
    said: list[str] = []
    for text in reversed([text_of(message) for message in messages if message.get("role") == "user"]):
        if text:
            said.insert(0, text)
        if sum(map(len, said)) >= SHORT_CHARS:
            break
    return "\n".join(said)[:_TASK_CHARS]


def text_of(message: JsonObject) -> str:
    """The words of a message, without pictures and calls."""
    parts = (text_at(part, "text") for part in rows_at(message, "content"))
    return (text_at(message, "content") or "\n".join(filter(None, parts))).strip()


def needs_of(messages: Sequence[JsonObject], *, has_tools: bool) -> tuple[str, ...]:
    """The capabilities without which a model cannot answer."""
    has_pictures = any(part.get("type") in _PICTURES for part in _parts(messages))
    uses_tools = has_tools or any(message.get("role") == "tool" for message in messages)
    return (*(["vision"] if has_pictures else ()), *(["functionCalling"] if uses_tools else ()))


def name_of(messages: Sequence[JsonObject]) -> str:
    """A name for a conversation that was given none: from how it began, which every later request repeats."""
    began = json.dumps([_system(messages), _first(messages)], sort_keys=True, default=str)
    return hashlib.sha256(began.encode()).hexdigest()[:32]


def digest_of(scope: str, asked: str, session: str, *, is_simulated: bool) -> str:
    """What finds a conversation again: whose it is, what was asked for, its name."""
    return hashlib.sha256(json.dumps([scope, asked, is_simulated, session]).encode()).hexdigest()


def transcript_of(messages: Sequence[JsonObject]) -> str:
    """All but the last message of the user, as background for whoever has not heard it."""
    last = max((place for place, message in enumerate(messages) if message.get("role") == "user"), default=-1)
    before = [message for place, message in enumerate(messages) if place != last]
    return "\n\n".join(f"{message.get('role')}: {text}" for message in before if (text := text_of(message)))


def _system(messages: Sequence[JsonObject]) -> str:
    return "\n".join(text_of(message) for message in messages if message.get("role") in _SYSTEM_ROLES)


def _first(messages: Sequence[JsonObject]) -> object:
    return next((message.get("content") for message in messages if message.get("role") == "user"), "")


def _parts(messages: Sequence[JsonObject]) -> Iterator[Mapping[str, object]]:
    for message in messages:
        yield from rows_at(message, "content")
