"""The simulated provider in the words of OpenAI's chat completions, with the cost that OpenRouter adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from runs.simulator.reply import Reply

_encode = msgspec.json.Encoder().encode
_SERVED_BY = "simulator"


def render(reply: Reply) -> bytes:
    """The whole answer."""
    message: dict[str, object] = {"role": "assistant", "content": None if reply.tool_name else reply.text}
    if reply.tool_name:
        message["tool_calls"] = [_tool_call(reply, reply.text)]
    choice = {"index": 0, "message": message, "finish_reason": _ending(reply)}
    return _encode({**_head(reply, "chat.completion"), "choices": [choice], "usage": _usage(reply)})


def render_pieces(reply: Reply) -> Iterator[bytes]:
    """The events of the stream, one for each piece; the last holds all that follows."""
    head = _head(reply, "chat.completion.chunk")
    *pieces, last = reply.pieces() or [""]
    for piece in pieces:
        yield _event({**head, "choices": [_choice(_delta(reply, piece))]})
    ending = _event({**head, "choices": [_choice({}, _ending(reply))]})
    usage = _event({**head, "choices": [], "usage": _usage(reply)})
    yield _event({**head, "choices": [_choice(_delta(reply, last))]}) + ending + usage + b"data: [DONE]\n\n"


def render_error(status: int, message: str) -> bytes:
    """An error as OpenAI words it."""
    kind = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}.get(status)
    return _encode({"error": {"message": message, "type": "simulated_error", "code": kind}})


def call_name(reply: Reply) -> str:
    """Under which name the bill of this call can be asked for, as OpenRouter's can."""
    return f"simulated-{reply.number}"


def _head(reply: Reply, kind: str) -> dict[str, object]:
    return {"id": call_name(reply), "object": kind, "model": reply.model, "provider": _SERVED_BY}


def _choice(delta: Mapping[str, object], ending: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "finish_reason": ending}


def _delta(reply: Reply, piece: str) -> dict[str, object]:
    return {"tool_calls": [_tool_call(reply, piece)]} if reply.tool_name else {"content": piece}


def _tool_call(reply: Reply, arguments: str) -> dict[str, object]:
    function = {"name": reply.tool_name, "arguments": arguments}
    return {"index": 0, "id": f"call-{reply.number}", "type": "function", "function": function}


def _ending(reply: Reply) -> str:
    return "length" if reply.is_cut_short else "tool_calls" if reply.tool_name else "stop"


def _usage(reply: Reply) -> dict[str, object]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.completion_tokens,
        "total_tokens": reply.input_tokens + reply.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
        "cost": reply.cost_nano_usd / 1e9,
    }


def _event(data: Mapping[str, object]) -> bytes:
    return b"data: " + _encode(data) + b"\n\n"
