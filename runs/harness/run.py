"""Have a command-line agent do a task."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from runs.harness.drivers import DRIVERS, passed_environment
from runs.harness.folders import open_folder
from runs.harness.process import Group, OutputFlood, give_prompt, read_lines, start_group
from runs.harness.readers import UNFINISHED
from runs.harness.shapes import (
    Driver,
    HarnessFailed,
    HarnessOff,
    HarnessReport,
    HarnessResult,
    HarnessTimedOut,
    OutputReader,
)

# Far beyond any answer; an agent that says more has lost its way.
OUTPUT_BYTES: Final = 64 * 1024 * 1024
TEXT_CHARS: Final = 400_000
_LOG_CHARS: Final = 2_000
_REASON_CHARS: Final = 500
# A process that the agent left behind may hold its output open; what is on the way is here by then.
_LINGER_S: Final = 0.5
# Colours and other orders to a terminal, then all that no page shows and some terminal obeys.
_TERMINAL_ORDER: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

OnText = Callable[[str], None]


def enabled_harnesses() -> tuple[HarnessReport, ...]:
    """Every agent there is, and whether it can be used here."""
    return tuple(_report(driver) for driver in DRIVERS)


def _report(driver: Driver) -> HarnessReport:
    is_enabled, is_installed = driver.name in settings.HARNESSES, shutil.which(driver.argv[0]) is not None
    advice = "" if is_installed else _install_advice(driver)
    if not is_enabled:
        advice = f"{driver.title} is switched off. An admin can name '{driver.name}' in the setting HARNESSES."
    return HarnessReport(driver.name, driver.title, is_enabled, is_installed, advice)


def _install_advice(driver: Driver) -> str:
    return (
        f"{driver.title} is switched on, but there is no '{driver.argv[0]}' on the PATH of this site. "
        f"Install it (npm install -g {driver.package}), sign in to it as the user that runs the site, and restart."
    )


async def run_harness(
    name: str, prompt: str, *, folder: str | Path, timeout_s: float, on_text: OnText | None = None
) -> HarnessResult:
    """The agent's answer to the prompt, worked out in the folder (below HARNESS_WORK_DIR).

    Cancelling ends the agent and everything it started, as does the end of the time, and our own end.
    Raises HarnessFailed, with what the agent had said so far.
    """
    driver, command = _find_command(name)
    place = open_folder(folder, work_dir=Path(settings.HARNESS_WORK_DIR), refused=driver.settings_files)
    command += driver.withhold(_withheld())  # once the folders are there
    work = _Work(driver, on_text)
    try:
        async with (
            asyncio.timeout(timeout_s),
            start_group(command, folder=place, environment=passed_environment(driver, os.environ)) as group,
        ):
            status = await work.follow(group, _as_words(prompt))
    except TimeoutError as error:
        message = f"{driver.title} was not done within {timeout_s:g} s and was ended{work.last_word()}."
        raise HarnessTimedOut(message, partial=work.result()) from error
    except OutputFlood as error:
        message = f"{driver.title} wrote more than {OUTPUT_BYTES // 2**20} MB and was ended."
        raise HarnessFailed(message, partial=work.result()) from error
    except OSError as error:
        raise HarnessFailed(f"{driver.title} could not be started ({type(error).__name__}).") from error
    return work.finish(status)


def _find_command(name: str) -> tuple[Driver, tuple[str, ...]]:
    driver = next((driver for driver in DRIVERS if driver.name == name), None)
    if driver is None or name not in settings.HARNESSES:
        raise HarnessOff(f"The agent '{name[:40]}' is not switched on: an admin adds it to HARNESSES.")
    binary = shutil.which(driver.argv[0])
    if binary is None:
        raise HarnessOff(_install_advice(driver))
    return driver, (str(Path(binary).absolute()), *driver.argv[1:])


def _withheld() -> list[Path]:
    """Where this site keeps its secrets and what others had agents make; the agent's own folder lies within."""
    work_dir = Path(settings.HARNESS_WORK_DIR).expanduser().resolve()
    return [path for path in (settings.HOME_DIR, work_dir, settings.BASE_DIR / ".env") if path.exists()]


def _as_words(prompt: str) -> str:
    """The prompt, none of it an order to the program: agents take a first "/" for one of their own commands."""
    return f"\n{prompt}" if prompt.startswith("/") else prompt


class _Work:
    """One agent at work: what it has said, and what came of it."""

    def __init__(self, driver: Driver, on_text: OnText | None) -> None:
        self._driver = driver
        self._on_text = on_text
        self._reader: OutputReader = driver.make_reader()
        self._log = ""  # the end of what it wrote beside its answer
        self._shown_chars = 0
        self._started_at_s = time.monotonic()

    async def follow(self, group: Group, prompt: str) -> int:
        """Give it the prompt and take what it says, until it has ended; its exit status."""
        ending = asyncio.create_task(group.wait())
        reading = {
            asyncio.create_task(self._take_output(group.stdout)),
            asyncio.create_task(self._take_log(group.stderr)),
        }
        giving = asyncio.create_task(give_prompt(group.stdin, prompt))
        try:
            while not ending.done():
                open_tasks = {task for task in reading if not task.done()}
                done, _ = await asyncio.wait({ending, *open_tasks}, return_when=asyncio.FIRST_COMPLETED)
                _raise_first(done)
            _raise_first((await asyncio.wait(reading, timeout=_LINGER_S))[0])
            return ending.result()
        finally:
            for task in (giving, ending, *reading):
                task.cancel()
            await asyncio.gather(giving, ending, *reading, return_exceptions=True)

    async def _take_output(self, stream: asyncio.StreamReader) -> None:
        async for line in read_lines(stream, most_bytes=OUTPUT_BYTES):
            said = _plain(self._reader.feed(line))
            if said and self._on_text is not None and self._shown_chars < TEXT_CHARS:
                self._shown_chars += len(said)
                self._on_text(said)

    async def _take_log(self, stream: asyncio.StreamReader) -> None:
        async for line in read_lines(stream, most_bytes=OUTPUT_BYTES):
            self._log = f"{self._log}{line.decode('utf-8', 'replace')}\n"[-_LOG_CHARS:]

    def result(self) -> HarnessResult:
        """What it has said so far."""
        told = self._reader.told()
        text = _plain(told.text)
        return HarnessResult(
            text=_cut(text),
            usage=told.usage,
            cost_usd=told.cost_usd,
            served_model=_plain(told.served_model)[:200],
            duration_ms=(time.monotonic() - self._started_at_s) * 1000,
            is_cut=len(text) > TEXT_CHARS,
        )

    def finish(self, status: int) -> HarnessResult:
        """Its answer, or HarnessFailed for what went wrong."""
        problem = self._reader.told().problem
        if status == 0 and not problem:
            return self.result()
        complaint = self._log.strip()[-_REASON_CHARS:]
        said = (problem, complaint) if not problem or problem in UNFINISHED else (problem,)
        reason = "; ".join(part for part in said if part) or "it gave no reason"
        message = f"{self._driver.title} failed (status {status}): {_plain(reason)[:_REASON_CHARS]}"
        raise HarnessFailed(message, partial=self.result())

    def last_word(self) -> str:
        """What it complained of last, for the message of one that came to no end."""
        problem = self._reader.told().problem
        return f" (its last word: {_plain(problem)[:_REASON_CHARS]})" if problem and problem not in UNFINISHED else ""


def _raise_first(done: Iterable[asyncio.Task[Any]]) -> None:
    for task in done:
        task.result()


def _plain(text: str) -> str:
    """The text without what only terminals understand: they would obey it."""
    return _CONTROL.sub("", _TERMINAL_ORDER.sub("", text.replace("\r\n", "\n")))


def _cut(text: str) -> str:
    left_chars = len(text) - TEXT_CHARS
    return text if left_chars <= 0 else f"{text[:TEXT_CHARS]}\n\n[cut here: {left_chars} more characters]"
