"""A measured figure, how it is judged, and the machine it was measured on."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Figure:
    """Several runs of one measurement; the median counts."""

    name: str
    unit: str
    runs: Sequence[float]
    command: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def median(self) -> float:
        """The middle run."""
        return statistics.median(self.runs)

    @property
    def is_reached(self) -> bool:
        """Whether the median keeps to the target."""
        above = self.at_least is None or self.median >= self.at_least
        return above and (self.at_most is None or self.median <= self.at_most)

    def line(self) -> str:
        """The figure in one line, its command in the next."""
        bound = f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"
        verdict = "ok" if self.is_reached else "MISSED"
        spread = f"{min(self.runs):.4g} to {max(self.runs):.4g} in {len(self.runs)} runs"
        value = f"{self.median:.4g} {self.unit}"
        return (
            f"{verdict:>6}  {self.name:<52} {value:>14}  (target {bound} {self.unit}; {spread})\n        {self.command}"
        )


def machine() -> str:
    """What it was measured on; the load says how far the figures can be trusted."""
    memory_gib = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {memory_gib:.0f} GiB, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, commit {_commit()}, load before {load:.1f}"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
