"""Redeems the tickets of chats: on the event loop, without a thread, until the answer or the client has ended."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final, TypeVar

from django.db import close_old_connections, connections

from runs.chat.anthropic_face import AnthropicFace
from runs.chat.calling import ChatCalls, ChatFailed, Desk
from runs.chat.deposits import take_out
from runs.chat.mode_runs import answer_by_run, first_outcome
from runs.chat.openai_face import OpenAIFace
from runs.chat.prepared import Chat, RunChat
from runs.chat.responses_face import ResponsesFace
from runs.chat.several import OnPiece, SeveralCalls
from runs.chat.shapes import ChatAsk, Face, Failure, Outcome
from runs.chat.telling import headers_of, told_of
from runs.chat.till import Till
from runs.nodes.tracing import traced
from runs.places.lookup import Places
from runs.providers.call import CallModel, open_provider_door
from runs.shapes import ChatDelta
from smartspawn import tracing
from smartspawn.bridge import Headers, Receive, header
from smartspawn.lib.error_shapes import error_json
from smartspawn.tickets import Exchange

# Silence after which a stream says that it is alive; proxies give up after 30 to 60 seconds.
KEEP_ALIVE_S: Final = 15.0
_MOST_READERS: Final = 4
_STREAM_HEADERS: Final[Headers] = [
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy must hand on each piece as it comes
    (b"content-type", b"text/event-stream; charset=utf-8"),
]
_WHOLE_HEADERS: Final[Headers] = [(b"cache-control", b"no-store"), (b"content-type", b"application/json")]
T = TypeVar("T")
Pieces = asyncio.Queue[tuple[int, ChatDelta] | None]  # the number of the answer, and what it adds


class ChatDoor:
    """The chats of a web process; what they share is opened by the first and closed with the server."""

    def __init__(self, call: CallModel | None = None) -> None:
        self._call = call  # of a test, in place of the real one
        self._stack: AsyncExitStack | None = None
        self._desk: Desk | None = None
        self._opening: asyncio.Lock | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._reads = ThreadPoolExecutor(max_workers=_MOST_READERS, thread_name_prefix="chat-reads")
        self._writes = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chat-writes")

    async def redeem(self, exchange: Exchange) -> None:
        """Answer the chat that Django prepared."""
        await self.answer(exchange, take_out(exchange.params["chat"]))

    async def answer(self, exchange: Exchange, work: Chat | RunChat) -> None:
        """Answer the chat; a client that leaves ends it, and what it cost by then is booked."""
        parent = tracing.parent_in(header(exchange.scope, tracing.TRACEPARENT.encode()).decode("latin1"))
        route = exchange.scope["path"]  # of chats there are no others than these
        asked = {"http.request.method": "POST", "http.route": route, "smartspawn.asked_model": work.ask.model}
        with tracing.span(f"POST {route}", asked, kind="SERVER", parent=parent) as span:
            await self._answer(exchange, work, span)

    async def _answer(self, exchange: Exchange, work: Chat | RunChat, span: tracing.Traced) -> None:
        telling = _Telling(exchange, work)
        answering = asyncio.ensure_future(telling.tell(await self._open(), self._off_loop))
        gone = asyncio.ensure_future(_wait_until_gone(exchange.receive))
        self._answering.add(answering)
        try:
            await asyncio.wait({gone, answering}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._answering.discard(answering)
            gone.cancel()
            is_whole = answering.done()
            answering.cancel()
            await asyncio.gather(gone, answering, return_exceptions=True)
            telling.report(span)
        if is_whole:
            answering.result()

    async def close(self) -> None:
        """End with the server: break off what is under way, and book it."""
        for task in list(self._answering):
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        desk, stack = self._desk, self._stack
        self._desk = self._stack = None
        if desk is not None:
            await desk.till.close()
        if stack is not None:
            await stack.aclose()
        for pool in (self._writes, self._reads):
            with contextlib.suppress(RuntimeError):
                await asyncio.get_running_loop().run_in_executor(pool, connections.close_all)
            pool.shutdown(wait=False)

    async def _open(self) -> Desk:
        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            if self._desk is None:
                self._stack = AsyncExitStack()
                call = self._call
                if call is None:
                    call = traced((await self._stack.enter_async_context(open_provider_door())).call)
                places = Places(self._reads, is_simulated=False)  # asked for breakers alone
                self._desk = Desk(call, Till(self._writes), places, self._off_loop)
            return self._desk

    async def _off_loop(self, work: Callable[[], T]) -> T:
        def tidy() -> T:
            close_old_connections()
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._reads, tidy)


class _Telling:
    """One answer on its way to one client."""

    def __init__(self, exchange: Exchange, work: Chat | RunChat) -> None:
        self._exchange = exchange
        self._work = work
        self._face = _face_of(work)
        self._has_started = False
        self._outcome: Callable[[], Outcome]
        self._failure: Failure | None = None
        self.last: Outcome | None = None  # what is known at the end; None where the client did not wait for it

    def report(self, span: tracing.Traced) -> None:
        """Say in the trace what became of it."""
        if self.last is None:
            span.fail("client_gone")
            return
        span.note(told_of(self.last))
        if self._failure is not None:
            span.fail(self._failure.code)

    async def tell(self, desk: Desk, off_loop: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        """Send the answer, or why there is none."""
        pieces: Pieces = asyncio.Queue()
        work = self._work
        if isinstance(work, Chat):
            calls = _calls_of(work, desk, pieces)
            self._outcome = lambda: calls.outcome
            answering = asyncio.ensure_future(calls.run())
        else:
            known = first_outcome(work)
            self._outcome = lambda: known
            answering = asyncio.ensure_future(answer_by_run(work, off_loop))
        answering.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            if work.ask.is_streaming:
                await self._send_pieces(pieces)
            await self._send_end(answering)
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def _send_pieces(self, pieces: Pieces) -> None:
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    piece = await pieces.get()
            except TimeoutError:
                await self._send(self._face.opening(self._outcome()) or self._face.keep_alive())
                continue
            if piece is None:
                return
            number, delta = piece
            await self._send(self._face.piece(delta, self._outcome(), number))

    async def _send_end(self, answering: asyncio.Future[Outcome]) -> None:
        try:
            outcome = await answering
        except ChatFailed as failed:
            await self._send_failure(failed)
            return
        self.last = outcome
        assert outcome.result is not None  # noqa: S101  an outcome that is no failure has one
        if not self._work.ask.is_streaming:
            await self._send_whole(200, self._face.whole(outcome, outcome.result), headers_of(outcome))
            return
        if isinstance(self._work, RunChat):
            await self._send(self._face.piece(ChatDelta(text=outcome.result.text), outcome))
        await self._send(self._face.end(outcome, outcome.result))
        await self._exchange.send({"type": "http.response.body", "body": b""})

    async def _send_failure(self, failed: ChatFailed) -> None:
        failure = self._failure = failed.failure
        self.last = failed.outcome
        if self._has_started:
            await self._send(self._face.broken(failure, failed.outcome))
            await self._exchange.send({"type": "http.response.body", "body": b""})
            return
        headers = headers_of(failed.outcome)
        if failure.retry_after_s is not None:
            headers.append((b"retry-after", str(max(1, round(failure.retry_after_s))).encode()))
        body = error_json(self._exchange.scope["path"], failure.code, failure.message, failure.status)
        await self._send_whole(failure.status, body, headers)

    async def _send(self, body: bytes) -> None:
        if not self._has_started:
            self._has_started = True
            await self._start(200, [*_STREAM_HEADERS, *headers_of(self._outcome())])
        if body:
            await self._exchange.send({"type": "http.response.body", "body": body, "more_body": True})

    async def _send_whole(self, status: int, body: bytes, headers: Headers) -> None:
        length = (b"content-length", str(len(body)).encode())
        await self._start(status, [*_WHOLE_HEADERS, length, *headers])
        await self._exchange.send({"type": "http.response.body", "body": body})

    async def _start(self, status: int, headers: Headers) -> None:
        own = {name for name, _ in headers}
        kept = [(name, value) for name, value in self._exchange.headers if name.lower() not in own]
        await self._exchange.send({"type": "http.response.start", "status": status, "headers": [*kept, *headers]})


def _face_of(work: Chat | RunChat) -> OpenAIFace | AnthropicFace | ResponsesFace:
    ask: ChatAsk = work.ask
    answer_id = uuid.uuid4().hex[:24]
    if ask.face is Face.ANTHROPIC:
        tells = ask.thinking is not None and ask.thinking.get("type") != "disabled"
        return AnthropicFace(answer_id, work.prompt_tokens if isinstance(work, Chat) else 0, tells_thoughts=tells)
    if ask.face is Face.RESPONSES:
        return ResponsesFace(ask, answer_id, int(time.time()))
    return OpenAIFace(ask, answer_id, int(time.time()))


def _calls_of(chat: Chat, desk: Desk, pieces: Pieces) -> ChatCalls | SeveralCalls:
    on_piece: OnPiece = (lambda number, delta: pieces.put_nowait((number, delta))) if chat.ask.is_streaming else _drop
    if chat.ask.choice_count > 1:
        return SeveralCalls(chat, desk, on_piece)
    return ChatCalls(chat, desk, partial(on_piece, 0))


def _drop(_number: int, _delta: ChatDelta) -> None:
    """The client waits for the whole; the provider streams all the same, so that it is known what a part cost."""


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
