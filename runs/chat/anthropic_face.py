"""Answers in the words of Anthropic's messages. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from runs.chat.shapes import Failure, Outcome
from runs.chat.telling import object_of
from runs.providers.json_reading import count_at, decode, text_at
from runs.shapes import ChatDelta, ChatResult, JsonObject, Thought, Usage
from smartspawn.lib.error_shapes import anthropic_error

_ENDINGS: Final[Mapping[str, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_TEXT: Final = "text"
_TOOL: Final = "tool_use"
_THINKING: Final = "thinking"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Told:
    """The call that is told piece by piece."""

    index: int | None


class AnthropicFace:
    """One answer in this protocol. Its stream is a row of blocks, one open at a time."""

    def __init__(self, answer_id: str, prompt_tokens: int, *, tells_thoughts: bool = False) -> None:
        self._tells_thoughts = tells_thoughts  # nobody gets them who did not ask
        self._id = f"msg_{answer_id}"
        self._prompt_tokens = prompt_tokens  # an estimate: the count comes with the end
        self._place = -1
        self._open = ""  # the kind of the block that is open
        self._has_begun = False
        self._call: _Told | None = None  # the first call, which is told as it comes
        self._late_texts: list[str] = []

    def whole(self, outcome: Outcome, result: ChatResult) -> bytes:
        """The whole answer."""
        blocks = [_thought_block(thought) for thought in self._thoughts_of(result)]
        blocks += [{"type": _TEXT, "text": result.text}] if result.text else []
        blocks += [_tool_use(call) for call in result.tool_calls]
        ending = {"stop_reason": _ending(result), "stop_sequence": None}
        message = self._message(outcome, blocks, usage_of(result.usage)) | ending
        return _encode(message | {"smartspawn": object_of(outcome)})

    def opening(self, outcome: Outcome) -> bytes:
        """What comes before everything else, once."""
        if self._has_begun:
            return b""
        self._has_begun = True
        usage = {"input_tokens": self._prompt_tokens, "output_tokens": 0}
        empty = self._message(outcome, [], usage) | {"stop_reason": None, "stop_sequence": None}
        return _event("message_start", {"message": empty}) + self.keep_alive()

    def piece(self, delta: ChatDelta, outcome: Outcome, _number: int = 0) -> bytes:
        """What a delta adds to the stream; in this protocol there is one answer."""
        told = self.opening(outcome)
        if self._tells_thoughts and self._call is None:
            told += self._take_thought(delta)
        if delta.text:
            told += self._take_text(delta.text)
        for call in delta.tool_calls:
            told += self._take_call(call)
        return told

    def end(self, outcome: Outcome, result: ChatResult) -> bytes:
        """The end of the stream; its last event but one tells what is known of the answer."""
        told = self.opening(outcome) + self._rest(result)
        ending = {"stop_reason": _ending(result), "stop_sequence": None}
        told += _event("message_delta", {"delta": ending, "usage": usage_of(result.usage)})
        return told + _event("message_stop", {"smartspawn": object_of(outcome)})

    def broken(self, failure: Failure, outcome: Outcome) -> bytes:
        """An error in the middle of the stream, which ends with it."""
        error = anthropic_error(failure.message, failure.status) | {"smartspawn": object_of(outcome)}
        return b"event: error\ndata: " + _encode(error) + b"\n\n"

    def keep_alive(self) -> bytes:
        """What keeps a silent stream open."""
        return _event("ping", {})

    # --- blocks -----------------------------------------------------------------------------

    def _take_call(self, call: JsonObject) -> bytes:
        """A piece of the first call as it comes; the others follow whole, for they may come side by side."""
        index = count_at(call, "index")
        if self._call is None:
            self._call = _Told(index)
            told = self._begin(_TOOL, {**_tool_use(call), "input": {}})
        elif index == self._call.index:
            told = b""
        else:
            return b""
        arguments = text_at(call, "function", "arguments")
        return told + (self._delta({"type": "input_json_delta", "partial_json": arguments}) if arguments else b"")

    def _thoughts_of(self, result: ChatResult) -> Sequence[Thought]:
        if not self._tells_thoughts:
            return ()
        return result.thoughts or ((Thought(result.reasoning),) if result.reasoning else ())

    def _take_thought(self, delta: ChatDelta) -> bytes:
        """A piece of thinking; its signature, where it has one, ends it."""
        told = b""
        if delta.reasoning:
            told += b"" if self._open == _THINKING else self._begin(_THINKING, _thought_block(Thought()))
            told += self._delta({"type": "thinking_delta", "thinking": delta.reasoning})
        thought = delta.thought
        if thought is not None and thought.redacted:
            return told + self._begin("redacted_thinking", _thought_block(thought)) + self._close()
        if thought is not None:
            told += b"" if self._open == _THINKING else self._begin(_THINKING, _thought_block(Thought()))
            told += self._delta({"type": "signature_delta", "signature": thought.signature}) + self._close()
        return told

    def _take_text(self, text: str) -> bytes:
        """A piece of text; what comes after a call waits until that is told."""
        if self._call is not None:
            self._late_texts.append(text)
            return b""
        told = b"" if self._open == _TEXT else self._begin(_TEXT, {"type": _TEXT, "text": ""})
        return told + self._delta({"type": "text_delta", "text": text})

    def _rest(self, result: ChatResult) -> bytes:
        """What has waited for the end: late text, and all calls but the first."""
        told = b""
        if self._late_texts:
            told += self._begin(_TEXT, {"type": _TEXT, "text": ""})
            told += self._delta({"type": "text_delta", "text": "".join(self._late_texts)})
        for call in result.tool_calls[1 if self._call else 0 :]:
            told += self._begin(_TOOL, {**_tool_use(call), "input": {}})
            told += self._delta({"type": "input_json_delta", "partial_json": text_at(call, "function", "arguments")})
        return told + self._close()

    def _begin(self, kind: str, block: Mapping[str, Any]) -> bytes:
        closed = self._close()
        self._place += 1
        self._open = kind
        return closed + _event("content_block_start", {"index": self._place, "content_block": block})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event("content_block_stop", {"index": self._place})

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        return _event("content_block_delta", {"index": self._place, "delta": delta})

    def _message(self, outcome: Outcome, blocks: Sequence[object], usage: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": outcome.model_id,
            "content": blocks,
            "usage": usage,
        }


def usage_of(usage: Usage) -> dict[str, int]:
    """Tokens as Anthropic counts them: the cache's stand beside the input's."""
    return {
        "input_tokens": usage.fresh_input_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "output_tokens": usage.completion_tokens,
    }


def _ending(result: ChatResult) -> str:
    return _TOOL if result.tool_calls else _ENDINGS.get(result.finish_reason, "end_turn")


def _tool_use(call: JsonObject) -> dict[str, Any]:
    arguments = decode(text_at(call, "function", "arguments"))
    return {
        "type": _TOOL,
        "id": text_at(call, "id") or f"toolu_{uuid.uuid4().hex[:24]}",
        "name": text_at(call, "function", "name"),
        "input": arguments if isinstance(arguments, Mapping) else {},
    }


def _thought_block(thought: Thought) -> dict[str, Any]:
    if thought.redacted:
        return {"type": "redacted_thinking", "data": thought.redacted}
    return {"type": _THINKING, "thinking": thought.text, "signature": thought.signature}


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {name}\n".encode() + b"data: " + _encode({"type": name, **data}) + b"\n\n"
