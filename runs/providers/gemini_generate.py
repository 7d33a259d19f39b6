"""Gemini's generateContent: how a request is written stands in ``gemini_request.py``, how answers are read here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from runs.providers.fault_reading import refuse_error
from runs.providers.faults import cut_off, malformed
from runs.providers.gemini_request import build
from runs.providers.json_reading import decode, dig, rows_at, text_at
from runs.providers.usage import estimate_usage, read_gemini_usage
from runs.providers.wire import ServerEvent
from runs.shapes import ChatDelta, ChatRequest, ChatResult, Citation, JsonObject, Usage

__all__ = ["Reader", "build", "read_whole"]

# Every reason but these two means that the provider held something back.
_ENDINGS: Final[Mapping[str, str]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "MALFORMED_FUNCTION_CALL": "stop",
    "UNEXPECTED_TOOL_CALL": "stop",
    "TOO_MANY_TOOL_CALLS": "stop",
    "MISSING_THOUGHT_SIGNATURE": "stop",
    "FINISH_REASON_UNSPECIFIED": "stop",
    "OTHER": "stop",
}
_PRICED_BY_QUERY: Final = "gemini-3"  # from then on each query is billed, before each answer that rests on any


def read_whole(body: bytes, request: ChatRequest) -> ChatResult:
    """A whole answer; raises CallFailed if it is none."""
    reader = Reader(request)
    answer = decode(body)
    reader.take(answer)
    if not reader.is_complete and not rows_at(answer, "candidates"):
        raise malformed(answer, "candidate")
    return reader.partial()


class Reader:
    """Puts an answer together from the events of its stream; each is a whole answer of its own, with one piece."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._texts: list[str] = []
        self._reasonings: list[str] = []
        self._calls: list[JsonObject] = []
        self._citations: dict[str, Citation] = {}
        self._queries: set[str] = set()
        self._is_grounded = False
        self._usage: Usage | None = None
        self._ending = ""
        self._model = ""
        self._id = ""

    is_ended = False  # this protocol has no word for it: the stream just ends

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole, though its usage may still come."""
        return bool(self._ending)

    def feed(self, event: ServerEvent) -> list[ChatDelta]:
        """What the event adds; raises CallFailed where it tells of an error."""
        return self.take(decode(event.data))

    def take(self, piece: object) -> list[ChatDelta]:
        """What a decoded answer adds; raises CallFailed where it is an error."""
        refuse_error(piece)
        self._usage = read_gemini_usage(dig(piece, "usageMetadata")) or self._usage
        self._model = text_at(piece, "modelVersion") or self._model
        self._id = text_at(piece, "responseId") or self._id
        if text_at(piece, "promptFeedback", "blockReason"):
            self._ending = "content_filter"
            return [ChatDelta(finish_reason=self._ending)]
        candidate = dig(piece, "candidates", 0)
        self._note_grounding(dig(candidate, "groundingMetadata"))
        deltas = [delta for part in rows_at(candidate, "content", "parts") for delta in self._take_part(part)]
        reason = text_at(candidate, "finishReason")
        if reason:
            told = _ENDINGS.get(reason, "content_filter")
            self._ending = "tool_calls" if told == "stop" and self._calls else told
            deltas.append(ChatDelta(finish_reason=self._ending))
        return deltas

    def finish(self) -> ChatResult:
        """The whole answer; raises CallFailed if the stream ended before it did."""
        if not self.is_complete:
            raise cut_off()
        return self.partial()

    def partial(self) -> ChatResult:
        """What has come so far, its tokens estimated where the provider has not told them."""
        text, reasoning = "".join(self._texts), "".join(self._reasonings)
        usage = self._usage
        if usage is None or not self.is_complete:  # what was told of an unfinished answer counts up to an earlier piece
            said = estimate_usage(self._request, text, reasoning, *(str(call) for call in self._calls))
            usage = replace(usage or said, output_tokens=_larger(usage, said), is_estimated=True)
        return ChatResult(
            text=text,
            usage=replace(usage, search_count=self._search_count()),
            finish_reason=self._ending or "stop",
            reasoning=reasoning,
            tool_calls=tuple(self._calls),
            citations=tuple(self._citations.values()),
            served_model=self._model,
            request_id=self._id,
        )

    def _take_part(self, part: JsonObject) -> list[ChatDelta]:
        call = dig(part, "functionCall")
        if isinstance(call, Mapping):
            made = _tool_call(call, text_at(part, "thoughtSignature"), len(self._calls))
            self._calls.append(made)
            return [ChatDelta(tool_calls=({**made, "index": len(self._calls) - 1},))]
        text = text_at(part, "text")
        if not text:
            return []
        is_thought = part.get("thought") is True
        (self._reasonings if is_thought else self._texts).append(text)
        return [ChatDelta(reasoning=text) if is_thought else ChatDelta(text=text)]

    def _note_grounding(self, grounding: object) -> None:
        queries = dig(grounding, "webSearchQueries")
        self._queries |= (
            {query for query in queries if isinstance(query, str) and query} if isinstance(queries, list) else set()
        )
        for chunk in rows_at(grounding, "groundingChunks"):
            url = text_at(chunk, "web", "uri")
            if url:
                self._is_grounded = True
                self._citations.setdefault(url, Citation(url, text_at(chunk, "web", "title")))

    def _search_count(self) -> int:
        if self._model.startswith(_PRICED_BY_QUERY):
            return len(self._queries)
        return int(self._is_grounded or bool(self._queries))


def _larger(told: Usage | None, estimated: Usage) -> int:
    return max(told.output_tokens if told else 0, estimated.output_tokens)


def _tool_call(call: Mapping[str, object], signature: str, place: int) -> JsonObject:
    """As OpenAI has it; Gemini's signature rides along, for it must come back with the next call."""
    function = {"name": text_at(call, "name"), "arguments": json.dumps(call.get("args") or {}, ensure_ascii=False)}
    made = {
        "id": text_at(call, "id") or f"call_{place}_{text_at(call, 'name')}",
        "type": "function",
        "function": function,
    }
    return {**made, "extra_content": {"google": {"thought_signature": signature}}} if signature else made
