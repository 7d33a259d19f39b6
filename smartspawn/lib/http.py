"""The one door through which the product speaks to other servers.

Every answer is bounded in time and size, passing faults are tried again, and what the HTTP
library throws leaves here as an error of our own family.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.bodies import Reply, SentBody
from smartspawn.lib.errors import UpstreamFault, UpstreamRefused, UpstreamUnreachable
from smartspawn.lib.sessions import Sessions, translate

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


@dataclass(frozen=True, slots=True)
class Question:
    """A request as it goes out, once."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)  # a secret may be among them
    body: SentBody | None = field(default=None, repr=False)
    rule: AddressRule = AddressRule.PUBLIC


class Door:
    """One long-lived client; make it with ``open_door``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
        patience: Patience | None = None,
        rule: AddressRule = AddressRule.PUBLIC,
    ) -> Answer:
        """The whole answer to a GET; conditional where a validator of an earlier answer is given.

        Raises UpstreamUnreachable, UpstreamRefused, UpstreamTooLarge or AddressRefused.
        """
        _check_address(url)
        patience = patience or Patience()
        asked = dict(headers or {})
        asked |= {"If-None-Match": etag} if etag else {}
        asked |= {"If-Modified-Since": last_modified} if last_modified else {}
        try:
            async with asyncio.timeout(patience.total_s):
                return await self._try(Question("GET", url, asked, rule=rule), patience)
        except TimeoutError as error:
            raise UpstreamUnreachable(f"{_host(url)} gave no whole answer within {patience.total_s:g} s") from error

    async def send_json(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        rule: AddressRule = AddressRule.PUBLIC,
    ) -> Answer:
        """The whole answer to a POST of JSON, whatever its status; sent once and redirected nowhere.

        Raises UpstreamUnreachable, UpstreamTooLarge or AddressRefused. How long it may take in all is the caller's.
        """
        patience = patience or Patience()
        async with self.stream_json(url, body, headers=headers, patience=patience, rule=rule) as reply:
            return Answer(url=url, status=reply.status, headers=reply.headers, body=await reply.read())

    @asynccontextmanager
    async def stream_json(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        rule: AddressRule = AddressRule.PUBLIC,
        on_sent: Callable[[], None] | None = None,
    ) -> AsyncIterator[Reply]:
        """The answer to a POST of JSON as soon as its head is here; leaving the block early closes the connection.

        ``on_sent`` is called when the request goes out: before that the server knows nothing of it.
        """
        _check_address(url)
        asked = {"Content-Type": "application/json", **(headers or {})}
        question = Question("POST", url, asked, SentBody(body, on_sent), rule)
        async with self._ask(question, patience or Patience()) as reply:
            yield reply

    async def _try(self, question: Question, patience: Patience) -> Answer:
        attempt = 1
        while True:
            try:
                return await self._follow(question, patience)
            except UpstreamFault as fault:
                wait_s = patience.wait_s(attempt, fault)
                if wait_s is None:
                    raise
            await asyncio.sleep(wait_s)
            attempt += 1

    async def _follow(self, question: Question, patience: Patience) -> Answer:
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self._exchange(question, patience)
            if answer.status not in _REDIRECTS:
                return answer
            target = _redirect_target(question.url, answer)
            is_same_place = _origin(target) == _origin(question.url)
            headers = question.headers if is_same_place else _harmless(question.headers)
            question = replace(question, url=target, headers=headers)
        raise UpstreamRefused(f"{_host(question.url)} redirects without end", status=answer.status)

    async def _exchange(self, question: Question, patience: Patience) -> Answer:
        async with self._ask(question, patience) as reply:
            if reply.status in _REDIRECTS or reply.status == 304:
                return Answer(reply.url, reply.status, reply.headers, b"")
            if not 200 <= reply.status < 300:
                raise _refusal(reply)
            return Answer(reply.url, reply.status, reply.headers, await reply.read())

    @asynccontextmanager
    async def _ask(self, question: Question, patience: Patience) -> AsyncIterator[Reply]:
        parts = urlsplit(question.url)
        host = parts.hostname or ""
        route = self._sessions.route(parts.scheme, host, question.rule)
        try:
            async with route.session.request(
                question.method,
                question.url,
                headers=question.headers,
                data=question.body,
                proxy=route.proxy,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=patience.connect_s, sock_read=patience.read_s),
            ) as response:
                yield Reply(response, patience.body_bytes)
        except (aiohttp.ClientError, ConnectionError) as error:
            # One kind carries the request's headers along, and with them a secret.
            raise translate(error, host) from (None if isinstance(error, aiohttp.ClientResponseError) else error)


@asynccontextmanager
async def open_door(*, most_connections: int = _MOST_CONNECTIONS) -> AsyncIterator[Door]:
    """A door that is open as long as the block lasts; proxies named in the environment are used."""
    headers = {"User-Agent": user_agent(), "Accept-Encoding": "gzip, deflate"}
    sessions = Sessions(most_connections=most_connections, headers=headers)
    try:
        yield Door(sessions)
    finally:
        await sessions.close()


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


def _refusal(reply: Reply) -> UpstreamRefused:
    retry_after_s = seconds_until_retry(reply.headers.get("retry-after", ""), now=datetime.now(UTC))
    message = f"{_host(reply.url)} answered with status {reply.status}"
    return UpstreamRefused(message, status=reply.status, retry_after_s=retry_after_s)


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
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        URL(url)
    except ValueError:
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
