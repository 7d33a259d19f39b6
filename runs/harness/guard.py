"""Stands between us and an agent: however the agent ends, and however we do, nothing that it started is left.

Run as a program of its own (``python -I -S guard.py FD COMMAND...``), it leads the agent's process group. FD is
the reading end of a pipe that we hold open: when we let go of it, or are gone, however we went, it ends. Agents
start commands in groups and sessions of their own, so the group alone is not all: on Linux what loses its parent
becomes the guard's child, and the guard kills whatever descends from it. The agent's temporary files, reports of
errors with prompts in them among others, go into a folder of its own, which goes with it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_IS_LINUX = sys.platform.startswith("linux")
# A process that forks faster than it can be killed, or hangs in the kernel, is given up after this.
_KILLING_S = 1.0
_PAUSE_S = 0.01


def _follow(lifeline: int, scratch: str) -> None:
    os.read(lifeline, 1)
    _clear_up(scratch)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _wait(_number: int, _frame: object) -> None:
    """A signal to the group is the agent's to heed; we stay until it has ended."""


def _adopt_orphans() -> None:
    if _IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _clear_up(scratch: str) -> None:
    _kill_descendants()
    shutil.rmtree(scratch, ignore_errors=True)


def _kill_descendants() -> None:
    until_s = time.monotonic() + _KILLING_S
    while (found := _descendants()) and time.monotonic() < until_s:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def _descendants() -> list[int]:
    """Every process below this one that has not ended; none where the system keeps no /proc."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir() if _IS_LINUX else ():
        with suppress(OSError, ValueError):
            parent, is_over = _read_stat(folder)
            if not is_over:
                children.setdefault(parent, []).append(int(folder.name))
    found, ahead = [], [os.getpid()]
    while ahead:
        below = children.get(ahead.pop(), [])
        found += below
        ahead += below
    return found


def _read_stat(folder: Path) -> tuple[int, bool]:
    """The parent of a process, and whether it has ended and only waits to be noticed."""
    fields = (folder / "stat").read_bytes().rpartition(b")")[2]  # its name stands before, and may hold anything
    state, parent, *_ = fields.split()
    return int(parent), state in (b"Z", b"X")


def main(lifeline: int, command: list[str]) -> int:
    """Run the command to its end; its exit status, 128 and more for the signal that ended it."""
    signal.signal(signal.SIGTERM, _wait)  # a function, not SIG_IGN: that one the agent would inherit
    _adopt_orphans()
    scratch = tempfile.mkdtemp(prefix="smartspawn-agent-")
    agent = subprocess.Popen(command, env=os.environ | {"TMPDIR": scratch})  # noqa: S603  of drivers.py, no shell
    threading.Thread(target=_follow, args=(lifeline, scratch), daemon=True).start()
    status = agent.wait()
    _clear_up(scratch)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
