"""Long answers: Django checks the request and writes a ticket, the event loop redeems it as a stream.

So a stream passes every check that any other request passes, and while it is open it holds neither a
thread nor a database connection. A ticket is an answer without a body whose header names the stream; the
header never leaves the site.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer

from smartspawn.bridge import AsgiApp, Headers, Message, Receive, Scope, Send

TICKET_HEADER = "x-smartspawn-stream"
_REPLACED_HEADERS = frozenset({TICKET_HEADER.encode(), b"content-length", b"content-type"})

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request whose ticket is to be redeemed."""

    params: Params  # as the view wrote them
    headers: Headers  # that Django wants sent, without those of the ticket's own empty body
    scope: Scope
    receive: Receive  # gives the body once more, then what comes from the client
    send: Send


Redeem = Callable[[Exchange], Awaitable[None]]


class AnyAccept(DefaultContentNegotiation):
    """For endpoints that may answer with a stream: what the client accepts is theirs to look at, not DRF's."""

    def select_renderer(
        self,
        request: Any,  # noqa: ARG002 - DRF's signature
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002 - DRF's signature
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type or ""


def stream_ticket(stream: str, params: Params, *, status: int = 200) -> HttpResponse:
    """An answer that the event loop replaces by the named stream."""
    response = HttpResponse(status=status, content_type="application/json")
    response[TICKET_HEADER] = json.dumps({"stream": stream, "params": params})
    return response


class TicketOffice:
    """An ASGI application in front of Django that redeems the tickets it answers with."""

    def __init__(self, application: AsgiApp, streams: Mapping[str, Redeem]) -> None:
        self._application = application
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; with a stream where Django says so."""
        taken: list[tuple[dict[str, Any], Headers]] = []
        heard: list[Message] = []

        async def listen() -> Message:
            heard.append(await receive())
            return heard[-1]

        async def replay() -> Message:
            return heard.pop(0) if heard else await receive()

        async def watch(message: Message) -> None:
            if taken:
                return  # the ticket's own empty body
            ticket = _ticket_of(message)
            if ticket is None:
                await send(message)
            else:
                taken.append((ticket, _kept(message["headers"])))

        await self._application(scope, listen, watch)
        if taken:
            ticket, headers = taken[0]
            await self._streams[ticket["stream"]](Exchange(ticket["params"], headers, scope, replay, send))


def _ticket_of(message: Message) -> dict[str, Any] | None:
    if message["type"] != "http.response.start":
        return None
    written = next((value for name, value in message["headers"] if name == TICKET_HEADER.encode()), None)
    return None if written is None else dict(json.loads(written))


def _kept(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in _REPLACED_HEADERS]
