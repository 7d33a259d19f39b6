"""The door of the site: says who answers a request.

- open reads that were answered before: the event loop, from ``fastpath``
- choices of the usual form for nobody in particular: threads of their own, by the short way of ``routing.quick``
- chats of the usual form: the event loop, by the short way of ``runs.chat.quick``
- everything else: Django, in the threads of ``bridge``; an answer that lasts is a ticket that ``tickets``
  redeems as a stream
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from concurrent.futures import ThreadPoolExecutor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartspawn.settings")

from smartspawn.wsgi import application as wsgi_application  # isort: skip  # sets Django up

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import close_old_connections, connections

from catalog.queries import catalog_revision, find_current_snapshot
from routing.adjustments import routing_revision
from routing.quick import QuickChoices
from runs.chat.door import ChatDoor
from runs.chat.quick import QuickChats
from runs.driving.inline import close_inline
from runs.streams import stream_events, stream_swarm
from smartspawn import tracing
from smartspawn.access.addresses import client_key
from smartspawn.access.limits import general_limiter
from smartspawn.api import most_body_bytes
from smartspawn.bridge import DjangoBridge, Receive, Scope, Send, joined_header
from smartspawn.fastpath import OpenReads
from smartspawn.mcp.http import McpDoor
from smartspawn.metrics.requests import RequestCounter
from smartspawn.tickets import TicketOffice

# Answers are fresh for as long as the revisions stand; the bound is for what else may show in them.
# A source can turn red without a new revision, and the status must tell at once.
OPEN_READS_FRESH_S = {
    "/api": 10.0,
    "/api/models": 10.0,
    "/api/compare": 10.0,
    "/api/pick": 10.0,
    "/api/recommend": 10.0,
    "/api/status": 1.0,
}
REVISION_FRESH_S = 0.5
_CHOOSING_THREADS = 4
_ROUTING_BITS = 40  # a change of limits or adjustments every millisecond fills them in thirty years


class RevisionWatch:
    """The revisions of catalogue and routing in one number, read every half second, by one request at a time."""

    def __init__(self) -> None:
        self._revision: int | None = None
        self._checked_at = float("-inf")
        self._lock: asyncio.Lock | None = None

    async def find(self) -> int | None:
        """The revision, at most half a second old; None while the database does not answer."""
        if time.monotonic() - self._checked_at < REVISION_FRESH_S:
            return self._revision
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            if time.monotonic() - self._checked_at >= REVISION_FRESH_S:
                loop = asyncio.get_running_loop()
                self._revision = await loop.run_in_executor(django.executor, _read_revision, self._revision)
                self._checked_at = time.monotonic()
        return self._revision


def _read_revision(former: int | None) -> int | None:
    try:
        catalog = catalog_revision()
        if former is None or catalog != former >> _ROUTING_BITS:
            _settle_snapshot()
        return both_revisions(catalog, routing_revision())
    except DatabaseFault:
        return None
    finally:
        close_old_connections()


def both_revisions(catalog: int, routing: int) -> int:
    """One number that changes with either: all that an open answer may depend on."""
    return (catalog << _ROUTING_BITS) + routing


def _settle_snapshot() -> None:
    """Decode the snapshot before requests need it, and take it out of the garbage collector's rounds.

    It is immutable and large: every full round over it stopped all requests for 80 ms.
    """
    find_current_snapshot()
    gc.collect()
    gc.freeze()


async def is_within_limit(scope: Scope) -> bool:
    """Count one request of this client; False when it has asked too often."""
    client = scope.get("client") or ("", 0)
    key = client_key(client[0], joined_header(scope, b"x-forwarded-for"))
    limiter = general_limiter()
    if settings.REDIS_URL:  # a round trip must not stop the event loop
        return await asyncio.get_running_loop().run_in_executor(django.executor, limiter.hit, key) == 0.0
    return limiter.hit(key) == 0.0


django = DjangoBridge(wsgi_application, threads=settings.WEB_THREADS, most_body_bytes=most_body_bytes)
watch = RevisionWatch()
mcp = McpDoor()
chat = ChatDoor()
streams = {"run-events": stream_events, "run-drive": stream_swarm, "mcp": mcp.redeem, "chat": chat.redeem}
tickets = TicketOffice(django, streams)
# Choosing is short, and most of it holds the interpreter: more threads than these would only wait for each other.
# Chats have some of their own, because a task of many parts takes longer than a chat may wait.
choosing_for_chats = ThreadPoolExecutor(max_workers=_CHOOSING_THREADS, thread_name_prefix="choosing-for-chats")
choosing = ThreadPoolExecutor(max_workers=_CHOOSING_THREADS, thread_name_prefix="choosing")
chats = QuickChats(tickets, chat, is_within_limit=is_within_limit, threads=choosing_for_chats)
choices = QuickChoices(chats, is_within_limit=is_within_limit, threads=choosing)
open_reads = OpenReads(choices, fresh_s=OPEN_READS_FRESH_S, find_revision=watch.find, is_within_limit=is_within_limit)

counted = RequestCounter(open_reads)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Take one connection of any kind."""
    if scope["type"] == "http":
        await counted(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _live(receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000})


async def _live(receive: Receive, send: Send) -> None:
    """Follow the server from its start to its end."""
    await receive()
    await asyncio.to_thread(tracing.start)
    await send({"type": "lifespan.startup.complete"})
    helpers = [asyncio.ensure_future(work) for work in (watch.find(), counted.write_now_and_then(), mcp.prepare())]
    await receive()
    for helper in helpers:
        helper.cancel()
    await chat.close()
    await close_inline()
    await mcp.close()
    await counted.write_off_loop()
    for threads in (choosing_for_chats, choosing):
        threads.submit(connections.close_all)
        threads.shutdown(wait=False)
    await send({"type": "lifespan.shutdown.complete"})
