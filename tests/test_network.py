"""The guard that keeps the tests off the network is itself on guard."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.network import NetworkForbidden, is_loopback


def test_a_connection_beyond_this_machine_is_refused() -> None:
    with socket.socket() as client, pytest.raises(NetworkForbidden):
        client.connect(("192.0.2.1", 80))


def test_a_quiet_connection_attempt_is_refused_too() -> None:
    with socket.socket() as client, pytest.raises(NetworkForbidden):
        client.connect_ex(("192.0.2.1", 80))


def test_looking_up_a_foreign_name_is_refused() -> None:
    with pytest.raises(NetworkForbidden):
        socket.getaddrinfo("example.org", 443)


def test_an_asyncio_connection_is_refused() -> None:
    async def reach_out() -> None:
        await asyncio.open_connection("192.0.2.1", 80)

    with pytest.raises(NetworkForbidden):
        asyncio.run(reach_out())


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


@pytest.mark.parametrize(
    ("host", "is_here"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("a.b", False)],
)
def test_only_addresses_of_this_machine_count_as_loopback(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here
