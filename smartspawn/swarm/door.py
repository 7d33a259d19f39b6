"""The daemon's port: an ASGI application in front of the site's own, for programs on this machine alone.

A web page in a browser here could reach this port, too, and spend money: whatever carries an origin, comes by
another name than this machine's own or through a proxy is refused. The rest is mapped to the same address below
/api and asked with the daemon's own key, so that it passes the gates, limits and caps of everything else.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import close_old_connections
from django.utils import timezone

from smartspawn.bridge import AsgiApp, Headers, Receive, Scope, Send, header, replayed
from smartspawn.lib.errors import InvalidBody, SmartSpawnError
from smartspawn.swarm.answers import DaemonAnswer, error_line, send_json, send_lines, start_line
from smartspawn.swarm.bodies import FIELDS, is_empty_batch, read_json, translate
from smartspawn.swarm.key import daemon_key
from smartspawn.swarm.reports import Counters, capabilities, health, preview, status, templates

_REPORTS: Final[Mapping[str, Callable[[Counters], dict[str, Any]]]] = {
    "/status": status,
    "/capabilities": capabilities,
    "/templates": lambda _counters: templates(),
}
AVAILABLE: Final = (
    *(f"GET {path}" for path in ("/health", *_REPORTS)),
    *(f"POST {path}" for path in (*FIELDS, "/chain/preview")),
)
# A browser says for whom it asks; a proxy says for whom it stands.
_TELLTALES: Final = (b"origin", b"sec-fetch-site", b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")
_EMPTY_BATCH: Final = {"event": "complete", "results": [], "errors": [], "stats": {"successful": 0, "failed": 0}}
T = TypeVar("T")


class SwarmDoor:
    """Answers on the daemon's port; everything on other ports goes to the site."""

    def __init__(self, application: AsgiApp, port: int) -> None:
        self._application = application
        self._port = port
        self._counters = Counters(started_at=timezone.now())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one connection of any kind."""
        is_ours = scope["type"] == "http" and (scope.get("server") or ("", 0))[1] == self._port
        if not is_ours:
            await self._application(scope, receive, send)
        elif refusal := why_refused(scope):
            await send_json(send, {"error": refusal}, status=403)
        else:
            self._counters.request_count += 1
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            await send_json(send, None, status=204)
        elif method == "GET" and path == "/health":
            await send_json(send, health(self._counters))
        elif method == "GET" and path in _REPORTS:
            await self._report(lambda: _REPORTS[path](self._counters), send)
        elif method == "POST" and path == "/chain/preview":
            body = await _body(receive)
            await self._report(lambda: preview(read_json(body)), send)
        elif method == "POST" and path in FIELDS:
            await self._work(scope, receive, send)
        else:
            await send_json(send, {"error": f"There is no {method} {path} here.", "available": AVAILABLE}, status=404)

    async def _report(self, make: Callable[[], dict[str, Any]], send: Send) -> None:
        try:
            found = await _in_thread(make)
        except SmartSpawnError as refusal:
            await send_json(send, {"error": refusal.message}, status=400)
        except DatabaseFault:
            await send_json(send, {"error": "The database does not answer."}, status=503)
        else:
            await send_json(send, found)

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have it done by the site. As with the daemon, whatever goes wrong is an event of a good answer."""
        path, began = scope["path"], time.monotonic()
        try:
            given = read_json(await _body(receive))
            if is_empty_batch(path, given):
                await send_lines(send, start_line(path), {**_EMPTY_BATCH, "duration": 0})
                return
            token, actor = await _in_thread(daemon_key)
        except SmartSpawnError as refusal:
            await send_lines(send, start_line(path), error_line(refusal.message, refusal.code))
            return
        answer = DaemonAnswer(send, path, key_id=actor.key_id or 0, since=self._counters.started_at)
        body = json.dumps(translate(path, given)).encode()
        self._counters.busy_count += 1
        try:
            await self._application(_mapped(scope, token, len(body)), replayed(body, receive), answer)
        finally:
            self._counters.busy_count -= 1
            self._counters.answered_count += 1
            self._counters.answered_ms += int((time.monotonic() - began) * 1000)


def why_refused(scope: Scope) -> str:
    """Why this request is not let in; empty for a program on this machine."""
    if any(header(scope, name) for name in _TELLTALES):
        return "This port is for programs on this machine: not for web pages, and not through a proxy."
    host = header(scope, b"host").decode("latin1")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if name.lower() not in settings.LOOPBACK_HOSTS:
        return "This port answers to localhost alone."
    return ""


def _mapped(scope: Scope, token: str, length: int) -> Scope:
    """The same request below /api, in the daemon's name."""
    headers: Headers = [
        (b"host", header(scope, b"host")),
        (b"authorization", f"Bearer {token}".encode()),
        (b"content-type", b"application/json"),
        (b"content-length", str(length).encode()),
        (b"accept", b"application/x-ndjson"),
    ]
    path = f"/api{scope['path']}"
    return {**scope, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}


async def _body(receive: Receive) -> bytes:
    """The whole body. Raises InvalidBody for one that is longer than the site takes."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if sum(map(len, parts)) > settings.REQUEST_MAX_BYTES:
            raise InvalidBody(f"The body is longer than {settings.REQUEST_MAX_BYTES} bytes.")
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return b"".join(parts)


async def _in_thread(work: Callable[[], T]) -> T:
    def tidy() -> T:
        try:
            return work()
        finally:
            close_old_connections()

    return await asyncio.to_thread(tidy)
