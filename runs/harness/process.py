"""An agent's process group: started behind its guard, read with bounds, and ended to the last process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from smartspawn.processes import kill_group

_GUARD: Final = Path(__file__).with_name("guard.py")
# What an agent gets to end in good order before it is killed: who cancels a run waits for two seconds at most.
GRACE_S: Final = 1.0
# What its guard then gets to kill all that the agent started, before it is killed itself.
_GUARD_S: Final = 0.5
_CHUNK_BYTES: Final = 64 * 1024
# A longer line is no event that we know: it is passed over.
_LONGEST_LINE_BYTES: Final = 4 * 1024 * 1024


class _Watch(asyncio.subprocess.SubprocessStreamProtocol):
    """Tells of the process's end at once; asyncio's own ``wait`` waits for its pipes too, which others may hold."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(limit=_CHUNK_BYTES, loop=loop)
        self.ended: asyncio.Future[None] = loop.create_future()

    def process_exited(self) -> None:
        super().process_exited()
        if not self.ended.done():
            self.ended.set_result(None)


class Group:
    """A running agent, behind its guard, with the pipes that lead to it."""

    def __init__(self, transport: asyncio.SubprocessTransport, watch: _Watch, lifeline: BinaryIO) -> None:
        assert watch.stdin is not None  # noqa: S101  pipes, as asked for
        assert watch.stdout is not None  # noqa: S101  as above
        assert watch.stderr is not None  # noqa: S101  as above
        self.stdin, self.stdout, self.stderr = watch.stdin, watch.stdout, watch.stderr
        self._transport = transport
        self._ended = watch.ended
        self._lifeline = lifeline

    async def wait(self) -> int:
        """The exit status, once the agent has ended."""
        await asyncio.shield(self._ended)
        return self._transport.get_returncode() or 0

    async def end(self) -> None:
        """Ask the group to end, kill what does not, and let go of the pipes."""
        group_id = self._transport.get_pid()
        if not self._ended.done():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group_id, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wait(), GRACE_S)
        self._lifeline.close()  # the guard kills what is left, in groups of its own too
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wait(), _GUARD_S)
        kill_group(group_id)
        await self.wait()
        self._transport.close()
        await asyncio.sleep(0)  # closing is done at the loop's next turn


@asynccontextmanager
async def start_group(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Group]:
    """The running command; whatever is left of its process group when the block ends, is ended."""
    reading_end, writing_end = os.pipe()
    lifeline = os.fdopen(writing_end, "wb", buffering=0)
    try:
        transport, watch = await asyncio.get_running_loop().subprocess_exec(
            _Watch,
            *(sys.executable, "-I", "-S", str(_GUARD), str(reading_end), *command),
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            pass_fds=(reading_end,),
        )
        group = Group(transport, watch, lifeline)
        try:
            yield group
        finally:
            await asyncio.shield(group.end())
    finally:
        os.close(reading_end)
        lifeline.close()


async def read_lines(stream: asyncio.StreamReader, *, most_bytes: int) -> AsyncIterator[bytes]:
    """The stream's lines; ends after ``most_bytes``, and passes over lines that are too long."""
    held, read_bytes, is_skipping = b"", 0, False
    while chunk := await stream.read(_CHUNK_BYTES):
        read_bytes += len(chunk)
        if read_bytes > most_bytes:
            raise OutputFlood
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            if not is_skipping:
                yield held + line
            held, is_skipping = b"", False
        held += rest
        if len(held) > _LONGEST_LINE_BYTES:
            held, is_skipping = b"", True
    if held and not is_skipping:
        yield held


class OutputFlood(Exception):
    """More came than anybody will read."""


async def give_prompt(stdin: asyncio.StreamWriter, prompt: str) -> None:
    """Write the prompt to the agent's standard input; one that does not want to read it, need not."""
    with suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(prompt.encode("utf-8", "replace"))
        await stdin.drain()
    stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await stdin.wait_closed()
