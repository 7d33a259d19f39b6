"""``manage.py serve``: answer HTTP requests."""

from __future__ import annotations

import gc
import resource
import socket
import sys
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand

from smartspawn.bridge import AsgiApp
from smartspawn.checks import SERVING_TAG
from smartspawn.processes import end_with_supervisor

STOP_GRACE_S = 5  # an open request gets this long to finish after the signal to stop
# Longer than common proxies keep theirs (60 s), so that it is the proxy that closes an idle connection.
KEEP_ALIVE_S = 65
MOST_CONNECTIONS = 16_384
# The event loop waits this long for a busy Django thread to let go of the interpreter; Python's own 5 ms show.
SWITCH_INTERVAL_S = 0.001
# A full round of the garbage collector stops every request for 16 ms; requests leave next to nothing that lives long
# enough for one, so it comes every fifty thousand requests or so instead of every five hundred.
GC_THRESHOLDS = (1000, 20, 500)


class Command(BaseCommand):
    help = "Answer HTTP requests on HOST and PORT until told to stop (SIGTERM or Ctrl-C)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--socket-fd", type=int, help="serve on this inherited listening socket instead")
        parser.add_argument("--swarm-fd", type=int, help="an inherited socket to answer on as Swarm's daemon does")

    def handle(self, *_args: object, socket_fd: int | None, swarm_fd: int | None, **_options: object) -> None:
        import uvicorn

        end_with_supervisor()
        self.check(tags=[SERVING_TAG], include_deployment_checks=True)
        _allow_many_connections()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        gc.set_threshold(*GC_THRESHOLDS)
        sockets = [socket.socket(fileno=number) for number in (socket_fd, swarm_fd) if number is not None]
        config = uvicorn.Config(
            _application(None if swarm_fd is None else sockets[-1]),
            host=settings.HOST,
            port=settings.PORT,
            ws="none",
            lifespan="on",
            log_config=None,  # Django's LOGGING stands
            access_log=False,
            server_header=False,
            proxy_headers=False,  # smartspawn.access decides whom to believe
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_GRACE_S,
        )
        uvicorn.Server(config).run(sockets=sockets or None)


def _application(swarm: socket.socket | None) -> AsgiApp:
    """The site; with the daemon's door before it where that has a socket."""
    from uvicorn.importer import import_from_string

    from smartspawn.swarm.door import SwarmDoor

    application: AsgiApp = import_from_string("smartspawn.asgi:application")
    return application if swarm is None else SwarmDoor(application, port=swarm.getsockname()[1])


def _allow_many_connections() -> None:
    """Use what the system allows: idle clients alone soon fill the usual soft limit of 1,024."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, MOST_CONNECTIONS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
