"""One chat's trouble in the till is no other chat's."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import Error as DatabaseFault
from django.db import IntegrityError, OperationalError, connections

from runs.chat import till as till_module
from runs.chat.till import Note, Till
from runs.ledger import write_together
from runs.models import LedgerEntry, Reservation
from runs.shapes import Payer
from tests.runs.ledger.calls import quote, settlement

pytestmark = pytest.mark.django_db(transaction=True)


def with_till(work: Callable[[Till], object]) -> object:
    async def do() -> object:
        with ThreadPoolExecutor(1) as writes:
            till = Till(writes)
            try:
                async with asyncio.timeout(10):
                    return await work(till)  # type: ignore[misc]  # a coroutine
            finally:
                writes.submit(connections.close_all)

    return asyncio.run(do())


def refused() -> None:
    raise IntegrityError("its person is gone")


def broken() -> None:
    raise ValueError("a fault of ours")


def test_a_note_that_the_database_refuses_costs_no_other_its_own() -> None:
    written: list[int] = []

    def note(number: int) -> Note:
        return lambda: written.append(number)

    async def work(till: Till) -> None:
        await asyncio.wait([till.note(note(1)), till.note(refused), till.note(note(3))])

    with_till(work)
    assert written[-2:] == [1, 3]


def test_a_note_is_written_again_where_the_database_was_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(till_module, "FIRST_PAUSE_S", 0.001)
    tries: list[int] = []

    def busy_at_first() -> None:
        tries.append(len(tries))
        if len(tries) < 3:
            raise OperationalError("database is locked")

    async def work(till: Till) -> None:
        await till.note(busy_at_first)

    with_till(work)
    assert tries == [0, 1, 2]


def test_nobody_waits_for_a_note_that_cannot_be_written() -> None:
    async def work(till: Till) -> None:
        await till.note(broken)

    with_till(work)


def test_a_settlement_that_no_leave_was_given_for_lets_no_other_chat_hang() -> None:
    async def work(till: Till) -> None:
        till.settle(settlement(uuid.uuid4()))
        with pytest.raises(DatabaseFault):
            await till.reserve(quote(Payer(user_id=1)))
        await till.reserve(quote(Payer(user_id=1)))

    with_till(work)


def test_what_a_call_came_to_is_booked_once_the_disk_has_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(till_module, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(till_module, "AGAIN_AFTER_S", 0.05)
    tries: list[int] = []
    booked = threading.Event()

    def write_to_a_full_disk(*given: Any) -> Any:
        tries.append(len(given[0]))
        if len(tries) <= 2 * till_module.MOST_TRIES:
            raise OperationalError("database or disk is full")
        answers = write_together(*given)
        booked.set()
        return answers

    async def work(till: Till) -> None:
        grant = await till.reserve(quote(Payer(user_id=1)))
        monkeypatch.setattr(till_module, "write_together", write_to_a_full_disk)
        till.settle(settlement(grant.call_id))
        with pytest.raises(DatabaseFault):
            await till.reserve(quote(Payer(user_id=1)))  # who asks meanwhile is told at once
        assert await asyncio.to_thread(booked.wait, 5)
        await till.close()

    with_till(work)
    assert tries[-1] == 1
    assert LedgerEntry.objects.count() == 1
    assert not Reservation.objects.filter(state="open").exists()


def test_a_till_that_closes_does_not_wait_for_a_database_that_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(till_module, "FIRST_PAUSE_S", 0.001)

    def fail(*_given: Any) -> None:
        raise OperationalError("database or disk is full")

    async def work(till: Till) -> None:
        grant = await till.reserve(quote(Payer(user_id=1)))
        monkeypatch.setattr(till_module, "write_together", fail)
        till.settle(settlement(grant.call_id))
        await till.close()

    with_till(work)
    assert Reservation.objects.filter(state="open").count() == 1  # which the sweeper charges


def test_who_wants_leave_does_not_wait_for_all_notes() -> None:
    written: list[float] = []

    def slow_note() -> None:
        time.sleep(0.01)
        written.append(time.monotonic())

    async def work(till: Till) -> int:
        notes = [till.note(slow_note) for _ in range(4 * till_module.MOST_NOTES)]
        await asyncio.wait(notes, return_when=asyncio.FIRST_COMPLETED)
        await till.reserve(quote(Payer(user_id=1)))
        count = len(written)
        await asyncio.wait(notes)
        return count

    assert with_till(work) <= 3 * till_module.MOST_NOTES  # type: ignore[operator]  # a number
    assert len(written) == 4 * till_module.MOST_NOTES
