"""A run's events while they happen: as NDJSON, as server-sent events, or in the words of Swarm's daemon.

The list in the database is the truth; a stream follows it, so that it can be left and gone on with
(``after``) at any web process, whoever drives the run.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from django.db import close_old_connections

from runs.control import cancel_run
from runs.driving.inline import cancel_inline, drive_inline
from runs.keeping.events import EventKind, NumberedEvent, list_events
from runs.models import Run
from runs.presenters import event_payload
from runs.shapes import RunStatus
from runs.swarm.events import SwarmTelling
from smartspawn.access.shapes import Actor, Role
from smartspawn.bridge import Receive, Send
from smartspawn.tickets import Exchange

KEEP_ALIVE_S: Final = 15.0
# How long to wait before looking again: short while things happen, longer in silence.
_SHORTEST_WAIT_S: Final = 0.02
_LONGEST_WAIT_S: Final = 0.5
_PAGE: Final = 500
_STREAM_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy must hand on each line as it comes
]
HUNG_UP: Final = Actor(label="a client that hung up", role=Role.ADMIN)
T = TypeVar("T")


async def stream_events(exchange: Exchange) -> None:
    """Send the run's events after a number until its end, or until the client leaves."""
    params = exchange.params
    run_id, is_sse = UUID(params["run"]), params["format"] == "sse"
    media_type = b"text/event-stream" if is_sse else b"application/x-ndjson"
    write = _sse_line if is_sse else _ndjson_line
    keep_alive = b": keep-alive\n\n" if is_sse else b"\n"
    await _start(exchange, media_type)
    lines = _lines(run_id, after=params["after"], write=write, keep_alive=keep_alive)
    await _pump(lines, exchange)


async def stream_swarm(exchange: Exchange) -> None:
    """Drive a run here and tell of it in the event shapes of Swarm's daemon.

    A client that hangs up stops the run, unless it said that it would.
    """
    params = exchange.params
    run_id = UUID(params["run"])
    await _start(exchange, b"application/x-ndjson")
    driving = asyncio.ensure_future(drive_inline(run_id))
    telling = SwarmTelling(run_id, params["shape"])
    is_whole = False
    try:
        is_whole = await _pump(_swarm_lines(run_id, telling), exchange)
    finally:
        if not is_whole and not params.get("isDetached"):
            cancel_inline(run_id)
            await _off_loop(partial(_cancel, run_id))
        await driving


async def _lines(
    run_id: UUID, *, after: int, write: Callable[[NumberedEvent], bytes], keep_alive: bytes
) -> AsyncIterator[bytes]:
    async for events in _follow(run_id, after):
        yield b"".join(write(event) for event in events) or keep_alive


async def _swarm_lines(run_id: UUID, telling: SwarmTelling) -> AsyncIterator[bytes]:
    yield _json_line(telling.start())
    async for events in _follow(run_id, 0):
        if not events:
            yield b"\n"  # an empty line keeps the connection open
        elif lines := b"".join(_json_line(item) for item in await _off_loop(partial(telling.tell, events))):
            yield lines


async def _follow(run_id: UUID, after: int) -> AsyncIterator[Sequence[NumberedEvent]]:
    """Batches of events as they come; an empty one when it has been silent for long. Ends with the run."""
    wait_s, said_at = _SHORTEST_WAIT_S, time.monotonic()
    while True:
        events, is_over = await _off_loop(partial(_look, run_id, after))
        if events:
            after = events[-1].seq
            yield events
            wait_s, said_at = _SHORTEST_WAIT_S, time.monotonic()
        elif is_over:
            return
        elif time.monotonic() - said_at >= KEEP_ALIVE_S:
            yield ()
            said_at = time.monotonic()
        if len(events) < _PAGE and not (events and _is_last(events[-1])):
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 1.5, _LONGEST_WAIT_S)


def _look(run_id: UUID, after: int) -> tuple[tuple[NumberedEvent, ...], bool]:
    """The next events; and whether, with none, the run is over. The status is read first: it is set last."""
    status = Run.objects.values_list("status", flat=True).filter(pk=run_id).first()
    events = list_events(run_id, after=after, most=_PAGE)
    return events, not events and (status is None or RunStatus(status).is_final)


def _is_last(event: NumberedEvent) -> bool:
    return EventKind(event.kind).is_last


async def _start(exchange: Exchange, media_type: bytes) -> None:
    replaced = {name for name, _ in _STREAM_HEADERS}
    kept = [(name, value) for name, value in exchange.headers if name.lower() not in replaced]
    sent = [*kept, *_STREAM_HEADERS, (b"content-type", media_type)]
    await exchange.send({"type": "http.response.start", "status": 200, "headers": sent})


async def _pump(lines: AsyncIterator[bytes], exchange: Exchange) -> bool:
    """Send the lines until they end (True) or the client leaves (False)."""
    gone = asyncio.ensure_future(_wait_until_gone(exchange.receive))
    sending = asyncio.ensure_future(_send_all(lines, exchange.send))
    try:
        await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            return False
        sending.result()
        await exchange.send({"type": "http.response.body", "body": b""})
        return True
    finally:
        for task in (gone, sending):
            task.cancel()
        await asyncio.gather(gone, sending, return_exceptions=True)


async def _send_all(lines: AsyncIterator[bytes], send: Send) -> None:
    async for line in lines:
        await send({"type": "http.response.body", "body": line, "more_body": True})


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _sse_line(event: NumberedEvent) -> bytes:
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {json.dumps(event_payload(event))}\n\n".encode()


def _ndjson_line(event: NumberedEvent) -> bytes:
    return _json_line(event_payload(event))


def _json_line(item: object) -> bytes:
    return json.dumps(item).encode() + b"\n"


def _cancel(run_id: UUID) -> None:
    cancel_run(run_id=run_id, actor=HUNG_UP)


async def _off_loop(work: Callable[[], T]) -> T:
    """Do database work in a thread of the event loop's own pool, and give its connection back."""

    def tidy() -> T:
        try:
            return work()
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(None, tidy)
