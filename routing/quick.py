"""The short way of a choice: what nobody in particular asks in the usual form is answered without Django in between.

Django takes longer over a request than a choice does. So here a request is read, counted and answered by the same
functions that Django's views call. Whatever is not of the usual form, and whatever would be refused before choosing,
goes to Django just as it came. What stands above an answer is not written here a second time: Django answers the
first request of each kind, and its headers are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import close_old_connections
from django.http import QueryDict
from django.http.request import split_domain_port, validate_host
from rest_framework.renderers import JSONRenderer
from rest_framework.utils import json

from catalog.encoded import encode
from routing.answers import answer_decompose, answer_pick, answer_recommend, answer_swarm
from routing.decompose.inputs import read_decompose
from routing.inputs import read_body as read_fields
from routing.inputs import read_pick, read_recommend
from smartspawn.access.addresses import address_of, is_trusted_proxy
from smartspawn.access.shapes import ANONYMOUS, Actor
from smartspawn.api import most_body_bytes, refusal_body, status_of
from smartspawn.bridge import (
    AsgiApp,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    header,
    joined_header,
    read_body,
    replayed,
)
from smartspawn.lib.errors import SmartSpawnError

OK: Final = 200
# A longer body is taken apart in one of Django's threads: it would hold up everybody else here.
_SHORT_BODY_BYTES: Final = 64 * 1024
# Requests with one of these are about somebody, or wish for something that Django knows of.
_UNUSUAL_HEADERS: Final = frozenset({b"cookie", b"authorization", b"x-api-key", b"range", b"expect"})
_JSON: Final = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"})
_FORMAT: Final = "format"  # by this parameter, too, a client may say what it accepts

IsWithinLimit = Callable[[Scope], Awaitable[bool]]
_Kind = tuple[str, str, bool, int]  # method, path, whether it came by https, status


@dataclass(frozen=True, slots=True)
class Way:
    """How one address is read and answered."""

    read: Callable[[Mapping[str, Any]], Any]
    answer: Callable[..., object]


_PICK, _RECOMMEND = Way(read_pick, answer_pick), Way(read_recommend, answer_recommend)
WAYS: Final[Mapping[tuple[str, str], Way]] = {
    ("GET", "/api/pick"): _PICK,
    ("POST", "/api/pick"): _PICK,
    ("GET", "/api/recommend"): _RECOMMEND,
    ("POST", "/api/recommend"): _RECOMMEND,
    ("POST", "/api/decompose"): Way(read_decompose, answer_decompose),
    ("POST", "/api/swarm"): Way(read_decompose, answer_swarm),
}


class QuickChoices:
    """An ASGI application in front of Django that answers choices of the usual form."""

    def __init__(self, django: AsgiApp, *, is_within_limit: IsWithinLimit, threads: Executor) -> None:
        self._django = django
        self._is_within_limit = is_within_limit
        self._threads = threads
        self._heads: dict[_Kind, Headers] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        way = WAYS.get((scope["method"], scope["path"]))
        if way is None or not _is_usual(scope):
            await self._django(scope, receive, send)
            return
        body = b""
        if scope["method"] == "POST":
            sent = await read_body(scope, receive, send, most_bytes=most_body_bytes(scope["path"]))
            if sent is None:
                return
            body, receive = sent, replayed(sent, receive)
        wanted = _read(way, scope, body) if self._kind(scope, OK) in self._heads else None
        if wanted is None or not await self._is_within_limit(scope):
            # A refused request is not counted: Django may count it again, and has the words for it.
            await self._django(scope, receive, self._learning(scope, send))
            return
        await self._answer(way, wanted, scope, receive, send)

    async def _answer(self, way: Way, wanted: object, scope: Scope, receive: Receive, send: Send) -> None:
        actor = replace(ANONYMOUS, address=address_of(_peer(scope), joined_header(scope, b"x-forwarded-for")))
        choosing = asyncio.get_running_loop().run_in_executor(
            self._threads, _answered, way, wanted, actor, scope["method"] == "POST"
        )
        await asyncio.wait({choosing})
        fault = choosing.exception()
        if isinstance(fault, SmartSpawnError):
            status, body = status_of(fault), JSONRenderer().render(refusal_body(scope["path"], fault))
        else:
            status, body = (OK, choosing.result()) if fault is None else (0, b"")
        head = self._heads.get(self._kind(scope, status))
        if head is None:  # a lost database, a fault of ours, a first refusal: Django will meet it, too, and say so
            await self._django(scope, receive, self._learning(scope, send))
            return
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [*head, length]})
        await send({"type": "http.response.body", "body": body})

    def _learning(self, scope: Scope, send: Send) -> Send:
        """Send on, and keep what stands above an answer of this kind."""

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in message["headers"]}
                kind = self._kind(scope, message["status"])
                if kind not in self._heads and names.isdisjoint(_OF_ONE_ANSWER):
                    self._heads[kind] = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            await send(message)

        return watch

    @staticmethod
    def _kind(scope: Scope, status: int) -> _Kind:
        return scope["method"], scope["path"], _is_secure(scope), status


_OF_ONE_ANSWER: Final = frozenset({b"set-cookie", b"retry-after", b"x-request-id"})


def _answered(way: Way, wanted: object, actor: Actor, is_stored: bool) -> bytes:
    close_old_connections()
    return encode(way.answer(wanted, actor, is_stored=is_stored))


def _is_usual(scope: Scope) -> bool:
    """Whether nobody in particular asks for JSON, with nothing that Django would have to look at."""
    if not settings.OPEN_API or any(name in _UNUSUAL_HEADERS for name, _ in scope["headers"]):
        return False
    accept, length = header(scope, b"accept"), header(scope, b"content-length") or b"0"
    if accept and b"*/*" not in accept and b"application/json" not in accept:
        return False
    if scope["method"] == "POST":
        is_body_usual = header(scope, b"content-type").lower() in _JSON and length.isdigit()
    else:
        is_body_usual = length == b"0" and not header(scope, b"transfer-encoding")
    domain, _ = split_domain_port(header(scope, b"host").decode("latin1"))
    return is_body_usual and bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _read(way: Way, scope: Scope, body: bytes) -> Any:
    """What is asked for; None for what Django is to refuse, or to read."""
    try:
        return way.read(_body_values(body) if scope["method"] == "POST" else _query_values(scope["query_string"]))
    except (SmartSpawnError, SuspiciousOperation, ValueError, RecursionError):
        return None


def _body_values(body: bytes) -> Mapping[str, Any]:
    if len(body) > _SHORT_BODY_BYTES:
        raise ValueError("too long to be read here")
    return read_fields(json.loads(body.decode(), parse_constant=json.strict_constant))


def _query_values(query: bytes) -> Mapping[str, Any]:
    """The first value of each parameter, as the ancestor reads them."""
    values = {name: given[0] for name, given in QueryDict(query).lists() if given}
    if _FORMAT in values:
        raise ValueError("to be negotiated")
    return values


def _is_secure(scope: Scope) -> bool:
    is_told = header(scope, b"x-forwarded-proto") == b"https" and is_trusted_proxy(_peer(scope))
    return scope.get("scheme") == "https" or is_told


def _peer(scope: Scope) -> str:
    return str((scope.get("client") or ("", 0))[0])
