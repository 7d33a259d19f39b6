"""Parts of the supervisor that need no site: delays, giving up, and what becomes of the output."""

from __future__ import annotations

import errno
import io
import os
import sys
import time
from pathlib import Path

import pytest

from smartspawn import supervisor
from smartspawn.childlog import LONGEST_LINE_BYTES, ChildLog
from smartspawn.heartbeat import FLOWING_WITHIN_S, is_flowing
from smartspawn.supervisor import EXIT_GAVE_UP, Program, Supervisor, restart_delay_s

# --- restarts -------------------------------------------------------------------------------------------


def test_the_delay_doubles_up_to_a_limit() -> None:
    delays = [restart_delay_s(count) for count in range(100)]
    assert delays[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert delays == sorted(delays)
    assert delays[-1] == 30.0


def test_a_program_that_never_starts_ends_the_supervisor_loudly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_RESTART_DELAY_S", 0.001)
    monkeypatch.setattr(supervisor, "TICK_S", 0.01)
    monkeypatch.setattr(supervisor.signal, "signal", lambda *_args: None)
    said: list[str] = []
    broken = Program(name="broken", argv=(sys.executable, "-c", "raise SystemExit('it cannot be')"))
    assert Supervisor([broken], tmp_path, said.append).run() == EXIT_GAVE_UP
    assert "broken failed 5 times right after its start" in said[-1]
    assert (tmp_path / "broken.log").read_text().count("it cannot be") == 5


# --- output ---------------------------------------------------------------------------------------------


def test_everything_goes_to_the_file_and_what_matters_to_the_console(tmp_path: Path) -> None:
    console = io.StringIO()
    log = ChildLog("web", tmp_path, console)
    log.feed(b"2026-01-01 10:00:00,000 INFO a quiet\n2026-01-01 10:00:00,001 ERROR b lo")
    log.feed(b"ud\nTraceback\n  line\n2026-01-01 10:00:00,002 INFO a quiet again\n  and its end\n")
    log.close()
    kept = (tmp_path / "web.log").read_text()
    assert "quiet" in kept
    assert "Traceback" in kept
    shown = console.getvalue()
    assert "quiet" not in shown
    assert "and its end" not in shown
    assert [line.partition("| ")[2] for line in shown.splitlines()] == [
        "2026-01-01 10:00:00,001 ERROR b loud",
        "Traceback",
        "  line",
    ]


def test_without_a_file_the_console_gets_everything() -> None:
    console = io.StringIO()
    log = ChildLog("worker", None, console)
    log.feed(b"2026-01-01 10:00:00,000 INFO a quiet\n")
    log.close()
    assert "quiet" in console.getvalue()


def test_output_without_line_ends_and_of_no_encoding_is_survived(tmp_path: Path) -> None:
    log = ChildLog("web", tmp_path, io.StringIO())
    log.feed(b"\xff\xfe" * LONGEST_LINE_BYTES)
    log.feed(b"the rest")
    log.close()
    assert "the rest" in (tmp_path / "web.log").read_text()


class _FullConsole(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "web.log").symlink_to("/dev/full")
    log = ChildLog("web", tmp_path, _FullConsole())
    log.feed(b"2026-01-01 10:00:00,001 ERROR database or disk is full\n")
    log.close()


def test_a_home_that_is_read_only_does_not_end_the_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_RESTART_DELAY_S", 0.001)
    monkeypatch.setattr(supervisor, "TICK_S", 0.01)
    monkeypatch.setattr(supervisor.signal, "signal", lambda *_args: None)
    beat_path = Path("/proc/no-such-folder/worker.beat")  # nobody may make anything there
    broken = Program(name="broken", argv=(sys.executable, "-c", "raise SystemExit(1)"), beat_path=beat_path)
    assert Supervisor([broken], tmp_path, lambda _line: None).run() == EXIT_GAVE_UP


def test_the_file_is_turned_over_before_it_grows_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartspawn.childlog.FILE_BYTES", 2000)
    log = ChildLog("web", tmp_path, io.StringIO())
    for number in range(500):
        log.feed(b"line %d of a program that talks a lot\n" % number)
    log.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["web.log", "web.log.1", "web.log.2", "web.log.3", "web.log.4"]
    assert all(path.stat().st_size <= 2000 for path in tmp_path.iterdir())
    assert "line 499" in (tmp_path / "web.log").read_text()


# --- signs of life ----------------------------------------------------------------------------------------


def test_tasks_flow_while_beats_are_young_or_a_living_worker_is_busy(tmp_path: Path) -> None:
    assert not is_flowing(tmp_path, time.time())
    (tmp_path / "beat").touch()
    assert is_flowing(tmp_path, time.time())
    later = time.time() + FLOWING_WITHIN_S + 1
    assert not is_flowing(tmp_path, later)
    (tmp_path / f"busy.{os.getpid()}").touch()
    assert is_flowing(tmp_path, later)
    (tmp_path / f"busy.{os.getpid()}").rename(tmp_path / "busy.4194304")  # beyond any process id
    assert not is_flowing(tmp_path, later)
