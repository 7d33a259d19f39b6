"""The ledger for many chats at once: what comes together shares a transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import Error as DatabaseFault
from django.db import OperationalError, close_old_connections, transaction

from runs.ledger import Refusal, release, reserve, settle
from runs.shapes import CallQuote, Grant, Settlement

LOG = logging.getLogger(__name__)
# A database that is gone for a moment, or busy beyond its patience.
MOST_TRIES: Final = 5
FIRST_PAUSE_S: Final = 0.2


class NotGranted(Exception):
    """The ledger gave no leave."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


Answer = Grant | Refusal


@dataclass(slots=True)
class _Batch:
    """What the next transaction holds."""

    settlements: list[Settlement] = field(default_factory=list)
    released: list[UUID] = field(default_factory=list)
    quotes: list[tuple[CallQuote, asyncio.Future[Answer]]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.settlements or self.released or self.quotes)


class Till:
    """Sets money aside and books what calls came to, one transaction at a time."""

    def __init__(self, writes: Executor) -> None:
        self._writes = writes
        self._batch = _Batch()
        self._working: asyncio.Task[None] | None = None

    async def reserve(self, quote: CallQuote) -> Grant:
        """Leave for the call. Raises NotGranted, and DatabaseFault where the database stays away."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._batch.quotes.append((quote, future))
        self._stir()
        answer = await future
        if isinstance(answer, Refusal):
            raise NotGranted(answer)
        return answer

    def settle(self, settlement: Settlement) -> None:
        """Book what a call came to, as soon as may be."""
        self._batch.settlements.append(settlement)
        self._stir()

    def release(self, grant: Grant) -> None:
        """Give back what was set aside for a call that was never made."""
        self._batch.released.append(grant.call_id)
        self._stir()

    async def close(self) -> None:
        """Return when everything is booked."""
        while self._working is not None:
            await asyncio.shield(self._working)

    def _stir(self) -> None:
        if self._working is None:
            self._working = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        try:
            while not self._batch.is_empty:
                batch, self._batch = self._batch, _Batch()
                await self._do(batch)
        finally:
            self._working = None

    async def _do(self, batch: _Batch) -> None:
        try:
            answers = await self._write_patiently(batch)
        except DatabaseFault as fault:
            # The sweeper finds what stays open, and charges it as uncertain.
            LOG.exception("%d settlements of chats could not be booked", len(batch.settlements))
            for _, future in batch.quotes:
                if not future.done():
                    future.set_exception(fault)
            return
        for (_, future), answer in zip(batch.quotes, answers, strict=True):
            if not future.done():
                future.set_result(answer)
            elif isinstance(answer, Grant):  # whoever asked is gone
                self._batch.released.append(answer.call_id)

    async def _write_patiently(self, batch: _Batch) -> Sequence[Answer]:
        """A batch that failed is written again as it was: what it says is true once, however often it is said."""
        pause_s = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        for _ in range(MOST_TRIES - 1):
            try:
                return await loop.run_in_executor(self._writes, _write, batch)
            except OperationalError:
                await asyncio.sleep(pause_s)
                pause_s *= 2
        return await loop.run_in_executor(self._writes, _write, batch)


def _write(batch: _Batch) -> Sequence[Answer]:
    close_old_connections()
    with transaction.atomic():
        settle(batch.settlements)
        release(batch.released)
        return reserve([quote for quote, _ in batch.quotes])
