"""What a command-line agent is asked and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol as Interface

from runs.shapes import Usage
from smartspawn.lib.errors import SmartSpawnError


@dataclass(frozen=True, slots=True)
class Told:
    """What an agent's output says about its work so far."""

    text: str = ""  # the answer
    usage: Usage | None = None  # None: it did not say
    cost_usd: Decimal | None = None  # None: unknown, which is not nothing
    served_model: str = ""
    problem: str = ""  # in the agent's own words; "" where it reports success


class OutputReader(Interface):
    """Puts an agent's answer together from the lines of its output."""

    def feed(self, line: bytes) -> str:
        """The text that the line adds for whoever watches."""

    def told(self) -> Told:
        """What all lines so far say."""


def _withhold_nothing(_paths: Sequence[Path]) -> tuple[str, ...]:
    """For agents that read nothing outside their folder to begin with."""
    return ()


@dataclass(frozen=True, slots=True)
class Driver:
    """One agent: its command, which is the same for every task, and how its output is read."""

    name: str
    title: str
    argv: tuple[str, ...]  # the prompt comes by standard input and is never part of it
    make_reader: Callable[[], OutputReader]
    package: str = ""  # what npm knows it by
    environment: tuple[tuple[str, str], ...] = ()  # beside what is passed on
    settings_files: tuple[str, ...] = ()  # in its folder, they could start commands: it is not started beside them
    withhold: Callable[[Sequence[Path]], tuple[str, ...]] = _withhold_nothing  # options that hide these from it


@dataclass(frozen=True, slots=True)
class HarnessReport:
    """An agent, as pages and the API show it."""

    name: str
    title: str
    is_enabled: bool
    is_installed: bool
    advice: str  # what is to be done before it can be used; "" where nothing is


@dataclass(frozen=True, slots=True)
class HarnessResult:
    """An agent's finished work."""

    text: str
    usage: Usage | None
    cost_usd: Decimal | None  # None: unknown
    served_model: str
    duration_ms: float
    is_cut: bool = False  # the text is longer than is kept


class HarnessFailed(SmartSpawnError):
    """An agent did not bring its work to an end; what it had said so far comes along."""

    code = "HARNESS_FAILED"

    def __init__(self, message: str, *, partial: HarnessResult | None = None) -> None:
        super().__init__(message)
        self.partial = partial


class HarnessOff(HarnessFailed):
    """The agent is not switched on in the settings, or not installed."""

    code = "HARNESS_OFF"


class HarnessFolderRefused(HarnessFailed):
    """The folder does not lie below the one in which agents may work."""

    code = "HARNESS_FOLDER_REFUSED"


class HarnessTimedOut(HarnessFailed):
    """The time was up; the agent and everything it started were ended."""

    code = "HARNESS_TIMED_OUT"
