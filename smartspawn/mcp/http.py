"""MCP over HTTP: Django checks who asks, the event loop lets the SDK answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from smartspawn import tracing
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Actor, Role, Scope
from smartspawn.bridge import Message, header
from smartspawn.lib.errors import NotAllowed
from smartspawn.tickets import Exchange, stream_ticket

_ACTOR: Final = "smartspawn.actor"
# Long enough that a start is not slowed by it, and that a site that ends at once never pays for it.
PREPARE_AFTER_S: Final = 15.0


@requires_scope(Scope.RUNS_READ)
@require_http_methods(["GET", "POST", "DELETE"])
def endpoint(request: HttpRequest) -> HttpResponse:
    """The address of the MCP server. The key's own scopes decide what each tool does."""
    _check_origin(request)
    return stream_ticket("mcp", {"actor": _written(actor_of(request))})


def _check_origin(request: HttpRequest) -> None:
    """A page of another site must not talk to this one through somebody's browser (the Host is checked by Django)."""
    origin = request.headers.get("Origin", "")
    if not origin:
        return
    trusted = {urlsplit(item).netloc for item in settings.CSRF_TRUSTED_ORIGINS} | {request.get_host()}
    if urlsplit(origin).netloc not in trusted:
        raise NotAllowed(f"Requests from {origin[:100]} are not let in here.")


def _written(actor: Actor) -> dict[str, Any]:
    return {
        "label": actor.label,
        "role": actor.role,
        "scopes": sorted(actor.scopes),
        "user_id": actor.user_id,
        "key_id": actor.key_id,
        "address": actor.address,
    }


def _read(written: Mapping[str, Any]) -> Actor:
    role = Role(written["role"]) if written["role"] else None
    scopes = frozenset(Scope(word) for word in written["scopes"])
    return Actor(**{**written, "role": role, "scopes": scopes})


class McpDoor:
    """The SDK's session manager: its packages take seconds to import on a busy machine, and some agents wait five.

    It is made a moment after the server has started, or with the first request where that comes before.
    """

    def __init__(self) -> None:
        self._manager: Any = None
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._lock = asyncio.Lock()

    async def prepare(self, *, after_s: float = PREPARE_AFTER_S) -> None:
        """Be ready before the first agent asks."""
        await asyncio.sleep(after_s)
        await self._open()

    async def redeem(self, exchange: Exchange) -> None:
        """Let the SDK answer; Django's headers go along with its own."""
        manager = await self._open()
        scope = {**exchange.scope, _ACTOR: _read(exchange.params["actor"])}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in exchange.headers if name.lower() not in own]
                message = {**message, "headers": [*message["headers"], *more]}
            await exchange.send(message)

        with tracing.joined(header(exchange.scope, tracing.TRACEPARENT.encode()).decode("latin1")):
            await manager.handle_request(scope, exchange.receive, send)

    async def close(self) -> None:
        """End with the server."""
        self._closing.set()
        if self._keeper is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    async def _open(self) -> Any:
        async with self._lock:
            if self._manager is None:
                self._manager = await asyncio.to_thread(_make_manager)
                is_open = asyncio.Event()
                self._keeper = asyncio.create_task(self._keep(is_open))
                await is_open.wait()
        return self._manager

    async def _keep(self, is_open: asyncio.Event) -> None:
        """Hold the manager open in one task, as its task group demands."""
        async with self._manager.run():
            is_open.set()
            await self._closing.wait()


def _actor_of(context: Any) -> Actor:
    actor = context.request.scope[_ACTOR]
    if not isinstance(actor, Actor):
        raise TypeError("A request of MCP came without its caller.")
    return actor


def _make_manager() -> Any:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

    from smartspawn.mcp.server import make_server

    # Without sessions any process can answer any request. Host and Origin were checked before the ticket.
    return StreamableHTTPSessionManager(
        make_server(_actor_of),
        stateless=True,
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        max_request_body_size=settings.REQUEST_MAX_BYTES,
    )
