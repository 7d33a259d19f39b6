"""A turnstile before work that many come to at the same moment, so that no turn of the event loop grows long."""

from __future__ import annotations

import asyncio
from collections import deque


class Turnstile:
    """Lets so many through in one turn of the event loop, in the order of their coming."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._let = 0  # in this turn
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def pass_through(self) -> None:
        """Go on in this turn where there is room, else in one of the next."""
        if self._let < self._most and not self._waiting:
            self._count()
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _count(self) -> None:
        if not self._let:
            asyncio.get_running_loop().call_soon(self._turn)
        self._let += 1

    def _turn(self) -> None:
        """The next turn of the event loop."""
        self._let = 0
        while self._waiting and self._let < self._most:
            turn = self._waiting.popleft()
            if not turn.done():  # else whoever waited has been stopped meanwhile
                self._count()
                turn.set_result(None)
