"""Stands between us and an agent: if we are killed, the agent and all that it started are killed too.

Run as a program of its own (``python -I -S guard.py FD COMMAND...``), it leads the agent's process group. FD is
the reading end of a pipe that we hold open: when we are gone, however we went, it ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def _follow(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _wait(_number: int, _frame: object) -> None:
    """A signal to the group is the agent's to heed; we stay until it has ended."""


def main(lifeline: int, command: list[str]) -> int:
    """Run the command to its end; its exit status, 128 and more for the signal that ended it."""
    signal.signal(signal.SIGTERM, _wait)  # a function, not SIG_IGN: that one the agent would inherit
    agent = subprocess.Popen(command)  # noqa: S603  a fixed command of drivers.py, no shell
    threading.Thread(target=_follow, args=(lifeline,), daemon=True).start()
    status = agent.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
