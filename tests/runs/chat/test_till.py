"""One chat's trouble in the till is no other chat's."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import Error as DatabaseFault
from django.db import IntegrityError, OperationalError, connections

from runs.chat import till as till_module
from runs.chat.till import Note, Till
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
