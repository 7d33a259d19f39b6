"""Collects what is to be written and writes it in groups, off the event loop, one group at a time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from django.db import OperationalError

from runs.keeping.commit import Ask, Group, Written
from runs.ledger import Refusal
from runs.shapes import CallQuote, Grant

# Those who begin together come within so many turns of the event loop, and are to be in one group.
GATHER_S: Final = 0.001
# A group is written as soon as somebody waits for it, but no sooner than this after the last one: what comes
# within that time shares a transaction, which costs about as much by itself as ten rows.
FLUSH_EVERY_S: Final = 0.02
# What nobody waits for is written this late: a crash costs no more than these results.
FLUSH_LATE_S: Final = 0.1
# A large run's first calls leave while the others' money is being set aside.
ASKS_AT_ONCE: Final = 100
# So many go on in one turn of the event loop. What they send leaves at the end of a turn, and would otherwise wait
# until hundreds of requests are put together.
ANSWERS_AT_ONCE: Final = 10
# A database that is gone for a moment, or busy beyond its patience.
MOST_TRIES: Final = 5
FIRST_PAUSE_S: Final = 0.2

Write = Callable[[Group], Awaitable[Written]]
Leave = Grant | Refusal | None


class Claimed(Exception):
    """Another driver works on the node."""


class GroupWriter:
    """The one who writes for a driver; ``group`` is what the next write will hold."""

    def __init__(
        self, write: Write, on_written: Callable[[Group, Written], None], *, has_drafts: bool, patience: int = 1
    ) -> None:
        """With so many requests for leave, ``patience``, a group is urgent though nobody's slot stands empty."""
        self.group = Group(has_drafts=has_drafts)
        self._write = write
        self._on_written = on_written
        self._waiting: dict[int, asyncio.Future[Leave]] = {}
        self._answers: deque[tuple[Ask, Written]] = deque()  # written, and not yet told to who asked
        self._patience = max(1, patience)
        self._is_told = asyncio.Event()  # no answers are left
        self._is_told.set()
        self._is_due = asyncio.Event()
        self._is_urgent = asyncio.Event()
        self._closing = asyncio.Event()

    def stir(self) -> None:
        """Say that there is something to write."""
        self._is_due.set()

    def hurry(self) -> None:
        """Say that somebody waits until it is written."""
        self._is_due.set()
        self._is_urgent.set()

    async def ask(self, node_id: int, quote: CallQuote | None, *, is_urgent: bool = True) -> Leave:
        """Claim the node for an attempt, with money for its call; the ledger's answer. Raises Claimed."""
        answer: asyncio.Future[Leave] = asyncio.get_running_loop().create_future()
        self._waiting[node_id] = answer
        self.group.asks.append(Ask(node_id, quote))
        if is_urgent or len(self.group.asks) >= self._patience:
            self.hurry()
        else:
            self.stir()
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and not answer.exception():  # both came at the same moment
                self._give_back(answer.result())
            raise

    async def run(self) -> None:
        """Write until closed. Raises LeaseLost, and what the database says when it stays away."""
        try:
            while not self._closing.is_set() or not self.group.is_empty:
                await self._is_due.wait()
                await asyncio.sleep(GATHER_S)
                began_s = time.monotonic()
                await self.flush()
                if len(self.group.asks) < ASKS_AT_ONCE:
                    await self._is_told.wait()
                    await _wait(self._closing, began_s + FLUSH_EVERY_S)
                    await _wait(self._is_urgent, began_s + FLUSH_LATE_S)
        finally:
            self._closing.set()  # also where the database stays away: no further call is to begin

    def close(self) -> None:
        """Have ``run`` return when everything is written; for when nobody waits for an answer any more."""
        self._closing.set()
        self._hand_out(len(self._answers))
        self.hurry()

    async def flush(self) -> None:
        """Write what there is."""
        if not self._closing.is_set():
            self._is_due.clear()
            self._is_urgent.clear()
        group = self._take_group()
        if group.is_empty:
            return
        written = await self._write_patiently(group)
        self._on_written(group, written)
        is_idle = not self._answers
        self._answers.extend((ask, written) for ask in group.asks)
        self._is_told.clear()
        if self._closing.is_set():
            self._hand_out(len(self._answers))
        elif is_idle:
            self._hand_on()

    def _hand_on(self) -> None:
        """Have some go on now and the others in the turns to come, while the next group is written."""
        if not self._closing.is_set():  # from then on all are answered at once
            self._hand_out(min(ANSWERS_AT_ONCE, len(self._answers)))
            if self._answers:
                asyncio.get_running_loop().call_soon(self._hand_on)

    def _hand_out(self, count: int) -> None:
        for _ in range(count):
            self._answer(*self._answers.popleft())
        if not self._answers:
            self._is_told.set()

    def _take_group(self) -> Group:
        """What there is; of many requests for leave the first."""
        group, self.group = self.group, Group(has_drafts=self.group.has_drafts)
        if len(group.asks) > ASKS_AT_ONCE:
            self.group.asks = group.asks[ASKS_AT_ONCE:]
            group.asks = group.asks[:ASKS_AT_ONCE]
            self.hurry()
        return group

    def _answer(self, ask: Ask, written: Written) -> None:
        answer = self._waiting.pop(ask.node_id, None)
        if answer is None or answer.done():  # whoever asked has been stopped meanwhile
            self._give_back(written.grants.get(ask.node_id))
        elif ask.node_id in written.grants:
            answer.set_result(written.grants[ask.node_id])
        else:
            answer.set_exception(Claimed())

    def _give_back(self, leave: Leave) -> None:
        if isinstance(leave, Grant):
            self.group.released.append(leave.call_id)
            self.stir()

    async def _write_patiently(self, group: Group) -> Written:
        """A group that failed is written again as it was: what it says is true once, however often it is said."""
        pause_s = FIRST_PAUSE_S
        for _ in range(MOST_TRIES - 1):
            try:
                return await self._write(group)
            except OperationalError:
                await asyncio.sleep(pause_s)
                pause_s *= 2
        return await self._write(group)


async def _wait(event: asyncio.Event, until_s: float) -> None:
    """Return when the event comes, at this time at the latest."""
    left_s = until_s - time.monotonic()
    if left_s > 0 and not event.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await event.wait()
