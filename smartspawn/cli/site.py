"""Commands about the site on this machine: start it, stop it, look at it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Annotated, Final

import httpx2
import typer

from smartspawn.cli.config import PROJECT_DIR
from smartspawn.cli.context import api_of, config_of, wants_json
from smartspawn.cli.faults import FAILED, UNREACHABLE, CliFault
from smartspawn.cli.show import show_json, show_table, show_text, tell

START_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 20.0
_POLL_S: Final = 0.2


def manage(*words: str) -> list[str]:
    """The command line of ``manage.py``."""
    script = PROJECT_DIR / "manage.py"
    if not script.exists():
        raise CliFault(f"{script} is missing: this command starts a checkout, and here is none.")
    return [sys.executable, str(script), *words]


def home_dir() -> Path:
    """Where the site of this checkout keeps its data."""
    return Path(os.environ.get("SMARTSPAWN_HOME") or PROJECT_DIR / "var").expanduser().resolve()


SwarmPort = Annotated[
    int | None, typer.Option("--swarm-port", help="Answer on this port as Swarm's daemon does (its own: 9999).")
]


def up(swarm_port: SwarmPort = None) -> None:
    """Run the site here until Ctrl-C."""
    command = manage("up", *_swarm_words(swarm_port))
    os.execv(command[0], command)  # noqa: S606 - our own program takes this one's place


def _swarm_words(port: int | None) -> list[str]:
    return [] if port is None else ["--swarm-port", str(port)]


def start(ctx: typer.Context, swarm_port: SwarmPort = None) -> None:
    """Start the site in the background."""
    url = config_of(ctx).url
    if _is_up(url):
        tell(f"It is up already at {url}.")
        return
    home = home_dir()
    (home / "logs").mkdir(parents=True, exist_ok=True)
    with log_path().open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            manage("up", *_swarm_words(swarm_port)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=PROJECT_DIR,
        )
    pid_path().write_text(str(process.pid))
    deadline = time.monotonic() + START_WITHIN_S
    while not _is_up(url):
        if process.poll() is not None:
            pid_path().unlink(missing_ok=True)
            raise CliFault(f"It did not start:\n{''.join(_tail(log_path(), 15))}")
        if time.monotonic() > deadline:
            raise CliFault(f"It does not answer at {url} after {START_WITHIN_S:.0f} s. Look at 'smartspawn logs'.")
        time.sleep(_POLL_S)
    show_text(f"Up at {url} (process {process.pid}).")


def stop() -> None:
    """Stop the site that 'start' started."""
    pid = _pid()
    if pid is None:
        tell("Nothing runs that 'smartspawn start' started.")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN_S
    while _is_ours(pid):
        if time.monotonic() > deadline:
            raise CliFault(f"Process {pid} does not end. Look at 'smartspawn logs'.")
        time.sleep(_POLL_S)
    pid_path().unlink(missing_ok=True)
    show_text("Stopped.")


def restart(ctx: typer.Context, swarm_port: SwarmPort = None) -> None:
    """Stop the site and start it anew."""
    stop()
    start(ctx, swarm_port)


def status(ctx: typer.Context) -> None:
    """Whether the site is up and able to work."""
    url = config_of(ctx).url
    try:
        reply = httpx2.get(f"{url}/readyz", timeout=5)
    except httpx2.TransportError as error:
        raise CliFault(f"Nobody answers at {url}. Start it: smartspawn start", UNREACHABLE) from error
    found = reply.json()
    if wants_json(ctx):
        show_json({"url": url, "pid": _pid(), **found})
    else:
        show_text(f"{url} is {'ready' if reply.is_success else 'not ready'}.")
        rows = [
            (name, "ok" if item.get("ok") else "not ok", _facts(item)) for name, item in found.get("checks", {}).items()
        ]
        show_table(["part", "state", "facts"], rows)
        _show_catalogue(ctx)
    if not reply.is_success:
        raise typer.Exit(FAILED)


def _show_catalogue(ctx: typer.Context) -> None:
    data = api_of(ctx).get("/api/status")
    count = data.get("data", data).get("modelCount")
    if count is not None:
        show_text(f"{count} models in the catalogue.")


def logs(count: Annotated[int, typer.Argument(min=1, max=100_000, help="How many lines.")] = 50) -> None:
    """The last lines that the site has written."""
    files = sorted((home_dir() / "logs").glob("*.log"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise CliFault(f"There are no logs in {home_dir() / 'logs'}.")
    for path in files:
        show_text(f"==> {path.name} <==")
        show_text("".join(_tail(path, count)).rstrip("\n"))


def pid_path() -> Path:
    """Whom 'start' started."""
    return home_dir() / "smartspawn.pid"


def log_path() -> Path:
    """Where a site in the background writes what it would print."""
    return home_dir() / "logs" / "console.log"


def _pid() -> int | None:
    """The process that 'start' started, while it runs."""
    try:
        pid = int(pid_path().read_text())
    except (OSError, ValueError):
        return None
    return pid if _is_ours(pid) else None


def _is_ours(pid: int) -> bool:
    """Whether the process runs and is a site: numbers are given out again, and a stranger's must not be stopped."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # a system without /proc
        return True
    return b"manage.py" in words and b"up" in words


def _is_up(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", timeout=2).is_success
    except (httpx2.TransportError, httpx2.InvalidURL):
        return False


def _tail(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        return list(deque(file, maxlen=count))


def _facts(item: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in item.items() if name != "ok" and value is not None)
