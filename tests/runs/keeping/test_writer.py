"""What comes together is written together, and leave that nobody waits for any more is given back."""

from __future__ import annotations

import asyncio
import time
import uuid

import pytest
from django.db import OperationalError

from runs.keeping.commit import Group, Written
from runs.keeping.writer import Claimed, GroupWriter
from runs.shapes import CallQuote, Grant, Payer, Purpose
from tests.runs.fakes import endpoint_of

QUOTE = CallQuote(uuid.uuid4(), Payer(), endpoint_of("acme/one"), "a", 1, Purpose.TASK, 10)
GRANT = Grant(QUOTE.call_id, 10, is_simulated=False)


def written(**fields: object) -> Written:
    return Written(**{"is_cancel_requested": False, "grants": {}, "grown_ids": {}, **fields})  # type: ignore[arg-type]


def test_leave_that_comes_after_its_node_was_stopped_is_given_back() -> None:
    async def do() -> Group:
        writer = GroupWriter(write, lambda _group, _written: None, has_drafts=False)
        asking = asyncio.ensure_future(writer.ask(1, QUOTE))
        await asyncio.sleep(0)
        asking.cancel()
        await writer.flush()
        return writer.group

    async def write(_group: Group) -> Written:
        return written(grants={1: GRANT})

    assert asyncio.run(do()).released == [GRANT.call_id]


def test_leave_that_comes_at_the_moment_in_which_its_node_is_stopped_is_given_back() -> None:
    async def do() -> Group:
        writer = GroupWriter(write, lambda _group, _written: None, has_drafts=False)
        asking = asyncio.ensure_future(writer.ask(1, QUOTE))
        await asyncio.sleep(0)
        await writer.flush()  # the answer is there, and nobody has read it
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return writer.group

    async def write(_group: Group) -> Written:
        return written(grants={1: GRANT})

    assert asyncio.run(do()).released == [GRANT.call_id]


def test_a_node_that_another_driver_took_is_said_to_be() -> None:
    async def do() -> None:
        writer = GroupWriter(write, lambda _group, _written: None, has_drafts=False)
        asking = asyncio.ensure_future(writer.ask(1, QUOTE))
        await asyncio.sleep(0)
        await writer.flush()
        with pytest.raises(Claimed):
            await asking

    async def write(_group: Group) -> Written:
        return written()

    asyncio.run(do())


def test_more_money_is_set_aside_while_the_first_calls_go_out() -> None:
    """Of 250 that ask, the first go on in the turn after the first group, long before all have their answer."""
    told_at_write: list[int] = []
    leaves: list[object] = []

    async def write(group: Group) -> Written:
        told_at_write.append(len(leaves))
        await asyncio.sleep(0)
        return written(grants={ask.node_id: GRANT for ask in group.asks})

    async def do() -> None:
        writer = GroupWriter(write, lambda _group, _written: None, has_drafts=False)
        running = asyncio.ensure_future(writer.run())
        await asyncio.gather(*(_keep(writer, number, leaves) for number in range(250)))
        writer.close()
        await running

    asyncio.run(do())
    assert len(leaves) == 250
    assert 0 < told_at_write[1] < 100


async def _keep(writer: GroupWriter, number: int, leaves: list[object]) -> None:
    leaves.append(await writer.ask(number, QUOTE))
    time.sleep(0.0005)  # noqa: ASYNC251 - as long as a request takes to be put together


def test_leave_that_was_written_but_not_told_of_is_given_back_at_the_end() -> None:
    released: list[uuid.UUID] = []

    async def write(group: Group) -> Written:
        released.extend(group.released)
        return written(grants={ask.node_id: GRANT for ask in group.asks})

    async def do() -> None:
        writer = GroupWriter(write, lambda _group, _written: None, has_drafts=False)
        asking = [asyncio.ensure_future(writer.ask(number, QUOTE)) for number in range(50)]
        await asyncio.sleep(0)
        await writer.flush()
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        writer.close()
        await writer.run()

    asyncio.run(do())
    assert len(released) == 50


def test_what_comes_within_a_moment_shares_a_transaction() -> None:
    sizes: list[int] = []

    async def write(group: Group) -> Written:
        sizes.append(len(group.started))
        return written()

    async def do() -> None:
        writer = GroupWriter(write, lambda _group, _written: None, has_drafts=False)
        running = asyncio.ensure_future(writer.run())
        for number in range(10):
            writer.group.started.append(number)
            writer.stir()
            await asyncio.sleep(0.001)
        writer.close()
        await running

    asyncio.run(do())
    assert sum(sizes) == 10
    assert len(sizes) <= 3


def test_a_group_that_a_busy_database_refused_is_written_again_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.keeping.writer.FIRST_PAUSE_S", 0.001)
    tried: list[Group] = []

    async def write(group: Group) -> Written:
        tried.append(group)
        if len(tried) < 3:
            raise OperationalError("database is locked")
        return written()

    async def do() -> None:
        writer = GroupWriter(write, lambda _group, _written: None, has_drafts=False)
        writer.group.started.append(1)
        await writer.flush()

    asyncio.run(do())
    assert [group.started for group in tried] == [[1], [1], [1]]


def test_a_database_that_stays_away_ends_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.keeping.writer.FIRST_PAUSE_S", 0.001)

    async def write(_group: Group) -> Written:
        raise OperationalError("gone")

    async def do() -> None:
        writer = GroupWriter(write, lambda _group, _written: None, has_drafts=False)
        writer.group.started.append(1)
        writer.stir()
        with pytest.raises(OperationalError, match="gone"):
            await writer.run()

    asyncio.run(do())
