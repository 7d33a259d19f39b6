"""What reaches Django, and when: complete bodies, none that is too long, none that was cut off."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from smartspawn import bridge
from smartspawn.bridge import WHOLE_BYTES, DjangoBridge, Message, Scope, build_environ

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


def send_request(application: Any, messages: list[Message | float], *, length: int | None = None) -> list[Message]:
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
        await DjangoBridge(application, threads=2, most_body_bytes=lambda _path: LIMIT)(scope, receive, send)

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


# --- answers ----------------------------------------------------------------------------------------------


class Answering:
    """A WSGI application with a given answer, which tells whether it was closed."""

    def __init__(self, headers: list[tuple[str, str]], chunks: list[bytes]) -> None:
        self.headers = headers
        self.chunks = chunks
        self.is_closed = False

    def __call__(self, _environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", self.headers)
        return self

    def __iter__(self) -> Any:
        return iter(self.chunks)

    def close(self) -> None:
        self.is_closed = True


def bodies(sent: list[Message]) -> list[bytes]:
    return [message.get("body", b"") for message in sent[1:]]


def test_an_answer_of_known_length_goes_out_whole() -> None:
    application = Answering([("Content-Length", "6")], [b"abc", b"def"])
    sent = send_request(application, [part(b"")])
    assert bodies(sent) == [b"abcdef"]
    assert sent[0]["headers"] == [(b"content-length", b"6")]
    assert application.is_closed


@pytest.mark.parametrize("headers", [[], [("Content-Length", str(WHOLE_BYTES + 1))]])
def test_an_answer_of_unknown_or_great_length_goes_out_piece_by_piece(headers: list[tuple[str, str]]) -> None:
    application = Answering(headers, [b"abc", b"def"])
    sent = send_request(application, [part(b"")])
    assert bodies(sent) == [b"abc", b"def", b""]
    assert [message.get("more_body", False) for message in sent[1:]] == [True, True, False]
    assert application.is_closed


def test_an_answer_that_breaks_is_closed_all_the_same() -> None:
    class Breaking(Answering):
        def __iter__(self) -> Any:
            yield b"abc"
            raise ValueError("in the middle")

    application = Breaking([], [])
    with pytest.raises(ValueError, match="in the middle"):
        send_request(application, [part(b"")])
    assert application.is_closed


# --- the request in WSGI's words -----------------------------------------------------------------------------


def environ_of(*headers: tuple[bytes, bytes], path: str = "/x", query: bytes = b"") -> dict[str, Any]:
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "query_string": query,
        "headers": list(headers),
        "client": ("192.0.2.7", 4711),
    }
    return build_environ(scope, b"")


def test_a_header_that_only_looks_like_a_trusted_one_is_dropped() -> None:
    environ = environ_of((b"x-forwarded-for", b"10.0.0.1"), (b"x_forwarded_for", b"6.6.6.6"))
    assert environ["HTTP_X_FORWARDED_FOR"] == "10.0.0.1"
    assert "HTTP_X_FORWARDED_FOR" not in environ_of((b"x_forwarded_for", b"6.6.6.6"))


def test_a_repeated_header_is_joined_and_cookies_by_their_own_mark() -> None:
    environ = environ_of((b"accept", b"a"), (b"accept", b"b"), (b"cookie", b"x=1"), (b"cookie", b"y=2"))
    assert (environ["HTTP_ACCEPT"], environ["HTTP_COOKIE"]) == ("a,b", "x=1; y=2")


def test_paths_and_queries_come_through_byte_by_byte() -> None:
    environ = environ_of(path="/models/größe 100%", query=b"q=gr%C3%B6\xff")
    assert environ["PATH_INFO"].encode("latin1").decode() == "/models/größe 100%"
    assert environ["QUERY_STRING"].encode("latin1") == b"q=gr%C3%B6\xff"
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("192.0.2.7", "4711")
