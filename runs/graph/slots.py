"""How many calls of a run may be open at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

# As in ``writer``, but more: between them other calls end, and a slot that was given back should not stand empty.
HANDED_AT_ONCE: Final = 40
# Nodes get their leave before a slot is free, so that none stands empty meanwhile: half as many again as there are
# slots; where many calls end at the same moment, as many again. What a crash leaves of them is charged as uncertain
# though it was never sent, and a leave that waits for too long expires, so no more than that.
MANY_SLOTS: Final = 100
MOST_AHEAD: Final = 200


def count_ahead(slot_count: int) -> int:
    """How many nodes get their leave before a slot is free."""
    return min(MOST_AHEAD, slot_count if slot_count >= MANY_SLOTS else slot_count // 2)


class Slots:
    """A bounded number of places; who waits gets the next free one, and a retry goes before a first try."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._taken = 0
        self._handed = 0  # in this turn of the event loop
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.on_full: Callable[[], None] = lambda: None  # each time that the last free place is taken

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def is_short_of_takers(self) -> bool:
        """Whether places stand empty, or will as soon as those who wait have theirs."""
        return self._taken + len(self._waiting) < self.count

    def resize(self, count: int) -> None:
        """Have more places from now on, or fewer once some are given back."""
        self.count = count
        self._hand_on()

    def _hand_on(self) -> None:
        """Give free places to those who wait."""
        while self._handed < HANDED_AT_ONCE and self._taken < self.count and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                if not self._handed:
                    asyncio.get_running_loop().call_soon(self._go_on)
                self._handed += 1
                self._occupy()
                turn.set_result(None)

    def _occupy(self) -> None:
        self._taken += 1
        if self._taken == self.count:
            self.on_full()

    def _go_on(self) -> None:
        """The next turn of the event loop."""
        self._handed = 0
        self._hand_on()

    async def take(self, *, is_retry: bool = False) -> None:
        """Wait for a place and hold it."""
        if self._taken < self.count and not self._waiting:
            self._occupy()
            return
        turn = asyncio.get_running_loop().create_future()
        if is_retry:
            self._waiting.appendleft(turn)
        else:
            self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place came at the same moment: it is the next one's
                self.give()
            raise

    def give(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self._hand_on()
