"""Executables that stand in for agents, put on the PATH of one test."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest


class Agents:
    """A folder of executables, the only one with agents on the PATH."""

    def __init__(self, folder: Path, work_dir: Path) -> None:
        self.folder = folder
        self.work_dir = work_dir

    def add(self, name: str, program: str) -> None:
        """An agent that runs this Python program."""
        path = self.folder / name
        path.write_text(
            f"#!{sys.executable} -IS\nimport json, os, signal, subprocess, sys, time\n{textwrap.dedent(program)}"
        )
        path.chmod(0o755)

    def add_lines(self, name: str, *events: Any, status: int = 0) -> None:
        """An agent that reads its prompt, says these lines and ends."""
        lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
        self.add(name, f"sys.stdin.read()\nfor line in {lines!r}: print(line, flush=True)\nsys.exit({status})")


@pytest.fixture
def agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Agents:
    folder, work_dir = tmp_path / "bin", tmp_path / "work"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    settings.HARNESSES = ["claude", "codex", "gemini", "opencode"]
    settings.HARNESS_WORK_DIR = str(work_dir)
    return Agents(folder, work_dir)


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def ends_soon(pid: int, within_s: float = 5.0) -> bool:
    """Whether the process is gone within that time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if not is_alive(pid):
            return True
        time.sleep(0.02)
    return False


def pids_in(path: Path, count: int, within_s: float = 5.0) -> list[int]:
    """The process ids that agents wrote into the file, one a line, once all are there."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        found = path.read_text().split() if path.exists() else []
        if len(found) >= count:
            return [int(pid) for pid in found]
        time.sleep(0.02)
    raise AssertionError(f"{path.name} did not get {count} lines")
