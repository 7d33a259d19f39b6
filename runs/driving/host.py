"""Drives several runs at once in one process and one event loop."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DataError, close_old_connections, connections
from django.db import Error as DatabaseFault

from runs.driving.ending import Stop
from runs.driving.execute import Driver
from runs.driving.loading import load_run
from runs.driving.ringing import ring_if_free
from runs.driving.sharing import as_helper, helper_count, ring_helpers
from runs.driving.sweep import expire_calls
from runs.keeping.claims import LeaseLost, fail_run, join_run, take_run
from runs.keeping.serial import StoredShapeFault
from runs.nodes.outside import Outside, open_outside
from smartspawn import tracing

LOG = logging.getLogger(__name__)
UNREADABLE: Final = "unreadable"
UNWRITABLE: Final = "unwritable"
T = TypeVar("T")


class Host:
    """The runs that this process drives; make it with ``open_host``."""

    def __init__(self, outside: Outside, kind: str) -> None:
        self.name = driver_name(kind)
        self._outside = outside
        self._reads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="run-reads")
        self._drivers: dict[UUID, Driver] = {}
        self._driving: set[UUID] = set()

    @property
    def count(self) -> int:
        return len(self._driving)

    @property
    def has_room(self) -> bool:
        return self.count < settings.MAX_PARALLEL_RUNS

    async def drive(self, run_id: UUID) -> bool:
        """Drive the run to its end; False where it is not to be driven, or is driven by another."""
        return await self._with_thread(run_id, partial(self._drive, run_id))

    async def drive_or_ring(self, run_id: UUID) -> bool:
        """The same; a run that was handed over on the way waits for another process."""
        is_driven = await self.drive(run_id)
        await self.ask(lambda: ring_if_free(run_id))
        return is_driven

    async def help(self, run_id: UUID, share: int) -> bool:
        """Work on a run that another process drives, with so many calls at once; False where there is nothing to do."""
        return await self._with_thread(run_id, partial(self._help, run_id, share))

    async def _with_thread(self, run_id: UUID, work: Callable[[Executor], Awaitable[bool]]) -> bool:
        """Have the work done with a thread of its own for writing: a transaction belongs to one connection."""
        if run_id in self._driving:
            return False
        self._driving.add(run_id)
        writes = ThreadPoolExecutor(max_workers=1, thread_name_prefix="run-writes")
        try:
            return await work(writes)
        except LeaseLost:
            LOG.warning("run %s went to another driver, or has ended", run_id)
        except DatabaseFault:
            LOG.exception("run %s is left to the next driver: the database failed", run_id)
        finally:
            self._driving.discard(run_id)
            await _off_loop(writes, connections.close_all)
            writes.shutdown(wait=False)
        return True

    def stop(self, run_id: UUID, stop: Stop) -> None:
        """Have a run end at once, without waiting until its driver looks."""
        driver = self._drivers.get(run_id)
        if driver is not None:
            driver.stop(stop)

    async def ask(self, work: Callable[[], T]) -> T:
        """Do database work in this host's thread for it."""
        return await _off_loop(self._reads, work)

    async def close(self) -> None:
        """Let go of the threads."""
        await _off_loop(self._reads, connections.close_all)
        self._reads.shutdown(wait=False)

    async def _drive(self, run_id: UUID, writes: Executor) -> bool:
        lease = await _off_loop(writes, lambda: take_run(run_id, self.name))
        if lease is None:
            return False
        if lease.is_resumed:
            await _off_loop(writes, expire_calls)
        try:
            loaded = await _off_loop(writes, lambda: load_run(run_id))
        except StoredShapeFault as fault:
            words = str(fault)
            await _off_loop(writes, lambda: fail_run(lease, words, UNREADABLE))
            return True
        driver = Driver(lease, loaded, self._outside, writes=writes, reads=self._reads)
        if helpers := helper_count(loaded):
            share = loaded.slot_count // (1 + helpers)
            driver.share(helpers)
            await _off_loop(writes, lambda: ring_helpers(run_id, helpers, share))
        try:
            await self._follow(driver, run_id)
        except (DataError, OverflowError) as fault:  # what does not fit into the rows today never will
            LOG.exception("run %s is ended: what came in cannot be written down", run_id)
            words = f"What came in cannot be written down: {fault}"
            await _off_loop(writes, lambda: fail_run(lease, words, UNWRITABLE))
        return True

    async def _help(self, run_id: UUID, share: int, writes: Executor) -> bool:
        lease = await _off_loop(writes, lambda: join_run(run_id))
        if lease is None:
            return False
        loaded = as_helper(await _off_loop(writes, lambda: load_run(run_id)), share)
        if not loaded.graph.places:
            return False
        driver = Driver(lease, loaded, self._outside, writes=writes, reads=self._reads)
        await self._follow(driver, run_id)
        return True

    async def _follow(self, driver: Driver, run_id: UUID) -> None:
        self._drivers[run_id] = driver
        try:
            await driver.drive()
        finally:
            del self._drivers[run_id]


@asynccontextmanager
async def open_host(kind: str) -> AsyncIterator[Host]:
    """A host that lives as long as the block, with doors to the models and the web."""
    tracing.start()
    async with open_outside() as outside:
        host = Host(outside, kind)
        try:
            yield host
        finally:
            await host.close()


def driver_name(kind: str) -> str:
    """How this process signs the runs it drives; the sweeper can tell from it whether the process lives."""
    return f"{kind} {os.getpid()}@{socket.gethostname()}"[:100]


async def _off_loop(pool: Executor, work: Callable[[], T]) -> T:
    def tidy() -> T:
        close_old_connections()
        return work()

    return await asyncio.get_running_loop().run_in_executor(pool, tidy)
