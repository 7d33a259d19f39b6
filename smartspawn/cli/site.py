"""Commands about the site on this machine: start it, stop it, look at it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import httpx2
import typer

from smartspawn.cli.context import api_of, config_of, settings_of, wants_json
from smartspawn.cli.faults import FAILED, UNREACHABLE, CliFault
from smartspawn.cli.here import PROJECT_DIR, environment, home_dir, manage, own_url
from smartspawn.cli.show import show_json, show_table, show_text, tell

# A quiet machine needs some seconds for the first start, which makes the database; a busy one minutes.
START_WITHIN_S: Final = 300.0
STOP_WITHIN_S: Final = 90.0  # open requests get some seconds, the queue's tasks half a minute
_PATIENCE_S: Final = 10.0  # after which somebody who waits is told what for
_STATUS_WITHIN_S: Final = 15.0
_POLL_S: Final = 0.2
_DAY_S: Final = 86_400


SwarmPort = Annotated[
    int | None, typer.Option("--swarm-port", help="Answer on this port as Swarm's daemon does (its own: 9999).")
]


def up(swarm_port: SwarmPort = None) -> None:
    """Run the site here until Ctrl-C."""
    command = manage("up", *_swarm_words(swarm_port))
    os.execve(command[0], command, environment())  # noqa: S606 - our own program takes this one's place


def _swarm_words(port: int | None) -> list[str]:
    return [] if port is None else ["--swarm-port", str(port)]


def start(ctx: typer.Context, swarm_port: SwarmPort = None) -> None:
    """Start the site in the background."""
    asked = settings_of(ctx).url
    url = asked if own_url().endswith(":0") else own_url()  # the site goes by PORT, whatever the commands ask
    if is_new := not _is_up(url):
        _start_and_wait(url, swarm_port)
    if wants_json(ctx):
        show_json({"url": url, "pid": _pid(), "isNew": is_new})
    elif is_new:
        show_text(f"Up at {url} (process {_pid()}).")
    else:
        tell(f"It is up already at {url}.")
    if url not in (asked, asked.replace("localhost", "127.0.0.1")):
        tell(f"The other commands ask {asked}; to have them ask this one: smartspawn --url {url} setup")


def _start_and_wait(url: str, swarm_port: int | None) -> None:
    process = None if _pid() else _start_process(swarm_port)  # one that is still starting is waited for
    _wait_for_start(url, process)


def _start_process(swarm_port: int | None) -> subprocess.Popen[bytes]:
    try:
        (home_dir() / "logs").mkdir(parents=True, exist_ok=True)
        pid_path().write_text("?")  # where nothing can be kept, nothing is started that nobody could stop
        with log_path().open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                manage("up", *_swarm_words(swarm_port)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=PROJECT_DIR,
                env=environment(),
            )
        pid_path().write_text(f"{process.pid} {swarm_port or ''}".strip())
    except OSError as error:
        message = f"{home_dir()} cannot be written to: {error.strerror}. Mend that, or set SMARTSPAWN_HOME."
        raise CliFault(message) from error
    return process


def _wait_for_start(url: str, process: subprocess.Popen[bytes] | None) -> None:
    began, is_told = time.monotonic(), False
    while not _is_up(url):
        if process.poll() is not None if process else _pid() is None:
            pid_path().unlink(missing_ok=True)
            raise CliFault(f"It did not start:\n{''.join(_tail(log_path(), 15))}")
        waited_s = time.monotonic() - began
        if waited_s > START_WITHIN_S:
            raise CliFault(f"It does not answer at {url} after {START_WITHIN_S:.0f} s. Look at 'smartspawn logs'.")
        if waited_s > _PATIENCE_S and not is_told:
            is_told = True
            tell("It is still starting. Ctrl-C leaves it to that.")
        time.sleep(_POLL_S)


def stop(ctx: typer.Context) -> None:
    """Stop the site that 'start' started."""
    was_up = _stop()
    if wants_json(ctx):
        show_json({"wasUp": was_up})
    elif was_up:
        show_text("Stopped.")
    else:
        tell("Nothing runs that 'smartspawn start' started.")


def _stop() -> bool:
    """Stop it, and return whether there was anything to stop."""
    pid = _pid()
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    began, is_told = time.monotonic(), False
    while _is_ours(pid):
        waited_s = time.monotonic() - began
        if waited_s > STOP_WITHIN_S:
            raise CliFault(f"Process {pid} does not end. Look at 'smartspawn logs'.")
        if waited_s > _PATIENCE_S and not is_told:
            is_told = True
            tell("It is still stopping: what it does is brought to a place from which it can go on.")
        time.sleep(_POLL_S)
    pid_path().unlink(missing_ok=True)
    return True


def restart(ctx: typer.Context, swarm_port: SwarmPort = None) -> None:
    """Stop the site and start it anew, on Swarm's port again where it had one."""
    port = swarm_port or _former_swarm_port()
    _stop()
    start(ctx, port)


def status(ctx: typer.Context) -> None:
    """Whether the site is up and able to work."""
    url = config_of(ctx).url
    try:
        reply = httpx2.get(f"{url}/readyz", timeout=_STATUS_WITHIN_S)
        found = reply.json()
    except httpx2.TimeoutException as error:
        raise CliFault(f"{url} took longer than {_STATUS_WITHIN_S:.0f} s to answer.", UNREACHABLE) from error
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise CliFault(f"Nobody answers at {url}. Start it: smartspawn start", UNREACHABLE) from error
    except ValueError as error:
        raise CliFault(f"What answers at {url} is no Smart Spawn.", UNREACHABLE) from error
    if wants_json(ctx):
        show_json({"url": url, "pid": _pid(), **found})
    else:
        show_text(f"{url} is {'ready' if reply.is_success else 'not ready'}.")
        rows = [
            (name, "ok" if item.get("ok") else "not ok", facts(item)) for name, item in found.get("checks", {}).items()
        ]
        show_table(["part", "state", "facts"], rows)
        _show_catalogue(ctx)
    if not reply.is_success:
        raise typer.Exit(FAILED)


def _show_catalogue(ctx: typer.Context) -> None:
    """How large the catalogue is, to who may read it: a key that opens nothing does not make the site less ready."""
    try:
        data = api_of(ctx).get("/api/status")
    except CliFault as refused:
        tell(refused.message)
        return
    count = data.get("data", data).get("modelCount")
    if count is not None:
        show_text(f"{count} models in the catalogue.")


def logs(
    ctx: typer.Context,
    count: Annotated[int, typer.Argument(min=1, max=100_000, help="How many lines.")] = 50,
) -> None:
    """The last lines that the site has written."""
    files = sorted((home_dir() / "logs").glob("*.log"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise CliFault(f"There are no logs in {home_dir() / 'logs'}.")
    if wants_json(ctx):
        show_json([{"file": str(path), "lines": [line.rstrip("\n") for line in _tail(path, count)]} for path in files])
        return
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
        pid = int(pid_path().read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if _is_ours(pid) else None


def _former_swarm_port() -> int | None:
    """Swarm's port of the process that 'start' started."""
    if _pid() is None:
        return None
    _, *port = pid_path().read_text().split()
    return int(port[0]) if port else None


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
        return bool(httpx2.get(f"{url}/healthz", timeout=2).json() == {"status": "ok"})
    except (httpx2.TransportError, httpx2.InvalidURL, ValueError):
        return False


def _tail(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        return list(deque(file, maxlen=count))


def facts(item: Mapping[str, object]) -> str:
    """What a check of the site's readiness found."""
    told = {name: value for name, value in item.items() if name != "ok" and value is not None}
    return ", ".join(_fact(name, value) for name, value in told.items())


def _fact(name: str, value: object) -> str:
    """One of them: an age in days once it has some, for nobody counts in seconds by then."""
    if name.endswith("age_s") and isinstance(value, int) and value >= 2 * _DAY_S:
        return f"{name.removesuffix('_s')} {value // _DAY_S} days"
    return f"{name} {value}"
