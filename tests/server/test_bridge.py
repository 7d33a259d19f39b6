"""What reaches Django, and when: complete bodies, none that is too long, none that was cut off."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from smartspawn import bridge
from smartspawn.bridge import DjangoBridge, Message, Scope

LIMIT = 1000
thread_counts: list[int] = []  # while the last request's body was awaited


class Application:
    """A WSGI application that remembers what it was given."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.lengths: list[str | None] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.lengths.append(environ.get("CONTENT_LENGTH"))
        self.bodies.append(environ["wsgi.input"].read())
        start_response("200 OK", [("content-type", "text/plain")])
        return [b"done"]


def send_request(
    application: Application, messages: list[Message | float], *, length: int | None = None
) -> list[Message]:
    """Give the bridge these messages (a number is a pause in seconds); return what it sent."""
    sent: list[Message] = []
    thread_counts.clear()
    queue = list(messages)

    async def receive() -> Message:
        if queue and isinstance(queue[0], float):
            await asyncio.sleep(queue.pop(0))
        thread_counts.append(threading.active_count())
        assert queue, "the bridge reads on after the end"
        return queue.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/x",
        "query_string": b"",
        "headers": [] if length is None else [(b"content-length", str(length).encode())],
    }

    async def run() -> None:
        await DjangoBridge(application, threads=2, most_body_bytes=LIMIT)(scope, receive, send)

    asyncio.run(run())
    return sent


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_in_parts_arrives_whole() -> None:
    application = Application()
    sent = send_request(application, [part(b"one ", more=True), part(b"two")], length=7)
    assert application.bodies == [b"one two"]
    assert sent[0]["status"] == 200


def test_a_chunked_body_gets_its_length() -> None:
    application = Application()
    send_request(application, [part(b"a" * 300, more=True), part(b"b" * 20)])
    assert application.lengths == ["320"]
    assert len(application.bodies[0]) == 320


def test_a_body_that_is_declared_too_long_is_not_read_but_keeps_its_length() -> None:
    application = Application()
    send_request(application, [], length=LIMIT + 1)
    assert application.lengths == [str(LIMIT + 1)]
    assert application.bodies == [b""]


def test_a_chunked_body_is_read_only_until_it_is_too_long() -> None:
    application = Application()
    send_request(application, [part(b"a" * 600, more=True), part(b"b" * 600, more=True)])
    assert int(application.lengths[0] or 0) > LIMIT


def test_a_body_that_was_cut_off_reaches_nobody() -> None:
    application = Application()
    sent = send_request(application, [part(b"amount=1", more=True), {"type": "http.disconnect"}], length=10)
    assert application.bodies == []
    assert sent == []


def test_a_slow_sender_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "BODY_TIMEOUT_S", 0.05)
    application = Application()
    sent = send_request(application, [part(b"a", more=True), 5.0, part(b"b")], length=2)
    assert application.bodies == []
    assert sent[0]["status"] == 408
    assert b"REQUEST_TIMEOUT" in sent[1]["body"]


def test_a_slow_sender_holds_no_thread() -> None:
    before = threading.active_count()
    send_request(Application(), [part(b"a", more=True), 0.05, part(b"b")], length=2)
    assert thread_counts == [before, before]
