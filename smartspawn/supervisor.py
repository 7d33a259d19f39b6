"""Runs the site's processes together: restarts what dies or stalls, and leaves nothing behind."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from smartspawn.childlog import ChildLog
from smartspawn.processes import SUPERVISOR_PID_VARIABLE, kill_group

TICK_S = 0.2
STOP_GRACE_S = 8.0  # a request or a task gets this long to finish; then its process group is killed
FIRST_RESTART_DELAY_S = 0.5
LONGEST_RESTART_DELAY_S = 30.0
INSTANT_S = 5.0  # a process that lived longer than this starts again with the short delay
MOST_INSTANT_FAILURES = 5  # in a row, each by its own exit: then a person must look
IMPATIENT_AFTER_S = 1.0  # one Ctrl-C may arrive twice at once; a later one means "now"
EXIT_STOPPED = 0
EXIT_GAVE_UP = 5


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how to see that it still works."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    sockets: tuple[socket.socket, ...] = ()  # inherited by the process
    beat_path: Path | None = None  # touched by the program while it works; None: being there is enough
    stale_after_s: float = 6.0
    startup_s: float = 60.0  # until the first touch


@dataclass(slots=True)
class Child:
    """One program and the process that runs it at the moment, if any."""

    program: Program
    log: ChildLog
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    beat_mtime_ns: int = 0  # as last seen
    beat_seen_at: float | None = None  # when it last changed; by our clock, which a suspended machine stops
    instant_end_count: int = 0  # ends right after a start, in a row
    instant_exit_count: int = 0  # those of them that nobody else caused by a signal


def restart_delay_s(instant_end_count: int) -> float:
    """How long to wait before the next start; doubles with every instant end."""
    doubled = FIRST_RESTART_DELAY_S * 2.0 ** min(instant_end_count, 10)
    return min(doubled, LONGEST_RESTART_DELAY_S)


class Supervisor:
    """Keeps programs running until it is told to stop."""

    def __init__(self, programs: Sequence[Program], logs_dir: Path | None, say: Callable[[str], None]) -> None:
        self._say = say
        self._selector = selectors.DefaultSelector()
        self._children = [Child(program, ChildLog(program.name, logs_dir, sys.stderr)) for program in programs]
        self._told_to_stop_at: float | None = None
        self._is_impatient = False

    def run(self, on_tick: Callable[[], None] | None = None) -> int:
        """Run until a signal says stop (0) or a program cannot be kept alive (5)."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            return self._watch(on_tick)
        finally:
            self._stop_all()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._told_to_stop_at is None:
            self._told_to_stop_at = now
        elif now - self._told_to_stop_at > IMPATIENT_AFTER_S:
            self._is_impatient = True

    def _watch(self, on_tick: Callable[[], None] | None) -> int:
        while self._told_to_stop_at is None:
            for child in self._children:
                self._tend(child)
                if child.instant_exit_count >= MOST_INSTANT_FAILURES:
                    self._say(
                        f"{child.program.name} failed {MOST_INSTANT_FAILURES} times right after its start; "
                        f"giving up. The reason stands in {child.log.where}"
                    )
                    return EXIT_GAVE_UP
            if on_tick:
                on_tick()
            self._read_output(TICK_S)
        return EXIT_STOPPED

    # --- one child --------------------------------------------------------------------------

    def _tend(self, child: Child) -> None:
        """Start it if it is due, bury it if it died, end it if it stalled."""
        if child.process is None:
            if time.monotonic() >= child.restart_at:
                self._start(child)
        elif child.process.poll() is not None:
            self._bury(child, f"ended with {_ending(child.process.returncode)}")
        elif self._is_stalled(child):
            kill_group(child.process.pid)
            child.process.wait()
            self._bury(child, "stalled: it gave no sign of life")

    def _start(self, child: Child) -> None:
        program = child.program
        if program.beat_path:
            with suppress(OSError):  # the program will say by itself that it cannot write there
                program.beat_path.parent.mkdir(parents=True, exist_ok=True)
                program.beat_path.unlink(missing_ok=True)
        child.beat_mtime_ns, child.beat_seen_at = 0, None
        child.process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            program.argv,
            env={**os.environ, **program.environment, SUPERVISOR_PID_VARIABLE: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[kept.fileno() for kept in program.sockets],
            start_new_session=True,  # a group of its own: Ctrl-C reaches us alone, killpg all of it
        )
        if child.process.stdout is None:
            raise RuntimeError("a child was started without a pipe")
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        child.started_at = time.monotonic()

    def _is_stalled(self, child: Child) -> bool:
        beat_path = child.program.beat_path
        if beat_path is None:
            return False
        now = time.monotonic()
        mtime_ns = beat_path.stat().st_mtime_ns if beat_path.exists() else 0
        if mtime_ns != child.beat_mtime_ns:
            child.beat_mtime_ns, child.beat_seen_at = mtime_ns, now
        if child.beat_seen_at is None:
            return now - child.started_at > child.program.startup_s
        return now - child.beat_seen_at > child.program.stale_after_s

    def _bury(self, child: Child, reason: str) -> None:
        """Clear away the whole group of a dead process and say when the next one starts."""
        if child.process is None:
            return
        kill_group(child.process.pid)
        self._drain(child)
        was_instant = time.monotonic() - child.started_at < INSTANT_S
        was_exit = (child.process.returncode or 0) >= 0
        child.instant_end_count = child.instant_end_count + 1 if was_instant else 0
        child.instant_exit_count = child.instant_exit_count + 1 if was_instant and was_exit else 0
        delay_s = restart_delay_s(child.instant_end_count)
        child.restart_at = time.monotonic() + delay_s
        child.process = None
        self._say(f"{child.program.name} {reason}; starting it again in {delay_s:.1f} s")

    # --- output -----------------------------------------------------------------------------

    def _read_output(self, timeout_s: float) -> None:
        for key, _events in self._selector.select(timeout_s):
            chunk = os.read(key.fd, 65_536)
            if chunk:
                key.data.log.feed(chunk)
            else:
                self._selector.unregister(key.fileobj)

    def _drain(self, child: Child) -> None:
        """Read what a dead process had still written."""
        if child.process is None or child.process.stdout is None:
            return
        pipe = child.process.stdout
        try:
            while chunk := os.read(pipe.fileno(), 65_536):
                child.log.feed(chunk)
        except BlockingIOError:
            pass
        if pipe in {key.fileobj for key in self._selector.get_map().values()}:
            self._selector.unregister(pipe)
        pipe.close()

    # --- the end ----------------------------------------------------------------------------

    def _stop_all(self) -> None:
        """Ask every program to stop, wait a little (a second signal: not at all), then kill the rest."""
        running = [child for child in self._children if child.process]
        for child in running:
            if child.process:
                child.process.terminate()
        deadline = time.monotonic() + STOP_GRACE_S
        while time.monotonic() < deadline and not self._is_impatient and any(map(_is_alive, running)):
            self._read_output(TICK_S)
        for child in running:
            if child.process:
                kill_group(child.process.pid)
                child.process.wait()
                self._drain(child)
                child.process = None
        for child in self._children:
            child.log.close()
            if child.program.beat_path:
                with suppress(OSError):
                    child.program.beat_path.unlink(missing_ok=True)


def _is_alive(child: Child) -> bool:
    return child.process is not None and child.process.poll() is None


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    return f"signal {signal.Signals(-returncode).name}"
