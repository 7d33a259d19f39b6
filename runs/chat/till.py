"""The ledger for many chats at once: what comes together shares a transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar
from uuid import UUID

from django.db import DataError, IntegrityError, OperationalError, close_old_connections
from django.db import Error as DatabaseFault

from routing.quick_commit import quick_commit
from runs.ledger import Refusal, write_together
from runs.shapes import CallQuote, Grant, Settlement
from smartspawn.lib.errors import SmartSpawnError

LOG = logging.getLogger(__name__)
# A database that is gone for a moment, or busy beyond its patience.
MOST_TRIES: Final = 5
FIRST_PAUSE_S: Final = 0.2
# What a call came to may wait this long for a call that wants leave: both together cost one commit.
SETTLED_WITHIN_S: Final = 0.02
# So many notes share a commit: more would have those wait who want leave meanwhile, for one hand writes everything.
MOST_NOTES: Final = 5
# A disk that is full, a database that is gone for longer: what calls came to waits here, up to so many of them.
AGAIN_AFTER_S: Final = 5.0
MOST_KEPT: Final = 10_000
_CLOCK_SLACK_S: Final = 0.001  # a timer may ring a moment early


class NotGranted(Exception):
    """The ledger gave no leave."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


Answer = Grant | Refusal
Note = Callable[[], None]
Written = TypeVar("Written")


@dataclass(slots=True)
class _Batch:
    """What the next transaction holds."""

    settlements: list[Settlement] = field(default_factory=list)
    released: list[UUID] = field(default_factory=list)
    notes: list[tuple[Note, asyncio.Future[None]]] = field(default_factory=list)
    quotes: list[tuple[CallQuote, asyncio.Future[Answer]]] = field(default_factory=list)

    due_at_s: float = float("inf")  # when it is to be written at the latest

    @property
    def is_empty(self) -> bool:
        return not (self.settlements or self.released or self.quotes or self.notes)

    def take_money(self) -> _Batch:
        """All but the notes, which stay."""
        taken = replace(self, notes=[])
        self.settlements, self.released, self.quotes = [], [], []
        return taken


class Till:
    """Sets money aside and books what calls came to, one transaction at a time."""

    def __init__(self, writes: Executor) -> None:
        self._writes = writes
        self._batch = _Batch()
        self._working: asyncio.Task[None] | None = None
        self._is_closing = False

    async def reserve(self, quote: CallQuote) -> Grant:
        """Leave for the call. Raises NotGranted, and DatabaseFault where the database stays away."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._batch.quotes.append((quote, future))
        self._stir(0.0)
        answer = await future
        if isinstance(answer, Refusal):
            raise NotGranted(answer)
        return answer

    def settle(self, settlement: Settlement) -> None:
        """Book what a call came to, as soon as may be."""
        self._batch.settlements.append(settlement)
        self._stir(SETTLED_WITHIN_S)

    def release(self, grant: Grant) -> None:
        """Give back what was set aside for a call that was never made."""
        self._batch.released.append(grant.call_id)
        self._stir(SETTLED_WITHIN_S)

    def note(self, write: Note) -> asyncio.Future[None]:
        """Have something else written by the same hand, after the money that is asked for now; done once it is."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._batch.notes.append((write, future))
        self._stir(SETTLED_WITHIN_S)
        return future

    async def close(self) -> None:
        """Return when everything is booked."""
        self._is_closing = True
        while not self._batch.is_empty or self._working is not None:
            self._stir(0.0)
            if self._working is not None:
                await asyncio.shield(self._working)

    def _stir(self, within_s: float) -> None:
        """Have what there is written within this time."""
        loop = asyncio.get_running_loop()
        self._batch.due_at_s = min(self._batch.due_at_s, loop.time() + within_s)
        if within_s and not self._is_due():
            loop.call_later(within_s, self._begin)
        else:
            self._begin()

    def _begin(self) -> None:
        if self._working is None and self._is_due():
            self._working = asyncio.ensure_future(self._work())

    def _is_due(self) -> bool:
        is_time = self._batch.due_at_s <= asyncio.get_running_loop().time() + _CLOCK_SLACK_S
        return not self._batch.is_empty and (is_time or self._is_closing)

    async def _work(self) -> None:
        try:
            while self._is_due():
                batch, self._batch = self._batch, _Batch()
                await self._do(batch)
        finally:
            self._working = None

    async def _do(self, batch: _Batch) -> None:
        try:
            await self._do_money(batch)
        finally:
            await self._do_notes(batch.notes)

    async def _do_notes(self, notes: Sequence[tuple[Note, asyncio.Future[None]]]) -> None:
        for start in range(0, len(notes), MOST_NOTES):
            some = notes[start : start + MOST_NOTES]
            try:
                await self._write_some([write for write, _ in some])
            finally:  # whatever became of it, nobody waits for it any longer
                for _, future in some:
                    if not future.done():
                        future.set_result(None)
            if self._batch.quotes:  # who wants leave goes before notes
                await self._do_money(self._batch.take_money())

    async def _write_some(self, writes: Sequence[Note]) -> None:
        """Write these together; where the database refuses one of them, each by itself, so that no other is lost."""
        try:
            await self._patiently(lambda: _write_notes(writes))
        except DatabaseFault as fault:
            if len(writes) == 1 or not isinstance(fault, DataError | IntegrityError):
                LOG.exception("what %d chats were chosen by could not be written down", len(writes))
                return
            for write in writes:
                await self._write_some([write])

    async def _do_money(self, batch: _Batch) -> None:
        if not (batch.settlements or batch.released or batch.quotes):
            return
        try:
            answers = await self._patiently(lambda: _write(batch))
        except (DatabaseFault, SmartSpawnError) as fault:
            self._keep_or_lose(batch, fault)
            for _, future in batch.quotes:
                if not future.done():
                    future.set_exception(DatabaseFault(str(fault)))
            return
        for (_, future), answer in zip(batch.quotes, answers, strict=True):
            if not future.done():
                future.set_result(answer)
            elif isinstance(answer, Grant):  # whoever asked is gone
                self.release(answer)

    def _keep_or_lose(self, batch: _Batch, fault: Exception) -> None:
        """Have what could not be booked tried again, unless the server ends or the next time would be no better."""
        count = len(batch.settlements) + len(batch.released)
        has_room = count + len(self._batch.settlements) <= MOST_KEPT
        if self._is_closing or not has_room or not isinstance(fault, OperationalError):
            # The sweeper finds what stays open, and charges it as uncertain.
            LOG.error("%d settlements of chats could not be booked", len(batch.settlements), exc_info=fault)
        elif count:
            LOG.warning("%d settlements of chats wait for the database: %s", len(batch.settlements), fault)
            self._batch.settlements[:0] = batch.settlements
            self._batch.released[:0] = batch.released
            self._stir(AGAIN_AFTER_S)

    async def _patiently(self, write: Callable[[], Written]) -> Written:
        """What failed is written again as it was: what it says is true once, however often it is said."""
        pause_s = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        for _ in range(MOST_TRIES - 1):
            try:
                return await loop.run_in_executor(self._writes, write)
            except OperationalError:
                await asyncio.sleep(pause_s)
                pause_s *= 2
        return await loop.run_in_executor(self._writes, write)


def _write(batch: _Batch) -> Sequence[Answer]:
    close_old_connections()
    return write_together(batch.settlements, batch.released, [quote for quote, _ in batch.quotes])


def _write_notes(writes: Sequence[Note]) -> None:
    close_old_connections()
    with quick_commit():
        for write in writes:
            write()
