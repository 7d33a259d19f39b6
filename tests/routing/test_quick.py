"""The short way answers as Django does, to the last header, and hands everything unusual to Django as it came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections

from routing.models import StoredDecision
from routing.quick import QuickChoices
from smartspawn.api import most_body_bytes
from smartspawn.bridge import DjangoBridge, Headers, Message

pytestmark = pytest.mark.django_db(transaction=True)  # answers are made in other threads

HOST = (b"host", b"localhost:8000")
JSON = (b"content-type", b"application/json")
LIST = "1. Fix the login form\n2. Write the release notes\n3. Test the backup script\n4. Draw the logo"


class Desk:
    """Both ways, and how often Django was asked."""

    def __init__(self) -> None:
        self.bridge = DjangoBridge(WSGIHandler(), threads=1, most_body_bytes=most_body_bytes)
        self.to_django_count = 0
        self.is_within_limit = True
        self.quick = QuickChoices(self._django, is_within_limit=self._limit, threads=self.bridge.executor)

    async def _django(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.to_django_count += 1
        await self.bridge(scope, receive, send)

    async def _limit(self, _scope: object) -> bool:
        return self.is_within_limit

    def ask(self, application: Any, method: str, address: str, body: bytes = b"", *headers: tuple[bytes, bytes]) -> Any:
        """Status, headers and fields of the answer."""
        path, _, query = address.partition("?")
        own: Headers = [HOST, *([JSON, (b"content-length", str(len(body)).encode())] if body else [])]
        told = {**dict(own), **dict(headers)}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "scheme": "http",
            "client": ("192.0.2.7", 5),
            "headers": [(name, value) for name, value in told.items() if value],
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(application(scope, receive, send))
        whole = b"".join(message.get("body", b"") for message in sent[1:])
        above = sorted(pair for pair in sent[0]["headers"] if pair[0] != b"content-length")
        told_length = dict(sent[0]["headers"]).get(b"content-length", str(len(whole)).encode())
        assert int(told_length) == len(whole)
        return sent[0]["status"], above, _without_id(json.loads(whole))


def _without_id(value: Any) -> Any:
    """The answer but for what is new each time."""
    if isinstance(value, dict):
        return {name: _without_id(item) for name, item in value.items() if name != "decisionId"}
    return value


@pytest.fixture
def desk(catalogue: None) -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.bridge.executor.submit(connections.close_all).result(10)
    desk.bridge.executor.shutdown()


USUAL = [
    ("GET", "/api/pick?task=coding", b""),
    ("GET", "/api/pick?task=Fix+the+login+form&budget=high&exclude=openai/big&context=vision", b""),
    ("POST", "/api/pick", b'{"task": "Fix the login form", "preference": 3}'),
    ("GET", "/api/recommend?category=coding&count=3", b""),
    ("POST", "/api/recommend", b'{"task": "write a poem", "count": 2}'),
    ("POST", "/api/decompose", json.dumps({"task": LIST}).encode()),
    ("POST", "/api/swarm", json.dumps({"task": LIST, "maxParallel": 2, "context": "typescript"}).encode()),
    ("POST", "/api/swarm", b'{"task": "One piece of work"}'),
]


@pytest.mark.parametrize(("method", "address", "body"), USUAL)
def test_a_usual_request_is_answered_as_django_answers_it(method: str, address: str, body: bytes, desk: Desk) -> None:
    by_django = desk.ask(desk.bridge, method, address, body)
    first = desk.ask(desk.quick, method, address, body)
    assert desk.to_django_count == 1  # it learns what stands above such an answer
    assert desk.ask(desk.quick, method, address, body) == first == by_django
    assert desk.to_django_count == 1
    assert by_django[0] == 200
    assert StoredDecision.objects.count() == (3 if method == "POST" else 0)


def test_a_refusal_after_choosing_is_worded_as_django_words_it(desk: Desk) -> None:
    nothing_left = ("GET", "/api/pick?task=coding&minContext=90000000")
    by_django = desk.ask(desk.bridge, *nothing_left)
    assert by_django[0] == 404
    desk.ask(desk.quick, "GET", "/api/pick?task=coding")
    assert desk.ask(desk.quick, *nothing_left) == by_django
    assert desk.ask(desk.quick, *nothing_left) == by_django
    assert desk.to_django_count == 2  # one of each kind


UNUSUAL = [
    ("GET", "/api/pick?task=coding&format=json", b"", ()),
    ("GET", "/api/pick", b"", ()),
    ("GET", "/api/pick?task=coding&budget=none", b"", ()),
    ("GET", "/api/pick?task=coding", b"", ((b"authorization", b"Bearer nothing"),)),
    ("GET", "/api/pick?task=coding", b"", ((b"cookie", b"a=b"),)),
    ("GET", "/api/pick?task=coding", b"", ((b"accept", b"text/html"),)),
    ("GET", "/api/pick?task=coding", b"", ((b"host", b"elsewhere.example"),)),
    ("POST", "/api/pick", b'{"task": NaN}', ()),
    ("POST", "/api/pick", b'{"task": "\\ud800"}', ()),
    ("POST", "/api/pick", b"[1]", ()),
    ("POST", "/api/pick", b"\xff", ()),
    ("POST", "/api/pick", b'{"task": "coding"}', ((b"content-type", b"text/plain"),)),
    ("POST", "/api/pick", json.dumps({"task": "long " * 15_000}).encode(), ()),
    ("POST", "/api/swarm", json.dumps({"task": "\n".join(f"- Build page {n}" for n in range(60))}).encode(), ()),
]


@pytest.mark.parametrize(("method", "address", "body", "headers"), UNUSUAL)
def test_whatever_is_unusual_goes_to_django_as_it_came(
    method: str, address: str, body: bytes, headers: tuple[tuple[bytes, bytes], ...], desk: Desk
) -> None:
    for known in USUAL:
        desk.ask(desk.quick, *known)
    desk.to_django_count = 0
    assert desk.ask(desk.quick, method, address, body, *headers) == desk.ask(
        desk.bridge, method, address, body, *headers
    )
    assert desk.to_django_count == 1


def test_who_asks_too_often_hears_it_from_django(desk: Desk) -> None:
    usual = ("GET", "/api/pick?task=coding")
    desk.ask(desk.quick, *usual)
    desk.is_within_limit = False
    desk.ask(desk.quick, *usual)
    assert desk.to_django_count == 2


def test_a_closed_api_is_left_to_django(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = ("GET", "/api/pick?task=coding")
    desk.ask(desk.quick, *usual)
    monkeypatch.setattr(settings, "OPEN_API", False)
    assert desk.ask(desk.quick, *usual)[0] == 401
