"""From an address to a payload: what the five fetches have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

from catalog.shapes import Payload, Source
from catalog.sources.captures import make_payload
from catalog.sources.shapes import SourceConfig
from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.errors import (
    SourceMalformed,
    SourceUnreachable,
    UpstreamFault,
    UpstreamRefused,
    UpstreamTooLarge,
)
from smartspawn.lib.http import Answer, Door, Patience

T = TypeVar("T")
# One page more or less must not decide over a refresh, but a limit must be respected.
PAGE_PATIENCE: Final = Patience(attempts=4)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches the parts of one source, each with a condition where its last payload is known."""

    source: Source
    door: Door
    known: Mapping[str, Payload]
    config: SourceConfig
    headers: Mapping[str, str] | None = None
    patience: Patience | None = None

    async def part(self, part: str, url: str) -> Payload:
        """The part as it is now; raises SourceUnreachable or SourceMalformed."""
        address = replace_host(url, self.config)
        held = self.known.get(part)
        held = held if held and held.url == url else None
        try:
            answer = await self.door.get(
                address,
                headers=self.headers,
                etag=held.etag if held else "",
                last_modified=held.last_modified if held else "",
                patience=self.patience,
                # A mirror is set by an administrator and may stand anywhere; a source itself is public.
                rule=AddressRule.PUBLIC if address == url else AddressRule.PRIVATE_TOO,
            )
        except UpstreamTooLarge as fault:
            raise SourceMalformed(fault.message, url=url) from fault
        except UpstreamFault as fault:
            status = fault.status if isinstance(fault, UpstreamRefused) else None
            raise SourceUnreachable(fault.message, url=url, status=status) from fault
        return self._payload(part, url, answer, held)

    def _payload(self, part: str, url: str, answer: Answer, held: Payload | None) -> Payload:
        now = datetime.now(UTC)
        if answer.is_not_modified:
            if held is None:
                raise SourceUnreachable(f"{part} was called unchanged, but it was never held", url=url)
            return replace(held, fetched_at=now)
        fresh = make_payload(source=self.source, part=part, url=url, body=answer.body, fetched_at=now)
        return replace(fresh, etag=answer.etag, last_modified=answer.last_modified)


def replace_host(url: str, config: SourceConfig) -> str:
    """The same address at the mirror that the administrator set for its host, if any."""
    parts = urlsplit(url)
    base = config.base_urls.get(parts.hostname or "")
    if not base:
        return url
    return f"{base.rstrip('/')}{parts.path}" + (f"?{parts.query}" if parts.query else "")


async def fetch_together(fetches: Sequence[Callable[[], Awaitable[T]]], *, at_once: int) -> tuple[T, ...]:
    """All results, in order, never more than ``at_once`` under way; the first failure stops the rest."""
    turn = asyncio.Semaphore(at_once)

    async def wait_and_fetch(fetch: Callable[[], Awaitable[T]]) -> T:
        async with turn:
            return await fetch()

    tasks = [asyncio.ensure_future(wait_and_fetch(fetch)) for fetch in fetches]
    try:
        return tuple(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
