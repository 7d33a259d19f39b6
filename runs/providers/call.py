"""The only place that sends a request to a language model.

    async with open_provider_door() as providers:
        result = await providers.call(grant, endpoint, request, secret, on_delta=show)

Whatever does not give a whole answer raises CallFailed. A call that is cancelled closes its connection at
once; what it had so far stays in the ``CallProgress`` that the caller handed in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from runs.providers.fault_reading import read_fault
from runs.providers.faults import CallFailed, Fault, FaultCode, make_fault, not_an_api
from runs.providers.protocols import PROTOCOLS
from runs.providers.usage import estimate_usage
from runs.providers.wire import StreamReader, WireCall, read_events
from runs.shapes import ChatDelta, ChatRequest, ChatResult, Endpoint, Grant
from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.bodies import Reply
from smartspawn.lib.errors import AddressRefused, UpstreamFault, UpstreamTooLarge, UpstreamUnreachable
from smartspawn.lib.http import Door, Patience, open_door
from smartspawn.tracing import outgoing_headers

OnDelta = Callable[[ChatDelta], None]

_MOST_CONNECTIONS: Final = 500
_CONNECT_S: Final = 10.0
_AFTER_END_S: Final = 0.25
_BODY_BYTES: Final = 64 * 1024 * 1024  # an answer with pictures in it
# The first is what OpenRouter keeps its bill under.
_REQUEST_IDS: Final = ("x-generation-id", "x-request-id", "request-id", "cf-ray")
_PAGE: Final = "a web page"
_NOT_HERE: Final = frozenset({404, 405})
_SHORTEST_SECRET: Final = 4  # shorter ones would be struck out of ordinary words


@dataclass(slots=True)
class CallProgress:
    """How far a call has come; the caller keeps it and reads it when the call was cancelled."""

    request: ChatRequest | None = None
    reader: StreamReader | None = None
    is_sent: bool = False  # from here on the provider may bill it
    request_id: str = ""  # as the answer's head names the call, known before its first word
    started_s: float = 0.0
    first_token_ms: float | None = None

    def partial(self) -> ChatResult | None:
        """What the call has given and taken so far; None if nothing went out."""
        if not self.is_sent or self.request is None:
            return None
        result = self.reader.partial() if self.reader else ChatResult(text="", usage=estimate_usage(self.request))
        request_id = result.request_id or self.request_id
        return replace(result, request_id=request_id, first_token_ms=self.first_token_ms, duration_ms=self.elapsed_ms())

    def note_sent(self) -> None:
        self.is_sent = True

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self.started_s) * 1000


class CallModel(Protocol):
    """Sends one request to one place; see ``ProviderDoor.call``."""

    async def __call__(
        self,
        grant: Grant,
        endpoint: Endpoint,
        request: ChatRequest,
        secret: str,
        *,
        on_delta: OnDelta | None = None,
        progress: CallProgress | None = None,
    ) -> ChatResult:
        """The whole answer. Raises CallFailed."""


class ProviderDoor:
    """Calls language models; make it with ``open_provider_door``."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def call(
        self,
        grant: Grant,
        endpoint: Endpoint,
        request: ChatRequest,
        secret: str,
        *,
        on_delta: OnDelta | None = None,
        progress: CallProgress | None = None,
    ) -> ChatResult:
        """The whole answer; where ``on_delta`` is given it is streamed, and each piece handed over as it comes.

        Raises CallFailed.
        """
        _check_grant(grant, endpoint)
        progress = progress or CallProgress()
        progress.request, progress.started_s = request, time.perf_counter()
        try:
            async with asyncio.timeout(request.timeout_s):
                result = await self._exchange(endpoint, request, secret, on_delta, progress)
        except (TimeoutError, UpstreamFault, CallFailed) as error:
            raise _explain(error, endpoint, secret, progress) from None
        return replace(result, first_token_ms=progress.first_token_ms, duration_ms=progress.elapsed_ms())

    async def _exchange(
        self,
        endpoint: Endpoint,
        request: ChatRequest,
        secret: str,
        on_delta: OnDelta | None,
        progress: CallProgress,
    ) -> ChatResult:
        protocol = PROTOCOLS[endpoint.protocol]
        wire = protocol.build(endpoint, request, secret, is_streaming=on_delta is not None)
        async with self._send(wire, endpoint, request.timeout_s, progress) as reply:
            if what := _stands_in_place(reply):
                raise CallFailed(not_an_api(endpoint.base_url, what, status=reply.status))
            if not 200 <= reply.status < 300:
                raise await _refusal(reply, endpoint)
            progress.request_id = next(filter(None, map(reply.headers.get, _REQUEST_IDS)), "")
            if on_delta is None or _is_whole(reply):
                body = await reply.read()
                if _begins_a_page(body):
                    raise CallFailed(not_an_api(endpoint.base_url, _PAGE, status=reply.status))
                result = protocol.read_whole(body, request)
            else:
                progress.reader = protocol.Reader(request)
                result = await _read_stream(reply, progress.reader, on_delta, progress)
            return replace(result, request_id=result.request_id or progress.request_id)

    @asynccontextmanager
    async def _send(
        self, wire: WireCall, endpoint: Endpoint, timeout_s: float, progress: CallProgress
    ) -> AsyncIterator[Reply]:
        # A model may think for minutes before its first word: only the whole call has a limit.
        patience = Patience(connect_s=min(_CONNECT_S, timeout_s), read_s=timeout_s + 1, body_bytes=_BODY_BYTES)
        rule = AddressRule.PRIVATE_TOO if endpoint.allows_private else AddressRule.PUBLIC
        headers = {**wire.headers, **outgoing_headers()}
        async with self._door.stream_json(
            wire.url, wire.body, headers=headers, patience=patience, rule=rule, on_sent=progress.note_sent
        ) as reply:
            yield reply


@asynccontextmanager
async def open_provider_door(*, most_connections: int = _MOST_CONNECTIONS) -> AsyncIterator[ProviderDoor]:
    """A door to all providers, open as long as the block lasts."""
    async with open_door(most_connections=most_connections) as door:
        yield ProviderDoor(door)


async def _read_stream(reply: Reply, reader: StreamReader, on_delta: OnDelta, progress: CallProgress) -> ChatResult:
    try:
        async with asyncio.timeout(None) as limit:
            async for event in read_events(reply.lines()):
                for delta in reader.feed(event):
                    _note_first_token(progress, delta)
                    on_delta(delta)
                if reader.is_ended:  # the body's own end frees the connection for the next call, but it may not come
                    limit.reschedule(asyncio.get_running_loop().time() + _AFTER_END_S)
    except (UpstreamUnreachable, TimeoutError):
        if not reader.is_complete:
            raise
    return reader.finish()


def _note_first_token(progress: CallProgress, delta: ChatDelta) -> None:
    if progress.first_token_ms is None and (delta.text or delta.reasoning or delta.tool_calls):
        progress.first_token_ms = progress.elapsed_ms()


def _is_whole(reply: Reply) -> bool:
    """Whether the answer is no stream, though one was asked for: a server that cannot."""
    return "json" in reply.headers.get("content-type", "")


def _stands_in_place(reply: Reply) -> str:
    """What answered that is no API, by the answer's head; "" where it may be one.

    Calls are never redirected: a POST that follows becomes a GET as a rule, and the key would go along. A page with
    an error of the server's may come from whatever stands before the API, and passes.
    """
    if 300 <= reply.status < 400:
        return f"a redirect (status {reply.status})"
    is_page = "html" in reply.headers.get("content-type", "")
    return _PAGE if is_page and (200 <= reply.status < 300 or reply.status in _NOT_HERE) else ""


def _begins_a_page(body: bytes) -> bool:
    """Whether it is markup, whatever its head called it."""
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


async def _refusal(reply: Reply, endpoint: Endpoint) -> CallFailed:
    body = await reply.read()
    return CallFailed(read_fault(endpoint.protocol, reply.status, reply.headers, body, now=datetime.now(UTC)))


def _check_grant(grant: object, endpoint: Endpoint) -> None:
    """No money, no call: also where a caller got round the type checker."""
    if not isinstance(grant, Grant):
        raise TypeError("a call of a model needs a grant of the ledger")
    if grant.is_simulated != endpoint.is_simulated:
        raise ValueError("a simulated grant is good for the simulator alone, and a real one for a real provider")


def _explain(
    error: TimeoutError | UpstreamFault | CallFailed, endpoint: Endpoint, secret: str, progress: CallProgress
) -> CallFailed:
    """The failure as callers get it: with what had come, and without the secret."""
    if isinstance(error, CallFailed):
        fault, may_be_billed = error.fault, error.may_be_billed or progress.first_token_ms is not None
    else:
        fault, may_be_billed = _transport_fault(error, progress)
    message = f"{endpoint.connection}: {fault.message}"
    if len(secret) >= _SHORTEST_SECRET:
        message = message.replace(secret, "[key]")
    partial = progress.partial() if may_be_billed else None
    return CallFailed(replace(fault, message=message), partial=partial, may_be_billed=may_be_billed)


def _transport_fault(error: TimeoutError | UpstreamFault, progress: CallProgress) -> tuple[Fault, bool]:
    """What went wrong on the way, and whether the request may have reached the provider."""
    if isinstance(error, TimeoutError):
        timeout_s = progress.request.timeout_s if progress.request else 0
        return make_fault(FaultCode.TIMED_OUT, f"no whole answer within {round(timeout_s, 2):g} s"), progress.is_sent
    if isinstance(error, AddressRefused):
        return make_fault(FaultCode.ADDRESS_REFUSED, error.message), False
    if isinstance(error, UpstreamTooLarge):
        return make_fault(FaultCode.TOO_LARGE, error.message), True
    if isinstance(error, UpstreamUnreachable) and not (error.was_connected and progress.is_sent):
        return make_fault(FaultCode.UNREACHABLE, error.message), False
    return make_fault(FaultCode.CUT_OFF, error.message), True
