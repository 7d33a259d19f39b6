"""Open reads, answered on the event loop from whole responses that Django made before.

What Django sent is kept as it was sent, headers included, so that nobody can tell the two apart. Only requests
that say nothing about who is asking are looked up; everything else goes to Django.
"""

from __future__ import annotations

import gzip
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from http import HTTPStatus

from smartspawn.bridge import AsgiApp, Message, Receive, Scope, Send, header

Key = tuple[bytes | str, ...]
Headers = list[tuple[bytes, bytes]]

MOST_ENTRIES = 1024
MOST_BYTES = 32 * 1024 * 1024
MOST_ENTRY_BYTES = 4 * 1024 * 1024
WORTH_COMPRESSING_BYTES = 1024
GZIP_LEVEL = 6
# Requests with one of these are about somebody, or about a part of the answer.
_PERSONAL_HEADERS = frozenset({b"cookie", b"authorization", b"x-api-key", b"range", b"hx-request"})
# What may change an answer and is part of the key: which site is asked, and from which page.
_KEY_HEADERS = frozenset({b"host", b"origin", b"x-forwarded-proto", b"x-forwarded-host"})
_VARY_COVERED = _KEY_HEADERS | _PERSONAL_HEADERS | {b"accept", b"accept-encoding"}


@dataclass(slots=True)
class StoredResponse:
    """A complete answer, and its compressed form once somebody asked for it."""

    headers: Headers
    body: bytes
    etag: bytes
    expires_at: float
    compressed: bytes | None = None
    bodyless_headers: Headers = field(default_factory=list)

    def gzipped(self) -> bytes:
        """The body compressed; made on first use, so that an answer asked for once costs nothing."""
        if self.compressed is None:
            self.compressed = gzip.compress(self.body, GZIP_LEVEL, mtime=0)
        return self.compressed


class ResponseCache:
    """The answers of one catalogue revision, least recently used out first, bounded in number and bytes."""

    def __init__(self, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._entries: OrderedDict[Key, StoredResponse] = OrderedDict()
        self._revision: int | None = None
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Key, revision: int, now: float) -> StoredResponse | None:
        """The answer to this request under this revision, if one is kept and still fresh."""
        self._turn_to(revision)
        stored = self._entries.get(key)
        if stored is None:
            return None
        if now >= stored.expires_at:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return stored

    def keep(self, key: Key, revision: int, response: StoredResponse) -> None:
        """Keep an answer that was made under this revision."""
        if revision != self._revision or len(response.body) > MOST_ENTRY_BYTES:
            return
        if key in self._entries:
            self._drop(key)
        self._entries[key] = response
        self.size_bytes += len(response.body)
        while len(self._entries) > self._most_entries or self.size_bytes > self._most_bytes:
            self._drop(next(iter(self._entries)))

    def _turn_to(self, revision: int) -> None:
        if revision != self._revision:
            self._entries.clear()
            self.size_bytes = 0
            self._revision = revision

    def _drop(self, key: Key) -> None:
        self.size_bytes -= len(self._entries.pop(key).body)


def request_key(scope: Scope) -> Key | None:
    """What this open read's answer depends on, or None for a request that Django must see."""
    if scope["method"] not in {"GET", "HEAD"}:
        return None
    accept = b""
    asked: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _PERSONAL_HEADERS or (name == b"content-length" and value != b"0"):
            return None
        if name in _KEY_HEADERS:
            asked[name] = value
        elif name == b"accept":
            accept = value
    if accept and b"*/*" not in accept and b"application/json" not in accept:
        return None
    pairs = sorted(scope["query_string"].split(b"&"), key=_parameter_name)
    return (scope["path"], b"&".join(pairs), scope.get("scheme", ""), *(asked.get(name, b"") for name in _KEY_ORDER))


_KEY_ORDER = tuple(sorted(_KEY_HEADERS))


def _parameter_name(pair: bytes) -> bytes:
    """Parameters are sorted by name alone: of one given twice, the order decides."""
    return pair.partition(b"=")[0]


class OpenReads:
    """An ASGI application in front of Django that answers repeated open reads by itself."""

    def __init__(
        self,
        django: AsgiApp,
        *,
        fresh_s: Mapping[str, float],
        find_revision: Callable[[], Awaitable[int | None]],
        is_within_limit: Callable[[Scope], Awaitable[bool]],
    ) -> None:
        self._django = django
        self._fresh_s = fresh_s
        self._find_revision = find_revision
        self._is_within_limit = is_within_limit
        self.cache = ResponseCache()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        fresh_s = self._fresh_s.get(scope["path"])
        key = request_key(scope) if fresh_s else None
        revision = await self._find_revision() if key else None
        if key is None or fresh_s is None or revision is None:
            await self._django(scope, receive, send)
            return
        stored = self.cache.find(key, revision, time.monotonic())
        if stored is None:
            await self._ask_django(scope, receive, send, _Keeping(self.cache, key, revision, fresh_s))
        elif await self._is_within_limit(scope):
            await _send_stored(scope, stored, send)
        else:  # refused hits are not counted, so Django may count this one again and words the refusal
            await self._django(scope, receive, send)

    async def _ask_django(self, scope: Scope, receive: Receive, send: Send, keeping: _Keeping) -> None:
        if scope["method"] == "HEAD":
            await self._django(scope, receive, send)
            return
        recorder = _Recorder()
        await self._django(scope, receive, recorder.send)
        stored = recorder.to_stored(keeping.fresh_s)
        if stored is None:
            await recorder.replay(send)
            return
        keeping.cache.keep(keeping.key, keeping.revision, stored)
        # Compressing costs more than making the answer; the first one goes out as it is.
        await _send_stored(scope, stored, send, may_compress=False)


@dataclass(frozen=True, slots=True)
class _Keeping:
    cache: ResponseCache
    key: Key
    revision: int
    fresh_s: float


class _Recorder:
    """Takes a response in place of the client."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self._messages.append(message)

    async def replay(self, send: Send) -> None:
        for message in self._messages:
            await send(message)

    def to_stored(self, fresh_s: float) -> StoredResponse | None:
        """The response as something to keep; None where it is not everybody's or did not succeed."""
        if not self._messages or self._messages[0].get("status") != HTTPStatus.OK:
            return None
        headers: Headers = list(self._messages[0]["headers"])
        if not _is_everybodys(headers):
            return None
        body = b"".join(message.get("body", b"") for message in self._messages[1:])
        return stored_response(headers, body, time.monotonic() + fresh_s)


def _is_everybodys(headers: Headers) -> bool:
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        values[name] = values.get(name, b"") + b"," + value.lower()
    control = values.get(b"cache-control", b"")
    varies_by = {name.strip() for name in values.get(b"vary", b"").split(b",") if name.strip()}
    return (
        b"set-cookie" not in values
        and b"content-encoding" not in values
        and b"no-store" not in control
        and b"private" not in control
        and varies_by <= _VARY_COVERED
    )


def stored_response(headers: Headers, body: bytes, expires_at: float) -> StoredResponse:
    """The response with what a client needs to ask again cheaply: an entity tag, and that compression varies."""
    own = {b"content-length", b"etag", b"vary"}
    given = dict(headers)
    etag = given.get(b"etag") or b'W/"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"'
    varies = [value for name, value in headers if name == b"vary"]
    bodyless = [(name, value) for name, value in headers if name not in own]
    bodyless += [(b"etag", etag), (b"vary", b", ".join([*varies, b"accept-encoding"]))]
    whole = [*bodyless, (b"content-length", str(len(body)).encode())]
    not_modified = [(name, value) for name, value in bodyless if name != b"content-type"]
    return StoredResponse(whole, body, etag, expires_at, bodyless_headers=not_modified)


async def _send_stored(scope: Scope, stored: StoredResponse, send: Send, *, may_compress: bool = True) -> None:
    if _knows(header(scope, b"if-none-match"), stored.etag):
        await _send(send, HTTPStatus.NOT_MODIFIED, stored.bodyless_headers, b"")
        return
    headers, body = stored.headers, stored.body
    if may_compress and len(body) >= WORTH_COMPRESSING_BYTES and accepts_gzip(header(scope, b"accept-encoding")):
        body = stored.gzipped()
        headers = [pair for pair in headers if pair[0] != b"content-length"]
        headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]
    await _send(send, HTTPStatus.OK, headers, b"" if scope["method"] == "HEAD" else body)


def _knows(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the client names this tag; tags are compared weakly, as RFC 9110 wants it here."""
    if not if_none_match:
        return False
    tags = {tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")}
    return b"*" in tags or etag.removeprefix(b"W/") in tags


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether the header names gzip, and not at quality zero."""
    for item in accept_encoding.lower().split(b","):
        name, _, parameters = item.partition(b";")
        if name.strip() == b"gzip":
            quality = parameters.strip().removeprefix(b"q=")
            return quality.strip(b"0.") != b"" or not parameters
    return False


async def _send(send: Send, status: HTTPStatus, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
