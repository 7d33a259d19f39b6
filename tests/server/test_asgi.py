"""The door: how often the catalogue's revision is asked for, and what becomes of other kinds of connection."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.db import InterfaceError, OperationalError

from smartspawn import asgi
from smartspawn.asgi import RevisionWatch, both_revisions
from smartspawn.bridge import Message


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asgi, "time", clock)
    return clock


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Each read of the revision leaves the revision that was known before it."""
    seen: list[int | None] = []

    def read(former: int | None) -> int:
        seen.append(former)
        return 7

    monkeypatch.setattr(asgi, "_read_revision", read)
    return seen


def test_many_requests_at_once_cost_one_read(clock: Clock, reads: list[int | None]) -> None:
    async def ask_together() -> list[int | None]:
        watch = RevisionWatch()
        return await asyncio.gather(*[watch.find() for _ in range(50)])

    assert asyncio.run(ask_together()) == [7] * 50
    assert reads == [None]


def test_the_revision_is_read_again_after_half_a_second(clock: Clock, reads: list[int | None]) -> None:
    async def ask_over_time() -> None:
        watch = RevisionWatch()
        for clock.now in (0.0, 0.4, 0.49, 0.5, 0.9, 1.1):
            await watch.find()

    asyncio.run(ask_over_time())
    assert reads == [None, 7, 7]


@pytest.mark.parametrize("fault", [OperationalError("gone"), InterfaceError("closed")])
def test_a_database_that_does_not_answer_leaves_the_revision_unknown(fault: Exception) -> None:
    with patch.object(asgi, "catalog_revision", side_effect=fault), patch.object(asgi, "close_old_connections"):
        assert asgi._read_revision(3) is None


@pytest.fixture
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_thawed")
def test_only_a_new_snapshot_is_decoded_ahead_and_set_apart_from_the_collector() -> None:
    gc.unfreeze()
    with (
        patch.object(asgi, "catalog_revision", return_value=4),
        patch.object(asgi, "routing_revision", return_value=9),
        patch.object(asgi, "find_current_snapshot") as decode,
        patch.object(asgi, "close_old_connections"),
    ):
        assert asgi._read_revision(both_revisions(4, 8)) == both_revisions(4, 9)
        assert decode.call_count == 0
        assert gc.get_freeze_count() == 0
        assert asgi._read_revision(both_revisions(3, 9)) == both_revisions(4, 9)
        assert decode.call_count == 1
        assert gc.get_freeze_count() > 0


def test_answers_change_with_the_catalogue_and_with_what_routing_learned() -> None:
    pairs = [(catalog, routing) for catalog in (0, 1, 2, 500) for routing in (0, 1, 2, 10**9)]
    assert len({both_revisions(*pair) for pair in pairs}) == len(pairs)


def converse(scope_type: str, received: list[Message]) -> list[str]:
    sent: list[str] = []

    async def receive() -> Message:
        return received.pop(0)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    asyncio.run(asgi.application({"type": scope_type}, receive, send))
    return sent


def test_the_server_is_told_when_the_site_begins_and_ends(reads: list[int | None]) -> None:
    told = converse("lifespan", [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_web_socket_is_closed_politely() -> None:
    assert converse("websocket", []) == ["websocket.close"]
