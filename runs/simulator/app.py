"""The simulated provider as a plain ASGI application.

It is measured beside what it serves, on the same cores: each microsecond here is one less there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote

import msgspec

from runs.providers.json_reading import decode
from runs.shapes import Protocol
from runs.simulator import anthropic_face, gemini_face, openai_face
from runs.simulator.asked import Asked, read_anthropic, read_gemini, read_openai
from runs.simulator.bill import Bill, KeyLine
from runs.simulator.reply import Reply, make_reply
from runs.simulator.scenario import Draws, Scenario

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_FACES: Final[Mapping[Protocol, Any]] = {
    Protocol.OPENAI: openai_face,
    Protocol.ANTHROPIC: anthropic_face,
    Protocol.GEMINI: gemini_face,
}
_JSON: Final = (b"content-type", b"application/json")
_EVENTS: Final = (b"content-type", b"text/event-stream")
_GEMINI_CALL: Final = re.compile(r"/models/([^/]+(?:/[^/]+)*):(generateContent|streamGenerateContent)$")
_FAILING_MODEL: Final = re.compile(r"fail-([45]\d\d)$")  # "anything/fail-402" always fails with that status
_MODELS: Final = ("simulated/small", "simulated/large", "simulated/thinking")
_SECRET_HEADERS: Final = ("x-api-key", "x-goog-api-key")
_MOST_BODY_BYTES: Final = 64 * 1024 * 1024


class Simulator:
    """The application, with its scenario and its bill."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.bill = Bill()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = unquote(scope["path"])
        if scope["method"] == "POST" and not path.startswith("/bill"):
            await self._call(scope, path, receive, send)
        else:
            await self._show(scope["method"], path, scope.get("query_string", b"").decode("latin-1"), send)

    # --- what is no call -------------------------------------------------------------------

    async def _show(self, method: str, path: str, query: str, send: Send) -> None:
        if path == "/bill":
            payload: object = self.bill.payload()
            if method in ("DELETE", "POST"):
                self.bill = Bill(in_flight_count=self.bill.in_flight_count)
        elif path.endswith("/models"):
            payload = self._gemini_models() if "v1beta" in path else self._models()
        elif path.endswith("/generation") and (bill := self.bill.told_of(parse_qs(query).get("id", [""])[0])):
            payload = {"data": bill}
        elif path.endswith("/key"):
            payload = {"data": {"label": "simulated", "limit": None}}
        elif path == "/":
            payload = {"simulated": True, "serves": ["/v1/chat/completions", "/v1/messages", "/v1beta/models", "/bill"]}
        else:
            await _answer(send, 404, b'{"error": {"message": "the simulator has nothing here"}}')
            return
        await _answer(send, 200, msgspec.json.encode(payload))

    def _models(self) -> object:
        pricing = self._pricing()
        rows = [{"id": name, "object": "model", "owned_by": "simulator", "pricing": pricing} for name in _MODELS]
        return {"object": "list", "data": rows, "simulated": True}

    def _gemini_models(self) -> object:
        pricing = self._pricing()
        rows = [
            {"name": f"models/{name}", "displayName": f"{name} (simulated)", "pricing": pricing} for name in _MODELS
        ]
        return {"models": rows}

    def _pricing(self) -> dict[str, str]:
        """Dollars for one token, as OpenRouter lists them."""
        prompt, completion = self.scenario.prompt_usd_per_mtok, self.scenario.completion_usd_per_mtok
        return {"prompt": f"{prompt / 1_000_000:f}", "completion": f"{completion / 1_000_000:f}"}

    # --- calls -----------------------------------------------------------------------------

    async def _call(self, scope: Message, path: str, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _read_body(receive)
        asked = _read(path, decode(body)) if body is not None else None
        if asked is None:
            await _answer(send, 400, b'{"error": {"message": "the simulator cannot read this call"}}')
            return
        token = headers.get("idempotency-key", "")
        line = self.bill.note_seen(token or "(no key)")
        number = self.bill.totals.seen_count
        draws = self.scenario.draw(f"{token}#{line.seen_count}" if token else str(number))
        caller = _Caller(receive)
        try:
            refusal = self._refusal(asked, headers, draws)
            if refusal:
                self.bill.note_refused(line)
                await self._refuse(asked, refusal, send)
                return
            await self._answer_call(
                _Exchange(make_reply(asked, self.scenario, number), asked, line, draws), caller, send
            )
        finally:
            caller.leave()
            self.bill.in_flight_count -= 1

    def _refusal(self, asked: Asked, headers: Mapping[str, str], draws: Draws) -> int:
        """The status that a call is refused with; 0 for one that is not."""
        scenario = self.scenario
        told = headers.get("authorization", "").removeprefix("Bearer ")
        if scenario.key and scenario.key not in (told, *(headers.get(name) for name in _SECRET_HEADERS)):
            return 401
        failing = _FAILING_MODEL.search(asked.model)
        if failing:
            return int(failing.group(1))
        if draws.fault < scenario.error_rate:
            return 500
        return 429 if draws.fault < scenario.error_rate + scenario.rate_limit_rate else 0

    async def _refuse(self, asked: Asked, status: int, send: Send) -> None:
        more = [(b"retry-after", f"{self.scenario.retry_after_s:g}".encode())] if status == 429 else []
        await _answer(send, status, _FACES[asked.protocol].render_error(status, f"simulated: status {status}"), more)

    async def _answer_call(self, exchange: _Exchange, caller: _Caller, send: Send) -> None:
        reply, is_cut = exchange.reply, exchange.draws.cut < self.scenario.cut_rate
        name = openai_face.call_name(reply)
        is_there = await caller.wait(self.scenario.latency.draw_ms(exchange.draws.latency))
        sent_share = 0.0
        if is_there and exchange.asked.is_streaming:
            sent_share = await self._stream(exchange, caller, send, is_cut=is_cut)
        elif is_there:
            body = _FACES[exchange.asked.protocol].render(reply)
            await _answer(send, 200, body[: len(body) // 2] if is_cut else body, whole_bytes=len(body))
            sent_share = 0.5 if is_cut else 1.0
        if sent_share == 1.0:
            self.bill.note_completed(exchange.line, reply.input_tokens, reply.completion_tokens, reply.cost_nano_usd)
            self.bill.note_call(name, reply.cost_nano_usd, is_whole=True)
        else:
            completion = int(reply.completion_tokens * sent_share)
            cost = self.scenario.cost_nano(reply.input_tokens, completion)
            self.bill.note_disconnected(exchange.line, reply.input_tokens, completion, cost)
            self.bill.note_call(name, cost, is_whole=False)

    async def _stream(self, exchange: _Exchange, caller: _Caller, send: Send, *, is_cut: bool) -> float:
        """Send the pieces; says which share of them the caller has got."""
        pieces = list(_FACES[exchange.asked.protocol].render_pieces(exchange.reply))
        named = (b"x-generation-id", openai_face.call_name(exchange.reply).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [_EVENTS, named]})
        for place, piece in enumerate(pieces):
            if is_cut and place == len(pieces) // 2:
                return place / len(pieces)  # without the end of the body: the server drops the connection
            is_last = place == len(pieces) - 1
            await send({"type": "http.response.body", "body": piece, "more_body": not is_last})
            if not is_last and not await caller.wait(self.scenario.piece_delay_ms):
                return (place + 1) / len(pieces)
        return 1.0


class _Exchange(msgspec.Struct, frozen=True):
    """One call on its way."""

    reply: Reply
    asked: Asked
    line: KeyLine
    draws: Draws


class _Caller:
    """Whoever called: waits while they are there, and notices at once when they leave."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._leaving: asyncio.Future[Message] | None = None

    async def wait(self, wait_ms: float) -> bool:
        """Wait so long; False as soon as the caller is gone."""
        if wait_ms <= 0:
            return True
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._receive())
        done, _ = await asyncio.wait((self._leaving,), timeout=wait_ms / 1000)
        return not done

    def leave(self) -> None:
        """Stop looking."""
        if self._leaving:
            self._leaving.cancel()


def _read(path: str, body: object) -> Asked | None:
    """The call that a path and a body make; None for what is none."""
    if not isinstance(body, dict):
        return None
    if path.endswith("/chat/completions"):
        return read_openai(body)
    if path.endswith("/messages"):
        return read_anthropic(body)
    gemini = _GEMINI_CALL.search(path)
    return read_gemini(body, gemini.group(1), is_streaming=gemini.group(2)[0] == "s") if gemini else None


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None if the caller left or it is too large."""
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body") and len(body) <= _MOST_BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
    return None if message["type"] == "http.disconnect" or len(body) > _MOST_BODY_BYTES else body


async def _answer(
    send: Send, status: int, body: bytes, more: list[tuple[bytes, bytes]] | None = None, *, whole_bytes: int = 0
) -> None:
    headers = [_JSON, (b"content-length", str(whole_bytes or len(body)).encode()), *(more or ())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    is_cut = bool(whole_bytes) and whole_bytes != len(body)
    await send({"type": "http.response.body", "body": body, "more_body": is_cut})
