"""Anthropic's messages: how a request is written stands in ``anthropic_request.py``, how answers are read here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from runs.providers.anthropic_request import ANSWER_TOOL, build
from runs.providers.fault_reading import refuse_error
from runs.providers.faults import cut_off, malformed
from runs.providers.json_reading import count_at, decode, dig, rows_at, text_at
from runs.providers.usage import estimate_usage, read_anthropic_usage
from runs.providers.wire import ServerEvent
from runs.shapes import ChatDelta, ChatRequest, ChatResult, Citation, JsonObject, Thought, Usage

__all__ = ["Reader", "build", "read_whole"]

_ENDINGS: Final[Mapping[str, str]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",  # a long search that would want to be gone on with
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def read_whole(body: bytes, request: ChatRequest) -> ChatResult:
    """A whole answer; raises CallFailed if it is none."""
    answer = decode(body)
    refuse_error(answer)
    if not isinstance(dig(answer, "content"), list):
        raise malformed(answer, "content")
    blocks = [_read_block(row) for row in rows_at(answer, "content")]
    usage = read_anthropic_usage(dig(answer, "usage"))
    return _make_result(blocks, usage, text_at(answer, "stop_reason"), answer, request)


@dataclass(slots=True)
class _Block:
    """One block of an answer, as far as it has come."""

    kind: str
    texts: list[str] = field(default_factory=list)
    tool_id: str = ""
    tool_name: str = ""
    signature: str = ""
    redacted: str = ""
    citations: list[Citation] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.texts)


class Reader:
    """Puts an answer together from the events of its stream."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._blocks: dict[int, _Block] = {}
        self._counts: dict[str, object] = {}
        self._head: object = None
        self._ending = ""
        self._is_ended = False

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole, though its usage may still come."""
        return bool(self._ending) or self._is_ended

    @property
    def is_ended(self) -> bool:
        """Whether the provider has said that nothing more comes."""
        return self._is_ended

    def feed(self, event: ServerEvent) -> list[ChatDelta]:
        """What the event adds; raises CallFailed where it tells of an error."""
        said = decode(event.data)
        refuse_error(said)
        match text_at(said, "type"):
            case "message_start":
                self._head = dig(said, "message")
                self._note_counts(dig(said, "message", "usage"))
            case "content_block_start":
                block = _read_block(dig(said, "content_block"), is_start=True)
                self._blocks[count_at(said, "index") or 0] = block
                return self._opening(block)
            case "content_block_delta":
                return self._take(self._blocks.get(count_at(said, "index") or 0), dig(said, "delta"))
            case "message_delta":
                self._note_counts(dig(said, "usage"))
                self._ending = text_at(said, "delta", "stop_reason") or self._ending
                return [ChatDelta(finish_reason=self._told_ending())] if self._ending else []
            case "message_stop":
                self._is_ended = True
        return []

    def finish(self) -> ChatResult:
        """The whole answer; raises CallFailed if the stream ended before it did."""
        if not self.is_complete:
            raise cut_off()
        return self.partial()

    def partial(self) -> ChatResult:
        """What has come so far, its tokens estimated where the provider has not told them."""
        blocks = [self._blocks[place] for place in sorted(self._blocks)]
        usage = read_anthropic_usage(self._counts)
        if usage and not self.is_complete:  # the input is known, of the output only that it began
            said = estimate_usage(self._request, *(block.text for block in blocks)).output_tokens
            usage = replace(usage, output_tokens=max(usage.output_tokens, said), is_estimated=True)
        return _make_result(blocks, usage, self._ending, self._head, self._request)

    def _note_counts(self, usage: object) -> None:
        """Later events tell only what has changed."""
        if isinstance(usage, Mapping):
            self._counts |= {name: value for name, value in usage.items() if value is not None}

    def _told_ending(self) -> str:
        is_answer_tool = self._ending == "tool_use" and _has_answer_tool(self._blocks.values())
        return "stop" if is_answer_tool else _ENDINGS.get(self._ending, "stop")

    def _opening(self, block: _Block) -> list[ChatDelta]:
        if block.redacted:
            return [ChatDelta(thought=Thought(redacted=block.redacted))]
        if block.kind != "tool_use" or block.tool_name == ANSWER_TOOL:
            return [ChatDelta(text=block.text)] if block.text and block.kind == "text" else []
        return [ChatDelta(tool_calls=(self._call_piece(block, ""),))]

    def _take(self, block: _Block | None, delta: object) -> list[ChatDelta]:
        if block is None:
            return []
        cited = _citation(dig(delta, "citation"))
        block.citations += [cited] if cited else []
        if signature := text_at(delta, "signature"):
            block.signature += signature
            return [ChatDelta(thought=Thought(signature=signature))]
        piece = text_at(delta, "text") or text_at(delta, "thinking") or text_at(delta, "partial_json")
        if not piece:
            return []
        block.texts.append(piece)
        if block.kind == "thinking":
            return [ChatDelta(reasoning=piece)]
        if block.kind == "text" or block.tool_name == ANSWER_TOOL:
            return [ChatDelta(text=piece)]
        return [ChatDelta(tool_calls=(self._call_piece(block, piece),))] if block.kind == "tool_use" else []

    def _call_piece(self, block: _Block, arguments: str) -> JsonObject:
        place = [other for other in self._blocks.values() if other.kind == "tool_use"].index(block)
        return _tool_call(block, arguments) | {"index": place}


# --- what both ways share ------------------------------------------------------------------


def _read_block(row: object, *, is_start: bool = False) -> _Block:
    kind = text_at(row, "type")
    cited = (_citation(item) for item in rows_at(row, "citations"))
    block = _Block(kind, citations=[item for item in cited if item])
    if kind == "tool_use":
        block.tool_id, block.tool_name = text_at(row, "id"), text_at(row, "name")
        block.texts += [] if is_start else [json.dumps(dig(row, "input") or {}, ensure_ascii=False)]
    elif kind in ("text", "thinking"):
        block.texts.append(text_at(row, kind))
        block.signature = text_at(row, "signature")
    elif kind == "redacted_thinking":
        block.redacted = text_at(row, "data")
    return block


def _make_result(
    blocks: Sequence[_Block], usage: Usage | None, ending: str, head: object, request: ChatRequest
) -> ChatResult:
    is_answer_tool = _has_answer_tool(blocks)
    told = [block for block in blocks if block.kind == "text" or block.tool_name == ANSWER_TOOL]
    text = "".join(block.text for block in told if not is_answer_tool or block.tool_name)
    reasoning = "".join(block.text for block in blocks if block.kind == "thinking")
    uses = [block for block in blocks if block.kind == "tool_use" and block.tool_name != ANSWER_TOOL]
    finish_reason = _ENDINGS.get(ending, "stop")
    cited = {citation.url: citation for block in blocks for citation in block.citations}
    return ChatResult(
        text=text,
        usage=usage or estimate_usage(request, text, reasoning, *(block.text for block in uses)),
        finish_reason="stop" if is_answer_tool and finish_reason == "tool_calls" else finish_reason,
        reasoning=reasoning,
        tool_calls=tuple(_tool_call(block, block.text or "{}") for block in uses),
        citations=tuple(cited.values()),
        thoughts=tuple(
            Thought(block.text, block.signature, block.redacted)
            for block in blocks
            if block.kind in ("thinking", "redacted_thinking")
        ),
        served_model=text_at(head, "model"),
        request_id=text_at(head, "id"),
    )


def _has_answer_tool(blocks: Iterable[_Block]) -> bool:
    return any(block.tool_name == ANSWER_TOOL for block in blocks)


def _tool_call(block: _Block, arguments: str) -> dict[str, object]:
    function = {"name": block.tool_name, "arguments": arguments}
    return {"id": block.tool_id, "type": "function", "function": function}


def _citation(said: object) -> Citation | None:
    url = text_at(said, "url")
    return Citation(url, text_at(said, "title")) if url else None
