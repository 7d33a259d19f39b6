"""Keeps the tests off the network: sockets reach this machine and nothing else."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest


class NetworkForbidden(RuntimeError):
    """A test tried to leave this machine. Not an OSError: code that survives a lost network must not hide it."""


def is_loopback(host: object) -> bool:
    """Whether a socket address names this machine."""
    if host in (None, "", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every connection and every name look-up beyond loopback raise NetworkForbidden."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex
    real_getaddrinfo = socket.getaddrinfo

    def refuse_far(target: socket.socket, address: Any) -> None:
        if target.family != socket.AF_UNIX and not is_loopback(address[0]):
            raise NetworkForbidden(f"a test tried to reach {address}")

    def connect(self: socket.socket, address: Any) -> None:
        refuse_far(self, address)
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        refuse_far(self, address)
        return real_connect_ex(self, address)

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_loopback(host) and host not in ("0.0.0.0", "::"):
            raise NetworkForbidden(f"a test tried to look up {host!r}")
        return real_getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
