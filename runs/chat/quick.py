"""The short way of a chat: what a key asks in the usual form goes to its model without Django in between.

Django takes several times as long over a request as all that a chat needs before its call. So here a request is
read, its key known, its turn counted and its model chosen - by the same functions that Django's views call. Whatever
is not of the usual form, and whatever would be refused before choosing, goes to Django just as it came, which has the
words for it: there is one door with rules, and this is a fast lane past its desk, not a second door.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from typing import Final

import msgspec
from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import close_old_connections
from django.http.request import split_domain_port, validate_host

from runs.chat.anthropic_reading import read_messages
from runs.chat.door import ChatDoor
from runs.chat.prepare import prepare_chat
from runs.chat.prepared import Chat
from runs.chat.reading import SESSION_HEADER, SIMULATE_HEADER, read_chat
from runs.chat.responses_reading import read_responses
from runs.chat.shapes import ByMode, ChatAsk
from smartspawn.access.addresses import address_of, is_trusted_proxy
from smartspawn.access.headers import standing_headers
from smartspawn.access.known_keys import KnownKeys
from smartspawn.access.shapes import Actor, Scope
from smartspawn.access.tokens import KEY_MARK
from smartspawn.api import headers_of, most_body_bytes, refusal_body, status_of
from smartspawn.bridge import AsgiApp, Headers, Receive, Send, header, joined_header, read_body, replayed
from smartspawn.bridge import Scope as Asked
from smartspawn.lib.errors import SmartSpawnError
from smartspawn.tickets import Exchange

Read = Callable[[object, Mapping[str, str]], ChatAsk]
IsWithinLimit = Callable[[Asked], Awaitable[bool]]

_READERS: Final[Mapping[str, Read]] = {
    "/v1/chat/completions": read_chat,
    "/v1/messages": read_messages,
    "/v1/responses": read_responses,
}
# A longer body is taken apart in a thread: a picture of some megabytes would hold up everybody else.
_SHORT_BODY_BYTES: Final = 64 * 1024
_decode = msgspec.json.Decoder().decode


class QuickChats:
    """An ASGI application in front of Django that takes chats of the usual form."""

    def __init__(self, django: AsgiApp, door: ChatDoor, *, is_within_limit: IsWithinLimit, threads: Executor) -> None:
        self._django = django
        self._door = door
        self._is_within_limit = is_within_limit
        self._threads = threads
        self._keys = KnownKeys(threads)

    async def __call__(self, scope: Asked, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        token = _token_of(scope)
        if not token:
            await self._django(scope, receive, send)
            return
        body = await read_body(scope, receive, send, most_bytes=most_body_bytes(scope["path"]))
        if body is None:
            return
        receive = replayed(body, receive)
        actor = await self._actor_of(scope, token)
        ask = await self._read(scope, body) if actor else None
        if actor is None or ask is None or not await self._is_within_limit(scope):
            await self._django(scope, receive, send)  # a refused request is not counted: Django may count it again
            return
        await self._answer(Exchange({}, _standing(scope), scope, receive, send), ask, actor)

    async def _answer(self, exchange: Exchange, ask: ChatAsk, actor: Actor) -> None:
        preparing = asyncio.get_running_loop().run_in_executor(self._threads, _prepare, ask, actor)
        await asyncio.wait({preparing})
        fault = preparing.exception()
        if fault is None:
            await self._door.answer(exchange, preparing.result())
        elif isinstance(fault, SmartSpawnError):
            await _refuse(exchange, fault)
        else:  # a lost database, a fault of ours: Django will meet it, too, log it and say so
            await self._django(exchange.scope, exchange.receive, exchange.send)

    async def _actor_of(self, scope: Asked, token: str) -> Actor | None:
        try:
            known = await self._keys.find(token)
        except DatabaseFault:  # Django will meet it, too, and has the words for it
            return None
        if known is None or Scope.RUNS_WRITE not in known.scopes:
            return None
        return known.at(address_of(_peer(scope), _forwarded_for(scope)))

    async def _read(self, scope: Asked, body: bytes) -> ChatAsk | None:
        if len(body) <= _SHORT_BODY_BYTES:
            return _read(scope, body)
        return await asyncio.get_running_loop().run_in_executor(self._threads, _read, scope, body)


def _token_of(scope: Asked) -> str:
    """The key of a request that may go the short way; empty for all others."""
    if scope["path"] not in _READERS or scope["method"] != "POST" or header(scope, b"cookie"):
        return ""
    length = header(scope, b"content-length") or b"0"
    if not length.isdigit() or int(length) > most_body_bytes(scope["path"]) or not _is_host_ours(scope):
        return ""
    scheme, _, value = header(scope, b"authorization").partition(b" ")
    token = value if scheme.lower() == b"bearer" else header(scope, b"x-api-key")
    told = token.decode("latin1").strip()
    return told if told.startswith(KEY_MARK) else ""


def _is_host_ours(scope: Asked) -> bool:
    domain, _ = split_domain_port(header(scope, b"host").decode("latin1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _read(scope: Asked, body: bytes) -> ChatAsk | None:
    """What is asked for; None for what Django is to refuse, and for what a run is to answer."""
    told = {name: header(scope, name.lower().encode()).decode("latin1") for name in (SESSION_HEADER, SIMULATE_HEADER)}
    try:
        ask = _READERS[scope["path"]](_decode(body), told)
    except (SmartSpawnError, msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return None if isinstance(ask.wish, ByMode) else ask


def _prepare(ask: ChatAsk, actor: Actor) -> Chat:
    close_old_connections()
    return prepare_chat(ask, actor)


async def _refuse(exchange: Exchange, error: SmartSpawnError) -> None:
    body = msgspec.json.encode(refusal_body(exchange.scope["path"], error))
    told = {"content-type": "application/json", "content-length": str(len(body)), **headers_of(error)}
    headers = [*exchange.headers, *((name.lower().encode(), value.encode("latin1")) for name, value in told.items())]
    await exchange.send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await exchange.send({"type": "http.response.body", "body": body})


def _standing(scope: Asked) -> Headers:
    is_secure = scope.get("scheme") == "https" or (
        header(scope, b"x-forwarded-proto") == b"https" and is_trusted_proxy(_peer(scope))
    )
    told = standing_headers("https" if is_secure else "http")
    return [(name.lower().encode(), value.encode("latin1")) for name, value in told]


def _peer(scope: Asked) -> str:
    return str((scope.get("client") or ("", 0))[0])


def _forwarded_for(scope: Asked) -> str:
    return joined_header(scope, b"x-forwarded-for")
