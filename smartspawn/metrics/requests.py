"""Counts what is asked of a web process, and adds it to what the others counted, a few rows every few seconds."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from django.db import Error as DatabaseFault
from django.db import close_old_connections
from django.urls import Resolver404, resolve

from routing.quick_commit import quick_commit
from smartspawn.bridge import AsgiApp, Message, Receive, Scope, Send
from smartspawn.metrics.text import Family, family
from smartspawn.models import RequestSum

LOG = logging.getLogger(__name__)
# From a read out of memory to an answer that a model writes.
BOUNDS_S: Final = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)
WRITTEN_EVERY_S: Final = 5.0
UNMATCHED: Final = "(no such address)"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STATIC: Final = "/static/"
_LONGEST_PATH: Final = 200


class Kind(NamedTuple):
    """What requests are counted by: the addresses of the site times the methods, however much is asked."""

    route: str
    method: str
    status_class: str


@dataclass(slots=True)
class Count:
    """How many requests, how long they took together, and how many at most how long."""

    requests: int = 0
    duration_ms: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * len(BOUNDS_S))

    def add(self, duration_s: float) -> None:
        """Count one."""
        self.requests += 1
        self.duration_ms += round(duration_s * 1000)
        for place, bound_s in enumerate(BOUNDS_S):
            self.buckets[place] += duration_s <= bound_s

    def plus(self, other: Count) -> Count:
        """Both together."""
        return Count(
            self.requests + other.requests,
            self.duration_ms + other.duration_ms,
            [one + more for one, more in zip(self.buckets, other.buckets, strict=True)],
        )


class RequestCounter:
    """An ASGI application in front of all others that counts what they answer."""

    def __init__(self, application: AsgiApp, clock: Callable[[], float] = time.monotonic) -> None:
        self._application = application
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[Kind, Count] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it when its answer has ended, however it does."""
        began_s, status = self._clock(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._application(scope, receive, watch)
        finally:
            if status:  # a client that left before got no answer
                self._note(Kind(route_of(scope["path"]), _method(scope), f"{status // 100}xx"), began_s)

    def _note(self, kind: Kind, began_s: float) -> None:
        with self._lock:
            self._counts.setdefault(kind, Count()).add(self._clock() - began_s)

    async def write_now_and_then(self) -> None:
        """Add up with the others until cancelled."""
        while True:
            await asyncio.sleep(WRITTEN_EVERY_S)
            await self.write_off_loop()

    async def write_off_loop(self) -> None:
        """Add up with the others, in a thread."""

        def tidy() -> None:
            try:
                self.write()
            finally:
                close_old_connections()

        await asyncio.to_thread(tidy)

    def write(self) -> None:
        """Add what was counted since the last time to the sums; what cannot be written waits for the next."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            add_up(counts)
        except DatabaseFault:
            LOG.warning("requests could not be added up; they wait for the next time", exc_info=True)
            with self._lock:
                for kind, count in counts.items():
                    self._counts[kind] = self._counts.get(kind, Count()).plus(count)


def add_up(counts: Mapping[Kind, Count]) -> None:
    """Add to the sums of all processes, in one order, so that two that write at once wait and never in a circle."""
    with quick_commit():
        rows = [RequestSum(**kind._asdict(), bucket_counts=[0] * len(BOUNDS_S)) for kind in sorted(counts)]
        RequestSum.objects.bulk_create(rows, ignore_conflicts=True)
        known = RequestSum.objects.select_for_update().filter(route__in={kind.route for kind in counts})
        for row in known.order_by("route", "method", "status_class"):
            count = counts.get(Kind(row.route, row.method, row.status_class))
            if count is not None:
                whole = _count_of(row).plus(count)
                row.request_count, row.duration_ms, row.bucket_counts = whole.requests, whole.duration_ms, whole.buckets
                row.save(update_fields=["request_count", "duration_ms", "bucket_counts"])


def request_families() -> Iterator[Family]:
    """The sums, as monitoring reads them."""
    sums = [
        ({"route": row.route, "method": row.method, "status": row.status_class}, _count_of(row))
        for row in RequestSum.objects.order_by("route", "method", "status_class")
    ]
    name = "smartspawn_http_requests_total"
    yield family(name, "counter", "Requests that were answered, by address.", *((c.requests, of) for of, c in sums))
    yield _histogram(sums)


def _histogram(sums: Iterable[tuple[Mapping[str, str], Count]]) -> Family:
    name = "smartspawn_http_request_duration_seconds"
    samples: list[tuple[float, Mapping[str, str], str]] = []
    for labels, count in sums:
        for bound_s, below in zip(BOUNDS_S, count.buckets, strict=True):
            samples.append((below, {**labels, "le": f"{bound_s:g}"}, "_bucket"))
        samples.append((count.requests, {**labels, "le": "+Inf"}, "_bucket"))
        samples.append((count.duration_ms / 1000, labels, "_sum"))
        samples.append((count.requests, labels, "_count"))
    return family(name, "histogram", "From the request to the end of its answer, streams to their last word.", *samples)


def _count_of(row: RequestSum) -> Count:
    buckets = list(row.bucket_counts)
    # After a change of the bounds the old counts mean nothing any more.
    return Count(row.request_count, row.duration_ms, buckets if len(buckets) == len(BOUNDS_S) else [0] * len(BOUNDS_S))


@lru_cache(maxsize=4096)
def route_of(path: str) -> str:
    """The template of the address: of any number of addresses that somebody makes up it is one."""
    if path.startswith(_STATIC):
        return _STATIC
    try:
        return f"/{resolve(path).route}"[:_LONGEST_PATH]
    except Resolver404:
        return UNMATCHED


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in _METHODS else "OTHER"
