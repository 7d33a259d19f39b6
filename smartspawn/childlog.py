"""Where the output of supervised processes goes: all of it to a rotating file, what matters to the console."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

FILE_BYTES = 5_000_000
FILE_COUNT = 4
LONGEST_LINE_BYTES = 16_384
# Our log lines start with a time and a level; what does not is a traceback or a stray print.
_LEVEL = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?P<level>[A-Z]+) ")
_QUIET_LEVELS = frozenset({"DEBUG", "INFO"})


class ChildLog:
    """Takes the bytes that a child writes and puts whole lines where a person will look for them."""

    def __init__(self, name: str, folder: Path | None, console: TextIO) -> None:
        """Without a folder, everything goes to the console: somebody else keeps it, a container's runtime say."""
        self._name = name
        self._console = console
        self._file = _open_file(folder / f"{name}.log") if folder else None
        self.where = str(folder / f"{name}.log") if folder else "the lines above"
        self._rest = b""
        self._is_loud = True

    def feed(self, chunk: bytes) -> None:
        """Add what was read; an unfinished line waits for its end, up to a limit."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self.write(line.decode("utf-8", "replace").rstrip("\r"))

    def write(self, line: str) -> None:
        """Add one line."""
        if self._file:
            self._file.emit(logging.LogRecord(self._name, logging.INFO, "", 0, line, None, None))
        level = _LEVEL.match(line)
        if level:
            self._is_loud = self._file is None or level["level"] not in _QUIET_LEVELS
        if self._is_loud and line:
            with suppress(OSError):  # a full disk or a closed terminal must not end the site with its log
                print(f"{self._name:>6} | {line}", file=self._console, flush=True)

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._rest:
            self.feed(b"\n")
        if self._file:
            with suppress(OSError):
                self._file.close()


class _LogFile(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library calls it so
        """Lose the line: where it cannot be written, a word about each would fill the console instead."""


def _open_file(path: Path) -> RotatingFileHandler:
    path.parent.mkdir(parents=True, exist_ok=True)
    return _LogFile(path, maxBytes=FILE_BYTES, backupCount=FILE_COUNT, encoding="utf-8", errors="replace")
