"""Client sessions, one for each rule of addresses, and the proxies that the environment names.

A connection is kept for the next call, so calls that may reach different addresses share none. Behind a
proxy the proxy looks names up and connects: there only what can be seen in the address itself is checked.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]  # stubs lack it

import aiohttp

from smartspawn.lib.addresses import AddressRule, may_connect, may_name
from smartspawn.lib.errors import AddressRefused, UpstreamFault, UpstreamUnreachable

# Node and uvicorn close an idle connection after 5 s; a request sent into that moment would be lost.
_KEEPALIVE_S: Final = 4.0
_NAME_MEMORY_S: Final = 10


class ForbiddenAddress(OSError):
    """The address about to be connected to is against the rule."""

    def __str__(self) -> str:
        return "an address that may not be reached"  # the same for all: told apart, they would map a private network


@dataclass(frozen=True, slots=True)
class Route:
    """The session to ask with, and the proxy to ask through."""

    session: aiohttp.ClientSession
    proxy: str | None


class Sessions:
    """The open sessions of a door, each made when it is first needed."""

    def __init__(self, *, most_connections: int, headers: Mapping[str, str]) -> None:
        self._most_connections = most_connections
        self._headers = headers
        self._proxies = getproxies_environment()  # read once: every call asks
        self._sessions: dict[AddressRule | None, aiohttp.ClientSession] = {}

    def route(self, scheme: str, host: str, rule: AddressRule) -> Route:
        """How to reach a host under a rule; raises AddressRefused for what can be seen before connecting."""
        if not may_name(host) or not _may_write(host, rule):
            raise AddressRefused(f"{host} may not be reached from here")
        # A model server next door is behind no proxy, whatever the environment says of the rest of the world.
        proxy = self._find_proxy(scheme, host) if _may_write(host, AddressRule.PUBLIC) else None
        # The proxy itself may stand anywhere: whoever set the environment chose it.
        return Route(self._session(None if proxy else rule), proxy)

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()

    def _find_proxy(self, scheme: str, host: str) -> str | None:
        if not self._proxies or proxy_bypass_environment(host, self._proxies):
            return None
        return self._proxies.get(scheme) or self._proxies.get("all")

    def _session(self, rule: AddressRule | None) -> aiohttp.ClientSession:
        if rule not in self._sessions:
            connector = aiohttp.TCPConnector(
                limit=self._most_connections,
                keepalive_timeout=_KEEPALIVE_S,
                ttl_dns_cache=_NAME_MEMORY_S,
                resolver=aiohttp.ThreadedResolver(),
                socket_factory=_guarded_socket(rule) if rule else None,
            )
            self._sessions[rule] = aiohttp.ClientSession(
                connector=connector,
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._sessions[rule]


def _guarded_socket(rule: AddressRule) -> Callable[[Any], socket.socket]:
    """Makes the socket for an address that is about to be connected to, unless the rule forbids it.

    This is the last moment before connecting, after every look-up: a name that changes its answer gains nothing.
    """

    def make(info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, address = info
        if not may_connect(str(address[0]), rule):
            raise ForbiddenAddress
        return socket.socket(family, kind, protocol)

    return make


def _may_write(host: str, rule: AddressRule) -> bool:
    """Whether a host that is written as a number, in any of its forms, may be reached."""
    if ":" in host:
        return may_connect(host, rule)
    try:
        packed = socket.inet_aton(host)  # also reads 2130706433, 0x7f.1 and 0177.0.0.1
    except OSError:
        name = host.lower().rstrip(".")
        is_loopback_name = name == "localhost" or name.endswith(".localhost")
        return rule is AddressRule.PRIVATE_TOO or not is_loopback_name
    return may_connect(socket.inet_ntoa(packed), rule)


# What happened, in words that do not change with the client library; the first that fits counts.
_HAPPENINGS: Final = (
    (aiohttp.ConnectionTimeoutError, "ConnectTimeout"),
    (aiohttp.SocketTimeoutError, "ReadTimeout"),
    (aiohttp.ClientConnectorCertificateError, "BadCertificate"),
    (aiohttp.ClientConnectorError, "ConnectError"),
    (aiohttp.InvalidURL, "InvalidAddress"),
)
_BEFORE_SENDING: Final = (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError, aiohttp.InvalidURL)


def translate(error: aiohttp.ClientError | ConnectionError, host: str) -> UpstreamFault:
    """What the client library raised, as an error of our own."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ForbiddenAddress):
        return AddressRefused(f"{host} may not be reached from here")
    happening = next((words for kind, words in _HAPPENINGS if isinstance(error, kind)), "ReadError")
    was_connected = not isinstance(error, _BEFORE_SENDING)
    return UpstreamUnreachable(f"{host} cannot be reached ({happening})", was_connected=was_connected)
