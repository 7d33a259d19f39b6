"""Answers in the words of OpenAI's chat completions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from runs.chat.shapes import ChatAsk, Failure, Outcome
from runs.chat.telling import object_of
from runs.shapes import ChatDelta, ChatResult, JsonObject, Usage
from smartspawn.lib.error_shapes import openai_error

KEEP_ALIVE: Final = b": keep-alive\n\n"
_END: Final = b"data: [DONE]\n\n"
_encode = msgspec.json.Encoder().encode


class OpenAIFace:
    """One answer in this protocol."""

    def __init__(self, ask: ChatAsk, answer_id: str, created: int) -> None:
        self._ask = ask
        self._id = f"chatcmpl-{answer_id}"
        self._created = created
        self._begun: set[int] = set()  # the numbers of the answers of which something was told

    def whole(self, outcome: Outcome, result: ChatResult) -> bytes:
        """The whole answer; where several were asked for, all of them."""
        results = (result, *outcome.other_results)
        choices = [self._whole_choice(number, item) for number, item in enumerate(results)]
        usage = {"usage": usage_of(result.usage)}
        return _encode(self._head("chat.completion", outcome) | {"choices": choices} | usage | _own(outcome))

    def _whole_choice(self, number: int, result: ChatResult) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": result.text or None, "refusal": None}
        if result.reasoning:
            message["reasoning_content"] = result.reasoning
        if result.tool_calls:
            message["tool_calls"] = [
                {name: call[name] for name in call if name != "index"} for call in result.tool_calls
            ]
        elif not result.text:
            message["content"] = ""
        ending = {"finish_reason": result.finish_reason, "logprobs": _chances(result.chances)}
        return {"index": number, "message": message, **ending}

    def piece(self, delta: ChatDelta, outcome: Outcome, number: int = 0) -> bytes:
        """What a delta of this answer adds to the stream."""
        if delta.thought and not (delta.text or delta.reasoning or delta.tool_calls):
            return b""  # nobody here can say what proves a thought
        told: dict[str, Any] = {} if number in self._begun else {"role": "assistant"}
        self._begun.add(number)
        if delta.text:
            told["content"] = delta.text
        if delta.reasoning:
            told["reasoning_content"] = delta.reasoning
        if delta.tool_calls:
            told["tool_calls"] = [dict(call) for call in delta.tool_calls]
        return self._chunk(outcome, told, number=number, chances=delta.chances)

    def end(self, outcome: Outcome, result: ChatResult) -> bytes:
        """The end of the stream; its last event tells what is known of the answer."""
        results = (result, *outcome.other_results)
        silent = {"role": "assistant", "content": ""}
        told = [self._chunk(outcome, silent, number=item) for item in range(len(results)) if item not in self._begun]
        for number, item in enumerate(results, start=1):
            own = _own(outcome) if number == len(results) and not self._ask.tells_usage else {}
            told.append(self._chunk(outcome, {}, item.finish_reason, own, number=number - 1))
        if self._ask.tells_usage:
            usage = {"choices": [], "usage": usage_of(result.usage)}
            told.append(_event(self._head("chat.completion.chunk", outcome) | usage | _own(outcome)))
        return b"".join([*told, _END])

    def broken(self, failure: Failure, outcome: Outcome) -> bytes:
        """An error in the middle of the stream, which ends with it."""
        return _event(openai_error(failure.code, failure.message, failure.status) | _own(outcome))

    def keep_alive(self) -> bytes:
        """What keeps a silent stream open."""
        return KEEP_ALIVE

    def opening(self, outcome: Outcome) -> bytes:  # noqa: ARG002  the other protocol needs it
        """What comes before everything else: nothing here."""
        return b""

    def _chunk(
        self,
        outcome: Outcome,
        delta: Mapping[str, Any],
        ending: str | None = None,
        more: Mapping[str, Any] | None = None,
        *,
        number: int = 0,
        chances: Sequence[JsonObject] = (),
    ) -> bytes:
        choice = {"index": number, "delta": delta, "finish_reason": ending, "logprobs": _chances(chances)}
        usage = {"usage": None} if self._ask.tells_usage else {}
        return _event(self._head("chat.completion.chunk", outcome) | {"choices": [choice]} | usage | dict(more or {}))

    def _head(self, kind: str, outcome: Outcome) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": outcome.model_id}


def usage_of(usage: Usage) -> dict[str, Any]:
    """Tokens as OpenAI counts them."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _chances(chances: Sequence[JsonObject]) -> dict[str, Any] | None:
    return {"content": list(chances), "refusal": None} if chances else None


def _own(outcome: Outcome) -> dict[str, Any]:
    return {"smartspawn": object_of(outcome)}


def _event(data: object) -> bytes:
    return b"data: " + _encode(data) + b"\n\n"
