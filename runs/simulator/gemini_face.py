"""The simulated provider in the words of Gemini's generateContent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from runs.simulator.reply import Reply

_encode = msgspec.json.Encoder().encode
_STATUSES: Mapping[int, str] = {
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def render(reply: Reply) -> bytes:
    """The whole answer."""
    return _encode(_piece(reply, reply.text, is_last=True))


def render_pieces(reply: Reply) -> Iterator[bytes]:
    """The events of the stream, one for each piece; the last holds the usage."""
    *pieces, last = [reply.text] if reply.tool_name else reply.pieces() or [""]
    for piece in pieces:
        yield b"data: " + _encode(_piece(reply, piece, is_last=False)) + b"\r\n\r\n"
    yield b"data: " + _encode(_piece(reply, last, is_last=True)) + b"\r\n\r\n"


def render_error(status: int, message: str) -> bytes:
    """An error as Google words it."""
    return _encode({"error": {"code": status, "message": message, "status": _STATUSES.get(status, "INVALID_ARGUMENT")}})


def _piece(reply: Reply, text: str, *, is_last: bool) -> dict[str, object]:
    part: dict[str, object] = {"text": text}
    if reply.tool_name:
        part = {"functionCall": {"name": reply.tool_name, "args": msgspec.Raw(text.encode())}}
    candidate: dict[str, object] = {"index": 0, "content": {"role": "model", "parts": [part]}}
    if is_last:
        candidate["finishReason"] = "MAX_TOKENS" if reply.is_cut_short else "STOP"
    usage = {
        "promptTokenCount": reply.input_tokens,
        "cachedContentTokenCount": reply.cached_tokens,
        "candidatesTokenCount": reply.output_tokens,
        "thoughtsTokenCount": reply.reasoning_tokens,
        "totalTokenCount": reply.input_tokens + reply.completion_tokens,
    }
    head = {"modelVersion": reply.model, "responseId": f"simulated-{reply.number}"}
    return {"candidates": [candidate], **({"usageMetadata": usage} if is_last else {}), **head}
