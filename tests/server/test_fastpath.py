"""The cache of open answers: what is looked up, what is kept, for how long, and how much."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from smartspawn.bridge import Message, Receive, Scope, Send
from smartspawn.fastpath import (
    OpenReads,
    ResponseCache,
    accepts_gzip,
    request_key,
    stored_response,
)

JSON = [(b"content-type", b"application/json")]
BODY = b'{"data": [' + b'"model", ' * 400 + b"null]}"


def scope(path: str = "/api/models", query: str = "", method: str = "GET", **headers: str) -> Scope:
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "scheme": "http",
        "headers": [(b"host", b"localhost"), *encoded],
        "client": ("127.0.0.1", 50000),
    }


# --- what is looked up -------------------------------------------------------------------------------------


def test_the_order_of_different_parameters_makes_no_difference() -> None:
    assert request_key(scope(query="limit=5&category=coding")) == request_key(scope(query="category=coding&limit=5"))


def test_the_order_of_one_repeated_parameter_does() -> None:
    assert request_key(scope(query="sort=cost&sort=score")) != request_key(scope(query="sort=score&sort=cost"))


@pytest.mark.parametrize("header", ["cookie", "authorization", "x_api_key", "range", "hx_request"])
def test_a_request_about_somebody_is_not_looked_up(header: str) -> None:
    assert request_key(scope(**{header: "x"})) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_reads_are_looked_up(method: str) -> None:
    assert request_key(scope(method=method)) is None


@pytest.mark.parametrize(
    ("accept", "is_simple"),
    [("*/*", True), ("application/json", True), ("text/html,*/*;q=0.8", True), ("text/html", False)],
)
def test_only_those_who_take_json_are_looked_up(accept: str, is_simple: bool) -> None:
    assert (request_key(scope(accept=accept)) is not None) is is_simple


@pytest.mark.parametrize("header", ["origin", "x_forwarded_proto", "x_forwarded_host"])
def test_what_may_change_an_answer_is_part_of_the_key(header: str) -> None:
    assert request_key(scope(**{header: "a"})) != request_key(scope(**{header: "b"}))


def test_another_host_is_another_answer() -> None:
    other = scope()
    other["headers"] = [(b"host", b"attacker.example")]
    assert request_key(scope()) != request_key(other)


# --- what is kept --------------------------------------------------------------------------------------------


def answer(size: int = 10, expires_at: float = 100.0) -> Any:
    return stored_response(JSON, b"x" * size, expires_at)


def test_an_answer_is_found_until_it_expires() -> None:
    cache = ResponseCache()
    cache.find(("a",), 1, 0.0)
    cache.keep(("a",), 1, answer(expires_at=10.0))
    assert cache.find(("a",), 1, 9.9)
    assert cache.find(("a",), 1, 10.0) is None
    assert (len(cache), cache.size_bytes) == (0, 0)


def test_a_new_revision_forgets_everything() -> None:
    cache = ResponseCache()
    cache.find(("a",), 1, 0.0)
    cache.keep(("a",), 1, answer())
    assert cache.find(("a",), 2, 0.0) is None
    assert (len(cache), cache.size_bytes) == (0, 0)


def test_an_answer_made_under_an_older_revision_is_not_kept() -> None:
    cache = ResponseCache()
    cache.find(("a",), 2, 0.0)
    cache.keep(("a",), 1, answer())
    assert cache.find(("a",), 2, 0.0) is None


def test_the_cache_is_bounded_in_number_and_drops_what_was_used_longest_ago() -> None:
    cache = ResponseCache(most_entries=2)
    cache.find(("a",), 1, 0.0)
    cache.keep(("a",), 1, answer())
    cache.keep(("b",), 1, answer())
    cache.find(("a",), 1, 0.0)
    cache.keep(("c",), 1, answer())
    assert [bool(cache.find((key,), 1, 0.0)) for key in "abc"] == [True, False, True]


def test_the_cache_is_bounded_in_bytes() -> None:
    cache = ResponseCache(most_bytes=1000)
    cache.find(("a",), 1, 0.0)
    for number in range(50):
        cache.keep((str(number),), 1, answer(size=300))
    assert cache.size_bytes == 900
    assert len(cache) == 3


def test_keeping_an_answer_again_does_not_count_it_twice() -> None:
    cache = ResponseCache()
    cache.find(("a",), 1, 0.0)
    for _ in range(3):
        cache.keep(("a",), 1, answer(size=7))
    assert cache.size_bytes == 7


# --- the whole application ---------------------------------------------------------------------------------


class Django:
    """Stands in for Django: counts what reaches it."""

    def __init__(self, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        self.count = 0
        self.status = status
        self.headers = JSON if headers is None else headers

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.count += 1
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": BODY[:100], "more_body": True})
        await send({"type": "http.response.body", "body": BODY[100:]})


class Front:
    """The open reads in front of a Django, with a catalogue and a limit to turn."""

    def __init__(self, django: Django) -> None:
        self.revision: int | None = 1
        self.is_within_limit = True
        self.hit_count = 0
        self.reads = OpenReads(
            django, fresh_s={"/api/models": 10.0}, find_revision=self._revision, is_within_limit=self._hit
        )

    async def _revision(self) -> int | None:
        return self.revision

    async def _hit(self, _scope: Scope) -> bool:
        self.hit_count += 1
        return self.is_within_limit

    def ask(self, **request: str) -> tuple[int, dict[bytes, bytes], bytes]:
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def send(message: Message) -> None:
            messages.append(message)

        asyncio.run(self.reads(scope(**request), receive, send))
        body = b"".join(message.get("body", b"") for message in messages[1:])
        return messages[0]["status"], dict(messages[0]["headers"]), body


def test_the_second_answer_is_the_first_one_and_django_is_asked_once() -> None:
    front = Front(django := Django())
    first, second = front.ask(query="limit=5"), front.ask(query="limit=5")
    assert first == second
    assert first[2] == BODY
    assert django.count == 1


def test_a_request_is_counted_once_by_whoever_answers_it() -> None:
    front = Front(Django())
    front.ask()
    assert front.hit_count == 0  # Django's middleware counts what it answers
    front.ask()
    assert front.hit_count == 1


def test_beyond_the_limit_django_words_the_refusal() -> None:
    front = Front(django := Django())
    front.ask()
    front.is_within_limit = False
    front.ask()
    assert django.count == 2


def test_a_new_revision_asks_django_again() -> None:
    front = Front(django := Django())
    front.ask()
    front.revision = 2
    front.ask()
    assert django.count == 2


def test_without_a_database_every_request_goes_to_django() -> None:
    front = Front(django := Django())
    front.ask()
    front.revision = None
    front.ask()
    assert django.count == 2


@pytest.mark.parametrize(
    "header",
    [
        (b"set-cookie", b"a=b"),
        (b"cache-control", b"no-store"),
        (b"cache-control", b"private, max-age=9"),
        (b"vary", b"User-Agent"),
        (b"content-encoding", b"br"),
    ],
)
def test_an_answer_that_is_not_everybodys_is_never_kept(header: tuple[bytes, bytes]) -> None:
    front = Front(django := Django(headers=[*JSON, header]))
    assert front.ask() == front.ask()
    assert django.count == 2


@pytest.mark.parametrize("status", [404, 429, 500, 304])
def test_only_success_is_kept(status: int) -> None:
    front = Front(django := Django(status=status))
    assert front.ask()[0] == front.ask()[0] == status
    assert django.count == 2


def test_another_path_is_left_to_django() -> None:
    front = Front(django := Django())
    front.ask(path="/api/refresh")
    front.ask(path="/api/refresh")
    assert django.count == 2


def test_who_has_the_answer_already_gets_none_of_it_again() -> None:
    front = Front(django := Django())
    etag = front.ask()[1][b"etag"].decode()
    for known in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
        status, headers, body = front.ask(if_none_match=known)
        assert (status, body) == (304, b"")
        assert headers[b"etag"].decode() == etag
        assert b"content-length" not in headers
    assert front.ask(if_none_match='W/"other"')[0] == 200
    assert django.count == 1


def test_head_is_the_answer_without_its_body() -> None:
    front = Front(django := Django())
    _, headers, _ = front.ask()
    assert front.ask(method="HEAD") == (200, headers, b"")
    assert django.count == 1


def test_head_alone_keeps_nothing() -> None:
    front = Front(django := Django())
    front.ask(method="HEAD")
    front.ask()
    assert django.count == 2
    assert front.ask()[2] == BODY


def test_a_repeated_answer_is_compressed_for_who_takes_it() -> None:
    front = Front(Django())
    assert b"content-encoding" not in front.ask(accept_encoding="gzip")[1]
    _, headers, body = front.ask(accept_encoding="gzip, br")
    assert headers[b"content-encoding"] == b"gzip"
    assert int(headers[b"content-length"]) == len(body) < len(BODY)
    assert gzip.decompress(body) == BODY
    assert front.ask()[2] == BODY
    assert b"accept-encoding" in headers[b"vary"]


@pytest.mark.parametrize(
    ("header", "is_accepted"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("gzip;q=0.0", False), ("br", False), ("", False)],
)
def test_compression_follows_the_header(header: str, is_accepted: bool) -> None:
    assert accepts_gzip(header.encode()) is is_accepted
