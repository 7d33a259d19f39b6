"""``manage.py up``: the whole site in one command."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import urllib.error
import urllib.request
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFault
from django.db import connections

from smartspawn.checks import SETTINGS_TAG
from smartspawn.startup import CannotStart, listen, lock_home, prepare_site, site_address
from smartspawn.supervisor import Program, Supervisor

MANAGE = (sys.executable, str(Path(sys.argv[0]).resolve()))


class Command(BaseCommand):
    help = (
        "Prepare the site and run web server and queue worker together until told to stop (Ctrl-C or SIGTERM). "
        "Exit codes: 0 stopped, 1 a failed check, 2 wrong settings, 3 the port is taken, 4 the database cannot be "
        "used, 5 a process could not be kept alive, 6 it runs already."
    )
    requires_system_checks = (SETTINGS_TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only", choices=["web", "worker"], help="supervise only this, prepare nothing, log to the console"
        )
        parser.add_argument(
            "--swarm-port", type=int, help="answer on this port of this machine as Swarm's daemon does (its own: 9999)"
        )

    def handle(self, *_args: object, only: str | None, swarm_port: int | None, **_options: object) -> None:
        try:
            exit_code = self._run(only, swarm_port)
        except CannotStart as reason:
            raise CommandError(str(reason), returncode=reason.exit_code) from reason
        if exit_code:
            sys.exit(exit_code)
        self.say("Stopped.")

    def _run(self, only: str | None, swarm_port: int | None) -> int:
        if only == "worker":
            return self._supervise([_worker_program(sole=False)])
        if only == "web":
            return self._supervise([_web_program(listen(settings.HOST, settings.PORT), _swarm_socket(swarm_port))])
        lock = lock_home(settings.HOME_DIR)
        try:
            server, swarm = listen(settings.HOST, settings.PORT), _swarm_socket(swarm_port)
            shutil.rmtree(settings.HOME_DIR / "run", ignore_errors=True)  # signs of life of those who were killed
            prepare_site(self.say)
            greeting = _Greeting(site_address(server), self, swarm_address=site_address(swarm) if swarm else "")
            programs = [_web_program(server, swarm), _worker_program(sole=settings.IS_SQLITE)]
            return self._supervise(programs, greeting)
        finally:
            lock.close()

    def _supervise(self, programs: list[Program], greeting: _Greeting | None = None) -> int:
        connections.close_all()
        logs_dir = settings.HOME_DIR / "logs" if greeting else None
        supervisor = Supervisor(programs, logs_dir, self.say)
        return supervisor.run(greeting.say_when_ready if greeting else None)

    def say(self, line: str) -> None:
        with suppress(OSError):  # a full disk or a closed terminal must not end the site
            self.stdout.write(line)
            self.stdout.flush()


class _Greeting:
    """Tells the address and a sign-in link once, when the site answers."""

    def __init__(self, address: str, command: Command, *, swarm_address: str = "") -> None:
        self._address = address
        self._swarm_address = swarm_address
        self._command = command
        self._is_said = False

    def say_when_ready(self) -> None:
        if self._is_said or not _answers(f"{self._address}/healthz"):
            return
        from smartspawn.access.signin import LINK_LIFETIME, create_signin_link

        try:
            link = create_signin_link(site_url=None if settings.HAS_SITE_URL else self._address)
        except DatabaseFault:
            return  # the next tick tries again; a busy database must not take the site down
        finally:
            connections.close_all()
        minutes = int(LINK_LIFETIME.total_seconds() // 60)
        self._is_said = True
        for line in (
            "",
            f"  Smart Spawn is up at  {self._address}",
            f"  Sign in, once, with   {link}",
            f"  (the link is good for {minutes} minutes; manage.py signin_link makes another)",
            *([f"  For Swarm's clients   {self._swarm_address}"] if self._swarm_address else []),
            f"  Logs are kept in      {settings.HOME_DIR / 'logs'}",
            "  Stop it with          Ctrl-C",
            "",
        ):
            self._command.say(line)


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _swarm_socket(port: int | None) -> socket.socket | None:
    """A socket for programs on this machine; no other address is offered, for who reaches it may spend money."""
    return None if port is None else listen("127.0.0.1", port)


def _web_program(server: socket.socket, swarm: socket.socket | None) -> Program:
    options = ["--socket-fd", str(server.fileno()), *(["--swarm-fd", str(swarm.fileno())] if swarm else [])]
    sockets = (server, swarm) if swarm else (server,)
    return Program(name="web", argv=(*MANAGE, "serve", *options), sockets=sockets)


def _worker_program(*, sole: bool) -> Program:
    beat_path = settings.HOME_DIR / "run" / f"worker@{socket.gethostname()}:{os.getpid()}.beat"
    sole_option = ("--sole",) if sole else ()
    return Program(
        name="worker",
        argv=(*MANAGE, "work", "--beat-file", str(beat_path), *sole_option),
        beat_path=beat_path,
    )
