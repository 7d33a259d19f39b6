"""Serving the simulated provider."""

from __future__ import annotations

import socket
from typing import Final

import uvicorn

from runs.simulator.app import Simulator

_BACKLOG: Final = 4096


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener


def make_server(simulator: Simulator) -> uvicorn.Server:
    """A server for the application; run it with a socket of ``bind``."""
    config = uvicorn.Config(
        simulator,
        lifespan="off",
        access_log=False,
        log_level="critical",  # connections that are cut on purpose would be reported as faults
        server_header=False,
        date_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)
