"""No more places are taken than there are, and a retry goes first."""

from __future__ import annotations

import asyncio

import pytest

from runs.graph.slots import Slots


def test_those_who_wait_come_in_turn_and_a_retry_before_them() -> None:
    order: list[str] = []

    async def do() -> None:
        slots = Slots(1)
        await slots.take()

        async def want(name: str, *, is_retry: bool = False) -> None:
            await slots.take(is_retry=is_retry)
            order.append(name)
            slots.give()

        tasks = [asyncio.ensure_future(want("first")), asyncio.ensure_future(want("second"))]
        await asyncio.sleep(0)
        tasks.append(asyncio.ensure_future(want("retry", is_retry=True)))
        await asyncio.sleep(0)
        assert order == []
        slots.give()
        await asyncio.gather(*tasks)
        assert slots.taken == 0

    asyncio.run(do())
    assert order == ["retry", "first", "second"]


def test_a_place_that_came_to_somebody_who_has_left_goes_to_the_next() -> None:
    async def do() -> None:
        slots = Slots(1)
        await slots.take()
        leaver, next_one = asyncio.ensure_future(slots.take()), asyncio.ensure_future(slots.take())
        await asyncio.sleep(0)
        slots.give()
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        async with asyncio.timeout(1):
            await next_one
        assert slots.taken == 1

    asyncio.run(do())


def test_more_places_let_more_in_and_fewer_let_in_nobody_until_enough_are_free() -> None:
    async def do() -> None:
        slots = Slots(1)
        waiting = [asyncio.ensure_future(slots.take()) for _ in range(4)]
        await asyncio.sleep(0)
        slots.resize(3)
        await asyncio.sleep(0)
        assert [task.done() for task in waiting] == [True, True, True, False]
        slots.resize(1)
        slots.give()
        slots.give()
        await asyncio.sleep(0)
        assert not waiting[3].done()
        slots.give()
        await asyncio.sleep(0)
        assert waiting[3].done()
        assert slots.taken == 1

    asyncio.run(do())


def test_the_last_free_place_is_told_of_when_it_is_taken() -> None:
    async def do() -> list[int]:
        slots, told = Slots(2), []
        slots.on_full = lambda: told.append(slots.taken)
        await slots.take()
        assert told == []
        await slots.take()
        return told

    assert asyncio.run(do()) == [2]
