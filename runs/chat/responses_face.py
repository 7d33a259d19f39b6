"""Answers in the words of OpenAI's Responses. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from runs.chat.responses_items import COMPLETED, Call, Event, Item, Message, Proof, Reasoning
from runs.chat.shapes import ChatAsk, ClientTool, Failure, Outcome, ToolKind
from runs.chat.telling import object_of
from runs.providers.json_reading import count_at, rows_at, text_at
from runs.shapes import ChatDelta, ChatResult, JsonObject, Usage

_BEGUN: Final = "in_progress"
_INCOMPLETE: Final = "incomplete"
_CUT_BY: Final[Mapping[str, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}
# What a failure in the middle of a stream is called where clients of this protocol act on the name.
_FAILURES: Final[Mapping[str, str]] = {
    "CONTEXT_TOO_LONG": "context_length_exceeded",
    "RATE_LIMITED": "rate_limit_exceeded",
    "QUOTA_USED_UP": "insufficient_quota",
}
_encode = msgspec.json.Encoder().encode


class ResponsesFace:
    """One answer in this protocol. Its items come one after the other; calls may come side by side."""

    def __init__(self, ask: ChatAsk, answer_id: str, created: int) -> None:
        self._words = ask.responses
        self._answer_id = answer_id
        self._head = {"id": f"resp_{answer_id}", "object": "response", "created_at": created}
        self._last: Outcome | None = None  # with which the stream began
        self._event_count = 0
        self._items: list[Item] = []
        self._calls: dict[int, Call] = {}  # by the numbers under which their pieces come
        self._nameless: dict[int, list[JsonObject]] = {}  # pieces of calls whose name is yet to come
        # Some providers begin to count anew with every answer; a client must know a call by its id.
        self._taken_ids = {text_at(call, "id") for item in ask.messages for call in rows_at(item, "tool_calls")} | {""}

    def whole(self, outcome: Outcome, result: ChatResult) -> bytes:
        """The whole answer."""
        self._take_rest(result)
        self._close(result)
        return _encode(self._told(outcome, result))

    def opening(self, outcome: Outcome) -> bytes:
        """What comes before everything else, once."""
        if self._last is not None:
            return b""
        self._last = outcome
        begun = {"response": self._response(outcome, _BEGUN)}
        return self._write([("response.created", begun), ("response.in_progress", begun)])

    def piece(self, delta: ChatDelta, outcome: Outcome, _number: int = 0) -> bytes:
        """What a delta adds to the stream; in this protocol there is one answer."""
        return self.opening(outcome) + self._write(self._take(delta))

    def end(self, outcome: Outcome, result: ChatResult) -> bytes:
        """The end of the stream; its last event tells what is known of the answer."""
        told = self.opening(outcome) + self._write(self._take_rest(result)) + self._write(self._close(result))
        response = self._told(outcome, result)
        return told + self._write([(f"response.{response['status']}", {"response": response})])

    def broken(self, failure: Failure, outcome: Outcome) -> bytes:
        """An error in the middle of the stream, which ends with it."""
        error = {"code": _FAILURES.get(failure.code, "server_error"), "message": failure.message}
        own = {"smartspawn": self._own(outcome) | {"failure": failure.code}}
        response = self._response(outcome, "failed") | {"error": error} | own
        return self._write([("response.failed", {"response": response})])

    def keep_alive(self) -> bytes:
        """What keeps a silent stream open: an event, for some clients count no comments."""
        if self._last is None:
            return b""
        return self._write([("response.in_progress", {"response": self._response(self._last, _BEGUN)})])

    # --- items ------------------------------------------------------------------------------

    def _take(self, delta: ChatDelta) -> Iterable[Event]:
        if delta.reasoning:
            yield from self._take_reasoning(delta.reasoning)
        if delta.text:
            yield from self._take_text(delta)
        for call in delta.tool_calls:
            yield from self._take_call(call)

    def _take_reasoning(self, text: str) -> Iterable[Event]:
        last = self._items[-1] if self._items else None
        if not isinstance(last, Reasoning):
            yield from self._end_prose()
            last = Reasoning(len(self._items), self._item_id("rs"), is_summary=self._words.wants_summary)
            self._items.append(last)
            yield from last.begin()
        yield from last.take(text)

    def _take_text(self, delta: ChatDelta) -> Iterable[Event]:
        last = self._items[-1] if self._items else None
        if not isinstance(last, Message):
            yield from self._end_prose()
            last = Message(len(self._items), self._item_id("msg"))
            self._items.append(last)
            yield from last.begin()
        yield from last.take(delta.text, delta.chances)

    def _take_call(self, piece: JsonObject) -> Iterable[Event]:
        number = count_at(piece, "index")
        number = len(self._calls) if number is None else number
        if number not in self._calls:
            waiting = self._nameless.setdefault(number, [])
            waiting.append(piece)
            if not text_at(piece, "function", "name"):
                return
            yield from self._begin_call(number, piece, waiting)
            pieces: Iterable[JsonObject] = waiting
        else:
            pieces = (piece,)
        for told in pieces:
            yield from self._calls[number].take(text_at(told, "function", "arguments"))

    def _begin_call(self, number: int, named: JsonObject, waiting: Iterable[JsonObject]) -> Iterable[Event]:
        """Tell of a call that has its name, and of what its provider wants back with it."""
        yield from self._end_prose()
        call_id = next(filter(None, (text_at(piece, "id") for piece in waiting)), "")
        call_id = f"call_{self._answer_id}_{number}" if call_id in self._taken_ids else call_id
        self._taken_ids.add(call_id)
        if proof := named.get("extra_content"):
            item = Proof(len(self._items), self._item_id("rs"), call_id=call_id, proof=proof)
            self._items.append(item)
            yield from item.begin()
            yield from item.end(COMPLETED)
        name = text_at(named, "function", "name")
        tool = self._words.client_tools.get(name, ClientTool(ToolKind.FUNCTION, name))
        call = Call(len(self._items), self._item_id("fc"), call_id=call_id, tool=tool)
        self._items.append(call)
        self._calls[number] = call
        yield from call.begin()

    def _take_rest(self, result: ChatResult) -> list[Event]:
        """What the answer holds and no piece has told: all of it, where nobody watched it come."""
        told: list[Event] = []
        has_prose = any(isinstance(item, Message) for item in self._items)
        if result.reasoning and not self._items:
            told += self._take(ChatDelta(reasoning=result.reasoning))
        if result.text and not has_prose:
            told += self._take(ChatDelta(text=result.text, chances=result.chances))
        for number, call in enumerate(result.tool_calls):
            if number >= len(self._calls):
                told += self._take_call({**call, "index": number})
        if not self._items:  # an answer without a word is one all the same
            told += self._take_text(ChatDelta())
        return told

    def _close(self, result: ChatResult) -> list[Event]:
        status = _INCOMPLETE if result.finish_reason in _CUT_BY else COMPLETED
        return [event for item in self._items if item.is_open for event in item.end(status)]

    def _end_prose(self) -> Iterable[Event]:
        """What is said and thought ends when something else begins; calls stay open, for they may come in turns."""
        for item in self._items:
            if item.is_open and not isinstance(item, Call):
                yield from item.end(COMPLETED)

    def _item_id(self, kind: str) -> str:
        return f"{kind}_{self._answer_id}_{len(self._items)}"

    # --- the response -----------------------------------------------------------------------

    def _told(self, outcome: Outcome, result: ChatResult) -> dict[str, Any]:
        reason = _CUT_BY.get(result.finish_reason)
        response = self._response(outcome, _INCOMPLETE if reason else COMPLETED)
        cut = {"incomplete_details": {"reason": reason}} if reason else {}
        return response | cut | {"usage": usage_of(result.usage), "smartspawn": self._own(outcome)}

    def _response(self, outcome: Outcome, status: str) -> dict[str, Any]:
        repeated: dict[str, Any] = dict(self._words.repeated)
        return {
            **self._head,
            **repeated,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "model": outcome.model_id,
            "output": [item.told() for item in self._items],
            "previous_response_id": None,
            "store": False,
            "truncation": "disabled",
            "usage": None,
        }

    def _own(self, outcome: Outcome) -> dict[str, Any]:
        left_out = {"left_out": list(self._words.left_out)} if self._words.left_out else {}
        return object_of(outcome) | left_out

    def _write(self, events: Iterable[Event]) -> bytes:
        return b"".join([self._write_one(name, said) for name, said in events])

    def _write_one(self, name: str, said: Mapping[str, Any]) -> bytes:
        event = {"type": name, "sequence_number": self._event_count, **said}
        self._event_count += 1
        return f"event: {name}\n".encode() + b"data: " + _encode(event) + b"\n\n"


def usage_of(usage: Usage) -> dict[str, Any]:
    """Tokens as this protocol counts them."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }
