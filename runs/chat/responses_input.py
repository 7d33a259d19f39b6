"""The input of the Responses protocol: its items as the messages of chat completions. Pure.

There a call of a tool and its outcome are items of their own; here a message of the model holds its calls, and their
outcomes follow it directly, wherever they stood between other items.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from runs.chat.responses_tools import describe_found, read_call
from runs.chat.shapes import ToolKind
from runs.providers.json_reading import decode, dig, text_at
from runs.shapes import JsonObject
from smartspawn.lib.errors import InvalidParam, MissingParam

_Message = dict[str, Any]
MOST_ITEMS: Final = 10_000
_MODEL: Final = "assistant"
_ROLES: Final[Mapping[str, str]] = {"system": "system", "developer": "system", "user": "user", _MODEL: _MODEL}
_CALLS: Final[Mapping[str, ToolKind]] = {
    "function_call": ToolKind.FUNCTION,
    "custom_tool_call": ToolKind.CUSTOM,
    "tool_search_call": ToolKind.TOOL_SEARCH,
}
_OUTCOMES: Final = ("function_call_output", "custom_tool_call_output", "tool_search_output")
# What holds no words of the conversation: settings, what OpenAI's servers did, and tools, which are read elsewhere.
_PASSED_OVER: Final = ("additional_tools", "configuration_update", "web_search_call", "image_generation_call")
_REASONING: Final = "reasoning"
_BETWEEN_AGENTS: Final = "agent_message"
_SEALED: Final = "ss1."  # before what was sealed here, to tell it from what others have sealed
_TEXTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("input_text", "output_text", "text"), "text"),
    "refusal": "refusal",
    # What one agent tells another: sealed by OpenAI's servers alone, as the model wrote it where others answer.
    "encrypted_content": "encrypted_content",
}


def read_input(given: object, instructions: str) -> tuple[JsonObject, ...]:
    """The conversation. Raises InvalidParam for what cannot be handed on, saying where it stands."""
    thread = _Thread()
    if instructions:
        thread.say(_ROLES["system"], [_text(instructions)])
    for place, item in enumerate(items_of(given)):
        thread.add(item, f"input[{place}]")
    messages = tuple(thread.messages())
    if not messages:
        raise InvalidParam("input: none of its items says anything.", param="input")
    return messages


def items_of(given: object) -> Sequence[JsonObject]:
    """The items of an input; a text is a message of the user. Raises MissingParam and InvalidParam."""
    if given in (None, "", []):
        raise MissingParam("input is required: a text, or a list of items.", param="input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list) or not all(isinstance(item, Mapping) for item in given):
        raise InvalidParam("input: a text, or a list of items.", param="input")
    if len(given) > MOST_ITEMS:
        raise InvalidParam(f"input: at most {MOST_ITEMS} items.", param="input")
    return given


def seal(call_id: str, proof: object) -> str:
    """What a provider wants back with a call, for the one field that clients hand back unread."""
    return _SEALED + base64.b64encode(msgspec.json.encode([call_id, proof])).decode()


def _unseal(item: JsonObject) -> tuple[str, object]:
    """Of which call it is a proof, and the proof; nothing where it was not sealed here."""
    sealed = text_at(item, "encrypted_content")
    if not sealed.startswith(_SEALED):
        return "", None
    try:
        opened = decode(base64.b64decode(sealed.removeprefix(_SEALED), validate=True))
    except (binascii.Error, ValueError):
        return "", None
    return text_at(opened, 0), dig(opened, 1)


@dataclass(slots=True)
class _Said:
    """One message, with the outcomes of its calls."""

    role: str
    parts: list[_Message] = field(default_factory=list)
    calls: list[_Message] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)
    pictures: list[_Message] = field(default_factory=list)  # that tools gave: their outcomes are text


class _Thread:
    """The messages so far."""

    def __init__(self) -> None:
        self._said: list[_Said] = []
        self._callers: dict[str, _Said] = {}
        self._proofs: dict[str, object] = {}

    def add(self, item: JsonObject, where: str) -> None:
        """Take the next item."""
        kind = text_at(item, "type") or "message"
        if kind == "message":
            self._add_message(item, text_at(item, "role"), where)
        elif kind == _BETWEEN_AGENTS:
            self._add_message(item, "user", where)
        elif kind in _CALLS:
            self._add_call(item, _CALLS[kind], where)
        elif kind in _OUTCOMES:
            self._add_outcome(item, kind, where)
        elif kind == _REASONING:  # its maker alone can read it, unless it was sealed here
            call_id, proof = _unseal(item)
            self._proofs[call_id] = proof
        elif kind == "item_reference":
            raise InvalidParam(
                f"{where}: no item is kept here to be named. Send the item itself, as clients do with store: false.",
                param=where,
            )
        elif kind not in _PASSED_OVER:
            raise InvalidParam(
                f"{where}: items of type {kind[:60]!r} cannot be handed on. Leave it out, or begin a new conversation.",
                param=where,
            )

    def say(self, role: str, parts: list[_Message]) -> None:
        """Add a message; what stands above the conversation is one, for many models take no second."""
        is_above = len(self._said) == 1 and role == _ROLES["system"] == self._said[0].role
        if is_above:
            self._said[0].parts += parts
        else:
            self._said.append(_Said(role, parts))

    def messages(self) -> Iterator[_Message]:
        """All messages, each followed by the outcomes of its calls. Raises InvalidParam for a call that has none."""
        for said in self._said:
            yield _message(said)
            for call in said.calls:
                call_id = call["id"]
                if call_id not in said.outcomes:
                    raise InvalidParam(f"input: the call {call_id[:80]!r} has no output.", param="input")
                yield {"role": "tool", "tool_call_id": call_id, "content": said.outcomes[call_id]}
            if said.pictures:
                yield {"role": "user", "content": said.pictures}

    # --- items ------------------------------------------------------------------------------

    def _add_message(self, item: JsonObject, given_role: str, where: str) -> None:
        role = _ROLES.get(given_role)
        if role is None:
            raise InvalidParam(f"{where}.role: one of {', '.join(_ROLES)}.", param=where)
        if parts := _parts(item.get("content"), f"{where}.content"):
            self.say(role, parts)

    def _add_call(self, item: JsonObject, kind: ToolKind, where: str) -> None:
        call = dict(read_call(item, kind))
        call_id = str(call["id"])
        former = self._callers.get(call_id)
        if not call_id or (former is not None and call_id not in former.outcomes):
            raise InvalidParam(f"{where}.call_id: a text that no other open call has.", param=where)
        if (proof := self._proofs.get(call_id)) is not None:
            call["extra_content"] = proof
        last = self._said[-1] if self._said else None
        if last is None or last.role != _MODEL or last.outcomes:
            last = _Said(_MODEL)
            self._said.append(last)
        last.calls.append(call)
        self._callers[call_id] = last

    def _add_outcome(self, item: JsonObject, kind: str, where: str) -> None:
        call_id = text_at(item, "call_id")
        caller = self._callers.get(call_id)
        if caller is None:
            raise InvalidParam(f"{where}: no call with the call_id {call_id[:80]!r} stands before.", param=where)
        if kind == "tool_search_output":
            caller.outcomes[call_id] = describe_found(item)
            return
        parts = _parts(item.get("output"), f"{where}.output")
        caller.outcomes[call_id] = _words(parts, "\n")
        caller.pictures += [part for part in parts if part["type"] != "text"]


def _message(said: _Said) -> _Message:
    is_text = all(part["type"] == "text" for part in said.parts)
    between = "" if said.role == _MODEL else "\n\n"
    content: object = _words(said.parts, between) if is_text else said.parts
    message = {"role": said.role, "content": content or None}
    return message | ({"tool_calls": said.calls} if said.calls else {})


def _words(parts: Sequence[JsonObject], between: str) -> str:
    return between.join(text_at(part, "text") for part in parts if part["type"] == "text")


# --- parts ---------------------------------------------------------------------------------


def _parts(content: object, where: str) -> list[_Message]:
    if isinstance(content, str):
        return [_text(content)] if content else []
    if content is None:
        return []
    if not isinstance(content, list) or not all(isinstance(part, Mapping) for part in content):
        raise InvalidParam(f"{where}: text, or a list of parts.", param=where)
    return [_part(part, where) for part in content]


def _part(part: JsonObject, where: str) -> _Message:
    kind = text_at(part, "type")
    if kind in _TEXTS:
        return _text(text_at(part, _TEXTS[kind]))
    if kind == "input_image" and (url := text_at(part, "image_url")):
        detail = text_at(part, "detail")
        wanted = {"detail": detail} if detail in ("low", "high") else {}  # auto is what goes without saying
        return {"type": "image_url", "image_url": {"url": url, **wanted}}
    if kind == "input_file" and (data := text_at(part, "file_data")):
        named = {"filename": text_at(part, "filename") or "document"}
        return {"type": "file", "file": {**named, "file_data": data}}
    if kind == "input_audio" and isinstance(part.get("input_audio"), Mapping):
        return {"type": "input_audio", "input_audio": part["input_audio"]}
    if kind == "input_image":
        raise InvalidParam(f"{where}: no files are kept here. Send image_url: a text, best a data URL.", param=where)
    if kind == "input_file":
        message = f"{where}: no files are kept here, and none is fetched. Send file_data: a data URL with the content."
        raise InvalidParam(message, param=where)
    raise InvalidParam(f"{where}: parts of type {kind[:60]!r} cannot be handed on.", param=where)


def _text(words: str) -> _Message:
    return {"type": "text", "text": words}
