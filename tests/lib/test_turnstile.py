"""Of many that come at once, a few go on in each turn of the event loop, in their order."""

from __future__ import annotations

import asyncio

from smartspawn.lib.turnstile import Turnstile


def test_a_few_go_on_in_each_turn_in_the_order_of_coming() -> None:
    async def do() -> list[list[int]]:
        turnstile, turns = Turnstile(2), [list[int]()]

        async def come(number: int) -> None:
            await turnstile.pass_through()
            turns[-1].append(number)

        coming = [asyncio.ensure_future(come(number)) for number in range(7)]
        while not all(task.done() for task in coming):
            await asyncio.sleep(0)
            turns.append([])
        return [turn for turn in turns if turn]

    turns = asyncio.run(do())
    assert [number for turn in turns for number in turn] == list(range(7))
    assert max(map(len, turns)) == 2


def test_who_comes_alone_does_not_wait() -> None:
    async def do() -> None:
        turnstile = Turnstile(1)
        for _ in range(3):
            await turnstile.pass_through()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(do(), 1))


def test_who_was_stopped_while_waiting_takes_nobodys_turn() -> None:
    async def do() -> bool:
        turnstile = Turnstile(1)
        first, stopped, waiting = (asyncio.ensure_future(turnstile.pass_through()) for _ in range(3))
        await first
        stopped.cancel()
        await asyncio.wait_for(waiting, 1)
        return stopped.cancelled()

    assert asyncio.run(do())
