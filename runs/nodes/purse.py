"""What a run may still spend, as its driver knows it between two looks at the ledger."""

from __future__ import annotations

import asyncio
from typing import Final

from runs.graph.share import ClosingShare
from runs.ledger import RunMoney

# From here on nothing new starts but what brings the answers together: the rest is kept for that.
LOW_PERCENT: Final = 80


class Purse:
    """The run's cap, what is spent of it, how many calls have money set aside, and what is kept for the end."""

    def __init__(self, money: RunMoney, share: ClosingShare) -> None:
        self.cap_nano_usd = money.cap_nano_usd
        self.spent_nano_usd = money.spent_nano_usd
        self.open_calls = 0
        self.share = share
        self._moved = asyncio.Event()

    @property
    def is_low(self) -> bool:
        if self.cap_nano_usd is None:
            return False
        return self.spent_nano_usd * 100 >= self.cap_nano_usd * LOW_PERCENT

    def open_call(self) -> None:
        """A call got its leave."""
        self.open_calls += 1

    def close_call(self, cost_nano_usd: int) -> None:
        """A call was settled or given back: money moved."""
        self.open_calls -= 1
        self.spent_nano_usd += cost_nano_usd
        self._moved.set()
        self._moved = asyncio.Event()

    async def until_money_moves(self, most_s: float) -> None:
        """Wait until a call is settled, or for so long."""
        try:
            async with asyncio.timeout(most_s):
                await self._moved.wait()
        except TimeoutError:
            return
