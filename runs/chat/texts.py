"""What a conversation says that choosing looks at: its task, its needs, how it began. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from runs.providers.json_reading import rows_at, text_at
from runs.providers.openai_messages import MARK_FIELD
from runs.shapes import JsonObject

# A message of fewer signs ("yes, please", "and in French?") says nothing of the work; those before it do.
SHORT_CHARS: Final = 60
_TASK_CHARS: Final = 8_000
_SYSTEM_ROLES: Final = ("system", "developer")
_PICTURES: Final = ("image_url", "input_image", "image")
# What programs say to models on the user's side (files of the project, the date, rules) is no task of the user's.
REMINDER: Final = "system-reminder"
_ASIDES: Final = re.compile(
    rf"<({REMINDER}|environment_context|user_instructions)>.*?</\1>"
    r"|# AGENTS\.md instructions[^\n]*\s*<INSTRUCTIONS>.*?</INSTRUCTIONS>",
    re.DOTALL,
)


def task_of(messages: Sequence[JsonObject]) -> str:
    """The work in the user's words: the last message, with those before it where it is short."""
    said: list[str] = []
    for message in reversed([message for message in messages if message.get("role") == "user"]):
        if text := _ASIDES.sub("", text_of(message)).strip():
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


def name_of(messages: Sequence[JsonObject], *, key: str = "") -> str:
    """A name for a conversation that was given none: from how it began, which every later request repeats.

    A client's own key for it counts for what stands above, which may change on the way; not for how it began, because
    some clients have one key for all their conversations.
    """
    above = key or _system(messages)
    began = json.dumps([above, _first(messages)], sort_keys=True, default=str)
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
    """What the user began with, without what changes on the way: words of programs beside it, marks for a cache."""
    began = [message.get("content") for message in messages if message.get("role") == "user"]
    return next(filter(None, map(_own_words, began)), began[0] if began else "")


def _own_words(content: object) -> object:
    if not isinstance(content, list):
        return _ASIDES.sub("", content).strip() if isinstance(content, str) else content
    parts = [{name: part[name] for name in part if name != MARK_FIELD} for part in rows_at(content)]
    told = [
        part | {"text": _ASIDES.sub("", text_at(part, "text")).strip()} if "text" in part else part for part in parts
    ]
    return [part for part in told if part.get("text") != ""]


def _parts(messages: Sequence[JsonObject]) -> Iterator[Mapping[str, object]]:
    for message in messages:
        yield from rows_at(message, "content")
