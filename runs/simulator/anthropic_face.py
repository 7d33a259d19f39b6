"""The simulated provider in the words of Anthropic's messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from runs.simulator.reply import Reply

_encode = msgspec.json.Encoder().encode
_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def render(reply: Reply) -> bytes:
    """The whole answer."""
    return _encode({**_head(reply), "content": [_block(reply)], "stop_reason": _ending(reply), "usage": _usage(reply)})


def render_pieces(reply: Reply) -> Iterator[bytes]:
    """The events of the stream, one for each piece; the last holds all that follows."""
    start = {**_head(reply), "content": [], "stop_reason": None, "usage": {**_usage(reply), "output_tokens": 1}}
    empty: dict[str, object] = {**_block(reply)}
    empty["input" if reply.tool_name else "text"] = {} if reply.tool_name else ""
    opening = _event({"type": "message_start", "message": start})
    opening += _event({"type": "content_block_start", "index": 0, "content_block": empty})
    *pieces, last = reply.pieces() or [""]
    for piece in pieces:
        yield opening + _delta(reply, piece)
        opening = b""
    ending = {"type": "message_delta", "delta": {"stop_reason": _ending(reply)}, "usage": _usage(reply)}
    closing = _event({"type": "content_block_stop", "index": 0}) + _event(ending) + _event({"type": "message_stop"})
    yield opening + _delta(reply, last) + closing


def render_error(status: int, message: str) -> bytes:
    """An error as Anthropic words it."""
    kind = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return _encode({"type": "error", "error": {"type": kind, "message": message}})


def _head(reply: Reply) -> dict[str, object]:
    return {"id": f"simulated-{reply.number}", "type": "message", "role": "assistant", "model": reply.model}


def _block(reply: Reply) -> dict[str, object]:
    if not reply.tool_name:
        return {"type": "text", "text": reply.text}
    tool = {"type": "tool_use", "id": f"call-{reply.number}", "name": reply.tool_name}
    return {**tool, "input": msgspec.Raw(reply.text.encode())}


def _delta(reply: Reply, piece: str) -> bytes:
    text = (
        {"type": "input_json_delta", "partial_json": piece}
        if reply.tool_name
        else {"type": "text_delta", "text": piece}
    )
    return _event({"type": "content_block_delta", "index": 0, "delta": text})


def _ending(reply: Reply) -> str:
    return "max_tokens" if reply.is_cut_short else "tool_use" if reply.tool_name else "end_turn"


def _usage(reply: Reply) -> dict[str, object]:
    return {
        "input_tokens": reply.input_tokens - reply.cached_tokens,
        "cache_read_input_tokens": reply.cached_tokens,
        "cache_creation_input_tokens": 0,
        "output_tokens": reply.completion_tokens,
    }


def _event(data: Mapping[str, object]) -> bytes:
    return b"event: " + str(data["type"]).encode() + b"\ndata: " + _encode(data) + b"\n\n"
