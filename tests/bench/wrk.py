"""wrk, which asks as fast as it is answered, and what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
LOAD_S = 5


@dataclass(frozen=True, slots=True)
class Load:
    """One run of wrk."""

    per_s: float
    p50_ms: float
    p99_ms: float
    command: str


def find_wrk() -> str | None:
    """The program, or None with a word on where to get it."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("wrk is missing, so requests per second are not measured (Debian, Ubuntu: apt install wrk)")
    return wrk


def measure(wrk: str, url: str, script: Path | None = None) -> Load:
    """Ask for LOAD_S seconds over CONNECTIONS connections; every answer must be a success."""
    arguments = ["-t1", f"-c{CONNECTIONS}", f"-d{LOAD_S}s", "--latency", *(["-s", str(script)] if script else []), url]
    output = subprocess.run([wrk, *arguments], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"not every answer was a success:\n{output}")
    return Load(
        per_s=float(_find(r"Requests/sec:\s+([\d.]+)", output)),
        p50_ms=_milliseconds(_find(r"50%\s+([\d.]+\w+)", output)),
        p99_ms=_milliseconds(_find(r"99%\s+([\d.]+\w+)", output)),
        command=" ".join(["wrk", *arguments]).replace(str(script.parent), "...")
        if script
        else f"wrk {' '.join(arguments)}",
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise SystemExit(f"{pattern!r} is not in:\n{text}")
    return found[1]


def _milliseconds(text: str) -> float:
    """What wrk writes as 950.00us, 1.20ms or 1.02s."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]  # wrk's own format
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
