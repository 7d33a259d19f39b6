"""Collects what is to be written and writes it in groups, off the event loop, one group at a time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

from django.db import OperationalError

from runs.commit import Ask, Group, Written
from runs.ledger import Refusal
from runs.shapes import CallQuote, Grant

# A group is written as soon as there is something, but no sooner than this after the last one: what comes
# within that time shares a transaction, which costs about as much by itself as ten rows. Where much comes, nobody
# waits for one of many, and longer pauses save more.
FLUSH_EVERY_S: Final = 0.02
FLUSH_LARGE_EVERY_S: Final = 0.05
LARGE_GROUP: Final = 16
# A database that is gone for a moment, or busy beyond its patience.
MOST_TRIES: Final = 5
FIRST_PAUSE_S: Final = 0.2

Write = Callable[[Group], Awaitable[Written]]
Leave = Grant | Refusal | None


class Claimed(Exception):
    """Another driver works on the node."""


class GroupWriter:
    """The one who writes for a driver; ``group`` is what the next write will hold."""

    def __init__(self, write: Write, on_written: Callable[[Group, Written], None], *, has_drafts: bool) -> None:
        self.group = Group(has_drafts=has_drafts)
        self._write = write
        self._on_written = on_written
        self._waiting: dict[int, asyncio.Future[Leave]] = {}
        self._is_due = asyncio.Event()
        self._closing = asyncio.Event()

    def stir(self) -> None:
        """Say that there is something to write."""
        self._is_due.set()

    async def ask(self, node_id: int, quote: CallQuote | None) -> Leave:
        """Claim the node for an attempt, with money for its call; the ledger's answer. Raises Claimed."""
        answer: asyncio.Future[Leave] = asyncio.get_running_loop().create_future()
        self._waiting[node_id] = answer
        self.group.asks.append(Ask(node_id, quote))
        self.stir()
        return await answer

    async def run(self) -> None:
        """Write until closed. Raises LeaseLost, and what the database says when it stays away."""
        while not self._closing.is_set() or not self.group.is_empty:
            await self._is_due.wait()
            began_s = time.monotonic()
            pause_s = FLUSH_LARGE_EVERY_S if len(self.group.results) >= LARGE_GROUP else FLUSH_EVERY_S
            await self.flush()
            await self._rest(pause_s - (time.monotonic() - began_s))

    def close(self) -> None:
        """Have ``run`` return when everything is written."""
        self._closing.set()
        self.stir()

    async def _rest(self, pause_s: float) -> None:
        """Let more come together, unless nothing more will."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, pause_s)):
                await self._closing.wait()

    async def flush(self) -> None:
        """Write what there is."""
        if not self._closing.is_set():
            self._is_due.clear()
        group, self.group = self.group, Group(has_drafts=self.group.has_drafts)
        if group.is_empty:
            return
        written = await self._write_patiently(group)
        for ask in group.asks:
            self._answer(ask, written)
        self._on_written(group, written)

    def _answer(self, ask: Ask, written: Written) -> None:
        answer = self._waiting.pop(ask.node_id, None)
        if answer is None or answer.done():  # whoever asked has been stopped meanwhile
            leave = written.grants.get(ask.node_id)
            if isinstance(leave, Grant):
                self.group.released.append(leave.call_id)
                self.stir()
        elif ask.node_id in written.grants:
            answer.set_result(written.grants[ask.node_id])
        else:
            answer.set_exception(Claimed())

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
