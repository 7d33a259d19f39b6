"""The one door through which the product speaks to other servers.

Every answer is bounded in time and size, passing faults are tried again, and what the HTTP
library throws leaves here as an error of our own family.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx2

from smartspawn.lib.errors import UpstreamFault, UpstreamRefused, UpstreamTooLarge, UpstreamUnreachable

# The pool's own cost is 0.7 ms a request up to 100 connections and grows beyond (3 ms at 500).
_MOST_CONNECTIONS: Final = 100
_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PASSING_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
# What may follow a redirect to another host; everything else may be a secret of the first.
_HARMLESS_HEADERS: Final = frozenset({"accept", "if-none-match", "if-modified-since"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, how much to hold and how often to try."""

    connect_s: float = 10.0
    read_s: float = 20.0  # between two pieces of an answer
    total_s: float = 60.0  # all attempts and waits together
    body_bytes: int = 32 * 1024 * 1024  # decompressed; the largest real source answer has 1.3 MB
    attempts: int = 3
    backoff_s: float = 0.5  # before the second attempt; doubled before each further one
    longest_wait_s: float = 20.0  # a Retry-After beyond this ends the attempts

    def wait_s(self, attempt: int, fault: UpstreamFault) -> float | None:
        """How long to wait before trying again; None if that would not help or take too long."""
        if attempt >= self.attempts or not _is_passing(fault):
            return None
        asked_s = fault.retry_after_s if isinstance(fault, UpstreamRefused) else None
        if asked_s is not None:
            return asked_s if asked_s <= self.longest_wait_s else None
        # Jitter keeps many clients that failed together from coming back together.
        return min(self.backoff_s * 2.0 ** (attempt - 1), self.longest_wait_s) * random.uniform(0.5, 1.0)  # noqa: S311  no secret


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer, or the word that what the caller holds is still current."""

    url: str  # after redirects
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes = field(repr=False)

    @property
    def is_not_modified(self) -> bool:
        return self.status == 304

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    @property
    def last_modified(self) -> str:
        return self.headers.get("last-modified", "")


class Door:
    """One long-lived client; make it with ``open_door``."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
        patience: Patience | None = None,
    ) -> Answer:
        """The whole answer to a GET; conditional where a validator of an earlier answer is given.

        Raises UpstreamUnreachable, UpstreamRefused or UpstreamTooLarge.
        """
        _check_address(url)
        patience = patience or Patience()
        asked = dict(headers or {})
        asked |= {"If-None-Match": etag} if etag else {}
        asked |= {"If-Modified-Since": last_modified} if last_modified else {}
        try:
            async with asyncio.timeout(patience.total_s):
                return await self._try(url, asked, patience)
        except TimeoutError as error:
            raise UpstreamUnreachable(f"{_host(url)} gave no whole answer within {patience.total_s:g} s") from error

    async def _try(self, url: str, headers: Mapping[str, str], patience: Patience) -> Answer:
        attempt = 1
        while True:
            try:
                return await self._follow(url, headers, patience)
            except UpstreamFault as fault:
                wait_s = patience.wait_s(attempt, fault)
                if wait_s is None:
                    raise
            await asyncio.sleep(wait_s)
            attempt += 1

    async def _follow(self, url: str, headers: Mapping[str, str], patience: Patience) -> Answer:
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self._exchange(url, headers, patience)
            if answer.status not in _REDIRECTS:
                return answer
            target = _redirect_target(url, answer)
            headers = headers if _origin(target) == _origin(url) else _harmless(headers)
            url = target
        raise UpstreamRefused(f"{_host(url)} redirects without end", status=answer.status)

    async def _exchange(self, url: str, headers: Mapping[str, str], patience: Patience) -> Answer:
        timeout = httpx2.Timeout(patience.read_s, connect=patience.connect_s, pool=patience.total_s)
        try:
            async with self._client.stream("GET", url, headers=dict(headers), timeout=timeout) as response:
                if response.status_code in _REDIRECTS or response.status_code == 304:
                    return _answer(response, b"")
                if not response.is_success:
                    raise _refusal(response)
                return _answer(response, await _bounded_body(response, patience.body_bytes))
        except httpx2.TransportError as error:
            raise UpstreamUnreachable(f"{_host(url)} cannot be reached ({type(error).__name__})") from error


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    """A door that is open as long as the block lasts; proxies named in the environment are used."""
    limits = httpx2.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_CONNECTIONS)
    headers = {"User-Agent": user_agent(), "Accept-Encoding": "gzip, deflate"}
    async with httpx2.AsyncClient(limits=limits, headers=headers, follow_redirects=False) as client:
        yield Door(client)


def user_agent() -> str:
    """How we name ourselves to other servers."""
    try:
        return f"smart-spawn/{version('smart-spawn')} (+self-hosted)"
    except PackageNotFoundError:  # run from a plain checkout
        return "smart-spawn (+self-hosted)"


# --- refusals and redirects ----------------------------------------------------------------


def _is_passing(fault: UpstreamFault) -> bool:
    if isinstance(fault, UpstreamRefused):
        return fault.status in _PASSING_STATUSES
    return isinstance(fault, UpstreamUnreachable)


def _refusal(response: httpx2.Response) -> UpstreamRefused:
    retry_after_s = seconds_until_retry(response.headers.get("retry-after", ""), now=datetime.now(UTC))
    return UpstreamRefused(
        f"{response.url.host} answered with status {response.status_code}",
        status=response.status_code,
        retry_after_s=retry_after_s,
    )


def seconds_until_retry(retry_after: str, *, now: datetime) -> float | None:
    """What a Retry-After header asks for, in seconds or as a date; None if it asks for nothing clear."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def _check_address(url: str) -> None:
    """Raises UpstreamUnreachable unless it is an absolute address of the web."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        is_usable = False
    if not is_usable:
        raise UpstreamUnreachable(f"{url[:200]!r} is no address of the web")


def _redirect_target(url: str, answer: Answer) -> str:
    unsafe = UpstreamRefused(f"{_host(url)} redirects to an address that is not safe", status=answer.status)
    try:
        target = urljoin(url, answer.headers.get("location", ""))
        _check_address(target)
    except (ValueError, UpstreamUnreachable) as error:
        raise unsafe from error
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
        raise unsafe
    return target


def _harmless(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() in _HARMLESS_HEADERS}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _host(url: str) -> str:
    return urlsplit(url).hostname or "an address without a host"


# --- bodies --------------------------------------------------------------------------------


def _answer(response: httpx2.Response, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(url=str(response.url), status=response.status_code, headers=headers, body=body)


async def _bounded_body(response: httpx2.Response, limit_bytes: int) -> bytes:
    """The decompressed body; given up as soon as it is larger than the limit."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "deflate", ""):
        raise UpstreamUnreachable(f"{response.url.host} answered in an encoding that was not asked for")
    # Decompressed here and not by the client, which would unpack a whole bomb before we see its size.
    unpacker = zlib.decompressobj(wbits=47) if encoding in ("gzip", "deflate") else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += _unpack(unpacker, chunk, limit_bytes + 1 - len(body), response) if unpacker else chunk
        if len(body) > limit_bytes:
            raise UpstreamTooLarge(f"{response.url.host} answered with more than {limit_bytes} bytes")
    if unpacker and not unpacker.eof:
        raise UpstreamUnreachable(f"{response.url.host} broke off in the middle of its answer")
    return bytes(body)


def _unpack(unpacker: zlib._Decompress, chunk: bytes, room_bytes: int, response: httpx2.Response) -> bytes:
    try:
        return unpacker.decompress(chunk, room_bytes)
    except zlib.error as error:
        raise UpstreamUnreachable(f"{response.url.host} sent a damaged compressed answer") from error
