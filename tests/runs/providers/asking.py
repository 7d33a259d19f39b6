"""Endpoints, requests and streams for the tests of providers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from types import ModuleType
from typing import Any
from uuid import UUID

from runs.providers import anthropic_messages, gemini_generate, openai_chat
from runs.providers.wire import ServerEvent
from runs.shapes import ChatDelta, ChatRequest, ChatResult, Endpoint, Grant, Protocol

GRANT = Grant(call_id=UUID(int=7), amount_nano_usd=1_000_000, is_simulated=False)
SECRET = "sk-canary-0123456789"
MODULES: dict[Protocol, ModuleType] = {
    Protocol.OPENAI: openai_chat,
    Protocol.ANTHROPIC: anthropic_messages,
    Protocol.GEMINI: gemini_generate,
}
_PROTOCOLS = {"anthropic": Protocol.ANTHROPIC, "gemini": Protocol.GEMINI}


def endpoint(provider: str = "openai", model: str = "model-1", **given: Any) -> Endpoint:
    """A place that serves a model, at 2 and 10 dollars a million tokens."""
    facts: dict[str, Any] = {
        "connection": provider,
        "provider": provider,
        "protocol": _PROTOCOLS.get(provider, Protocol.OPENAI),
        "base_url": "https://api.example.org/v1",
        "wire_model": model,
        "model_id": f"maker/{model}",
        "prompt_usd_per_mtok": Decimal(2),
        "completion_usd_per_mtok": Decimal(10),
    }
    return Endpoint(**(facts | given))


def request(*messages: dict[str, Any], **given: Any) -> ChatRequest:
    """A request, by default for the capital of France."""
    facts: dict[str, Any] = {"max_output_tokens": 100}
    return ChatRequest(messages or ({"role": "user", "content": "What is the capital of France?"},), **(facts | given))


def body_of(place: Endpoint, asked: ChatRequest, *, is_streaming: bool = False) -> dict[str, Any]:
    """What would be sent."""
    wire = MODULES[place.protocol].build(place, asked, SECRET, is_streaming=is_streaming)
    body = json.loads(wire.body)
    assert isinstance(body, dict)
    return body


def read_whole(protocol: Protocol, answer: object, asked: ChatRequest | None = None) -> ChatResult:
    """A whole answer, read."""
    result = MODULES[protocol].read_whole(json.dumps(answer).encode(), asked or request())
    assert isinstance(result, ChatResult)
    return result


def read_stream(
    protocol: Protocol, pieces: Iterable[object], asked: ChatRequest | None = None
) -> tuple[ChatResult, list[ChatDelta]]:
    """A stream, read to its end, with the pieces that were handed on."""
    reader = MODULES[protocol].Reader(asked or request())
    deltas = [
        delta
        for piece in pieces
        for delta in reader.feed(ServerEvent("", piece if isinstance(piece, str) else json.dumps(piece)))
    ]
    return reader.finish(), deltas
