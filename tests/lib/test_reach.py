"""The rule of addresses where it counts: at the connection, whatever the name said before."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.errors import AddressRefused, UpstreamFault, UpstreamRefused
from smartspawn.lib.http import Patience, open_door
from tests.network import NetworkForbidden
from tests.scripted import Request, Server, reply_json, serve

QUICK = Patience(connect_s=0.5, read_s=0.5, total_s=2, attempts=1)
PRIVATE, PUBLIC = AddressRule.PRIVATE_TOO, AddressRule.PUBLIC


def visit(url: str, rule: AddressRule) -> Server:
    """Ask for an address, with PORT replaced by that of a server on loopback; the server with what it saw."""

    async def go() -> Server:
        async with serve(reply_json({"reached": True})) as server, open_door() as door:
            port = server.url.rpartition(":")[2]
            await door.get(url.replace("PORT", port), rule=rule, patience=QUICK)
            return server

    return asyncio.run(go())


LOOPBACK_FORMS = [
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0x7f000001:PORT/",
    "http://2130706433:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST.:PORT/",
    "http://a.localhost:PORT/",
    "http://user:pass@127.0.0.1:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127。0。0。1:PORT/",
]


@pytest.mark.parametrize("url", LOOPBACK_FORMS)
def test_this_machine_is_out_of_reach_however_it_is_written(url: str) -> None:
    with pytest.raises(AddressRefused):
        visit(url, PUBLIC)


METADATA_FORMS = [
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://metadata.google.internal/",
    "http://metadata/",
]


@pytest.mark.parametrize("url", METADATA_FORMS)
def test_metadata_is_out_of_reach_even_where_private_addresses_are_not(url: str) -> None:
    with pytest.raises(AddressRefused):
        visit(url, PRIVATE)


def test_private_addresses_can_be_allowed() -> None:
    assert len(visit("http://127.0.0.1:PORT/", PRIVATE).requests) == 1
    assert len(visit("http://localhost:PORT/", PRIVATE).requests) == 1


def test_an_address_is_public_unless_the_caller_says_otherwise() -> None:
    async def go() -> None:
        async with serve(reply_json({})) as server, open_door() as door:
            with pytest.raises(AddressRefused):
                await door.get(server.url, patience=QUICK)
            with pytest.raises(AddressRefused):
                await door.send_json(server.url, b"{}")
            assert server.connection_count == 0

    asyncio.run(go())


# --- names -----------------------------------------------------------------------------------


def answer_names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Every look-up gets the next of these answers, the last for ever; says what was looked up."""
    asked: list[str] = []

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(str(host))
        addresses = answers[min(len(asked), len(answers)) - 1]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.9", "::1", "fd00::1"])
def test_a_public_name_for_a_private_address_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_names(monkeypatch, [address])
    with pytest.raises(AddressRefused, match=r"rebound\.example"):
        visit("http://rebound.example:PORT/", PUBLIC)


def test_the_refusal_does_not_tell_where_a_name_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_names(monkeypatch, ["10.1.2.3"])
    with pytest.raises(AddressRefused) as refused:
        visit("http://intranet.example:PORT/", PUBLIC)
    assert "10.1.2.3" not in str(refused.value)


def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: a public address when it is checked, a private one when it is connected to."""
    monkeypatch.setattr("smartspawn.lib.sessions._NAME_MEMORY_S", 0)
    answer_names(monkeypatch, ["8.8.8.8"], ["127.0.0.1"], ["8.8.8.8"], ["127.0.0.1"])

    async def go() -> None:
        async with serve(reply_json({})) as server, open_door() as door:
            port = server.url.rpartition(":")[2]
            for _ in range(6):
                with pytest.raises((AddressRefused, NetworkForbidden)):
                    await door.get(f"http://rebound.example:{port}/", patience=QUICK)
            assert server.connection_count == 0

    asyncio.run(go())


def test_a_name_with_a_public_and_a_private_address_does_not_lead_to_the_private_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer_names(monkeypatch, ["8.8.8.8", "127.0.0.1"])

    async def go() -> None:
        async with serve(reply_json({})) as server, open_door() as door:
            port = server.url.rpartition(":")[2]
            with pytest.raises((UpstreamFault, NetworkForbidden)):
                await door.get(f"http://both.example:{port}/", patience=QUICK)
            assert server.connection_count == 0

    asyncio.run(go())


def test_a_connection_made_for_one_rule_serves_no_other() -> None:
    async def go() -> None:
        async with serve(reply_json({})) as server, open_door() as door:
            await door.get(server.url, patience=QUICK, rule=PRIVATE)
            with pytest.raises(AddressRefused):
                await door.get(server.url, patience=QUICK, rule=PUBLIC)
            assert len(server.requests) == 1

    asyncio.run(go())


# --- redirects -------------------------------------------------------------------------------


def redirecting(target: str) -> Any:
    async def answer(request: Request) -> None:
        request.head(302, {"Location": target, "Content-Length": "0"})

    return answer


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/", "http://0xa9fea9fe/", "http://metadata.google.internal/", "http://[::]/"],
)
def test_a_redirect_to_metadata_is_refused(target: str) -> None:
    async def go() -> None:
        async with serve(redirecting(target)) as server, open_door() as door:
            with pytest.raises(AddressRefused):
                await door.get(f"{server.url}/start", patience=QUICK, rule=PRIVATE)

    asyncio.run(go())


def test_a_redirect_from_a_public_place_to_a_private_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_names(monkeypatch, ["127.0.0.1"])
    # The first place stands for a public one, though it is on this machine like everything in a test.
    verdicts = iter([True])
    monkeypatch.setattr("smartspawn.lib.sessions.may_connect", lambda address, rule: next(verdicts, False))

    async def go() -> None:
        async with serve(reply_json({})) as inside, open_door() as door:
            inside_port = inside.url.rpartition(":")[2]
            async with serve(redirecting(f"http://inside.example:{inside_port}/secret")) as public:
                port = public.url.rpartition(":")[2]
                with pytest.raises(AddressRefused, match=r"inside\.example"):
                    await door.get(f"http://public.example:{port}/start", patience=QUICK)
                assert len(public.requests) == 1
                assert inside.connection_count == 0

    asyncio.run(go())


# --- proxies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://0x7f.1/", "http://169.254.169.254/", "http://localhost/"])
def test_behind_a_proxy_what_is_written_is_still_checked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    async def go() -> None:
        async with serve(reply_json({}, 404)) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url)
            async with open_door() as door:
                with pytest.raises(AddressRefused):
                    await door.get(url, patience=QUICK)
                with pytest.raises(UpstreamRefused):  # a private proxy is the administrator's own choice
                    await door.get("http://somewhere.example/", patience=QUICK)
            assert [request.path for request in proxy.requests] == ["http://somewhere.example/"]

    asyncio.run(go())


def test_what_is_next_door_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    async def go() -> None:
        async with serve(reply_json({}, 404)) as proxy, serve(reply_json({})) as model_server:
            monkeypatch.setenv("http_proxy", proxy.url)
            async with open_door() as door:
                await door.get(model_server.url, patience=QUICK, rule=PRIVATE)
            assert len(model_server.requests) == 1
            assert proxy.connection_count == 0

    asyncio.run(go())
