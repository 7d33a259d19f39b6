"""What must be true before the site can answer: tables, a first catalogue, static files. Safe to repeat."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import IO

from django.core.management import call_command
from django.db import Error as DatabaseFault
from django.db import connection
from django.db.migrations.loader import MigrationLoader

EXIT_PORT = 3
EXIT_DATABASE = 4
EXIT_RUNNING = 6
LISTEN_BACKLOG = 2048

Say = Callable[[str], None]


class CannotStart(Exception):
    """A reason not to start that a person can do something about."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def prepare_site(say: Say) -> None:
    """Bring tables, catalogue and static files up to this version of the code."""
    try:
        _refuse_newer_database()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("sync_schedules", verbosity=0)
        call_command("load_snapshot", if_empty=True, stdout=StringIO())
    except DatabaseFault as error:
        raise CannotStart(_database_advice(error), EXIT_DATABASE) from error
    call_command("collectstatic", interactive=False, verbosity=0)
    say("Tables, catalogue and static files are ready.")


def _refuse_newer_database() -> None:
    loader = MigrationLoader(connection)
    unknown = sorted(set(loader.applied_migrations) - set(loader.disk_migrations) - set(loader.replacements))
    ours = {app for app, _name in loader.disk_migrations}
    newer = [f"{app}.{name}" for app, name in unknown if app in ours]
    if newer:
        raise CannotStart(
            f"The database was written by a newer version of Smart Spawn (it knows {', '.join(newer)}). "
            "Update the code, or point SMARTSPAWN_HOME or DATABASE_URL at another database.",
            EXIT_DATABASE,
        )


def _database_advice(error: DatabaseFault) -> str:
    settings_dict = connection.settings_dict
    if connection.vendor == "sqlite":
        where = f"The database file {settings_dict['NAME']}"
        advice = "If it is damaged, move it away or put a backup in its place; an empty one is made at the next start."
    else:
        where = f"The database {settings_dict['NAME']} at {settings_dict['HOST'] or 'the local socket'}"
        advice = "Check that it runs and that DATABASE_URL names it, its user and its password."
    return f"{where} cannot be used: {str(error).strip()}\n{advice}"


def lock_home(home: Path) -> IO[str]:
    """Hold this home for as long as the returned file is open; two supervisors would fight over one queue."""
    lock = (home / "up.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise CannotStart(
            f"Smart Spawn already runs from {home} (process {owner}). "
            "Stop it first, or give this one another SMARTSPAWN_HOME.",
            EXIT_RUNNING,
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that outlives restarts of the web server; port 0 takes a free one."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        server = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotStart(f"HOST={host} cannot be resolved: {error}", EXIT_PORT) from error
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        server.listen(LISTEN_BACKLOG)
    except OSError as error:
        server.close()
        raise CannotStart(
            f"Cannot listen on {host} port {port}: {error.strerror}. "
            "Another program may use it; choose another with PORT=8001 make up.",
            EXIT_PORT,
        ) from error
    return server


def site_address(server: socket.socket) -> str:
    """The address to open in a browser on this machine."""
    host, port = server.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared, not bound
    return f"http://{reachable}:{port}"
