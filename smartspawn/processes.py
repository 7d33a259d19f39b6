"""What the operating system does for us: children that end with their parents, and whole groups ended at once."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import threading
import time

# Set by the supervisor for its children; a process that was started by hand follows nobody.
SUPERVISOR_PID_VARIABLE = "SMARTSPAWN_SUPERVISOR_PID"
PARENT_POLL_S = 0.5
_PR_SET_PDEATHSIG = 1
_HAS_DEATH_SIGNAL = platform.system() == "Linux"


def end_with_parent(parent_pid: int, signal_number: int) -> None:
    """Have this process signalled when ``parent_pid`` is gone, however it went."""
    if _HAS_DEATH_SIGNAL:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal_number))
        if os.getppid() != parent_pid:  # it went before the kernel knew of our wish
            os.kill(os.getpid(), signal_number)
        return
    threading.Thread(target=_watch_parent, args=(parent_pid, signal_number), daemon=True).start()


def _watch_parent(parent_pid: int, signal_number: int) -> None:
    """For systems without a parent-death signal: an orphan has another parent."""
    while os.getppid() == parent_pid:
        time.sleep(PARENT_POLL_S)
    os.kill(os.getpid(), signal_number)


def end_with_supervisor() -> None:
    """Have this process stop in good order when the supervisor that started it is gone."""
    parent_pid = os.environ.pop(SUPERVISOR_PID_VARIABLE, "")
    if parent_pid:
        end_with_parent(int(parent_pid), signal.SIGTERM)


def end_forks_with_parent() -> None:
    """Have every process that is forked from here on killed when the one that forked it is gone.

    Without this, the killed main process of a queue cluster leaves workers behind that go on executing.
    """
    forker = {"pid": os.getpid()}

    def remember() -> None:
        forker["pid"] = os.getpid()

    def follow() -> None:
        end_with_parent(forker["pid"], signal.SIGKILL)

    os.register_at_fork(before=remember, after_in_child=follow)


def is_running(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def kill_group(group_id: int) -> None:
    """Kill every process of a group; an empty group is fine."""
    try:
        os.killpg(group_id, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS answers "not permitted" for a group of zombies
        return
