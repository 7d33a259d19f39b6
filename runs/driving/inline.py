"""Drives runs inside the web process, for callers who wait on the line: no queue, no polling.

The engine and the lease are the same as in a worker. Where this process has its hands full, or is being
stopped, the run goes to the queue; where it dies, the sweeper rings for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack
from uuid import UUID

from django.db import transaction

from runs.driving.ending import Stop
from runs.driving.host import Host, open_host
from runs.driving.ringing import ring


class InlineHost:
    """The one host of a web process; it is opened by the first run and closed with the server."""

    def __init__(self) -> None:
        self._stack: AsyncExitStack | None = None
        self._host: Host | None = None
        self._opening: asyncio.Lock | None = None
        self._driving: set[asyncio.Task[bool]] = set()

    async def drive(self, run_id: UUID) -> bool:
        """Drive the run to its end here; False where it was left to the queue."""
        host = await self._open()
        if not host.has_room:
            await host.ask(lambda: _ring(run_id))
            return False
        task = asyncio.ensure_future(host.drive_or_ring(run_id))
        self._driving.add(task)
        task.add_done_callback(self._driving.discard)
        return await asyncio.shield(task)  # a caller that leaves does not end the run

    def cancel(self, run_id: UUID) -> None:
        """Have a run that is driven here end at once."""
        if self._host is not None:
            self._host.stop(run_id, Stop.CANCELED)

    async def close(self) -> None:
        """Hand over what is under way and close every connection."""
        for task in self._driving:
            task.cancel()
        for task in list(self._driving):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        stack, self._stack, self._host = self._stack, None, None
        if stack is not None:
            await stack.aclose()

    async def _open(self) -> Host:
        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            if self._host is None:
                self._stack = AsyncExitStack()
                self._host = await self._stack.enter_async_context(open_host("web"))
            return self._host


_host = InlineHost()


async def drive_inline(run_id: UUID) -> bool:
    """Drive the run to its end in this process's event loop; False where it was left to the queue."""
    return await _host.drive(run_id)


def cancel_inline(run_id: UUID) -> None:
    """Have a run that this process drives end at once; call it on the event loop."""
    _host.cancel(run_id)


async def close_inline() -> None:
    """Hand over the runs that this process drives; for the end of the server."""
    await _host.close()


def _ring(run_id: UUID) -> None:
    with transaction.atomic():
        ring(run_id)
