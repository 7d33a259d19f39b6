"""Where a request really comes from: forwarded headers count only when a configured proxy sent them."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# One subscriber line usually holds a whole /64, so its addresses are one client.
_IPV6_CLIENT_BITS = 64
# What a header may say; only its right end counts, and answers are remembered by it.
_MAX_FORWARDED_CHARS = 500
_FORWARDED_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


def client_key(remote_addr: str, forwarded_for: str = "") -> str:
    """The key under which a client's requests are counted: its IPv4 address or its IPv6 /64 network."""
    proxies = tuple(settings.TRUSTED_PROXIES)
    return _client_key(remote_addr, forwarded_for[-_MAX_FORWARDED_CHARS:] if proxies else "", proxies)


def client_address(request: HttpRequest) -> str:
    """The address of the client itself, for the audit log; empty when it has none (a local socket)."""
    return address_of(*_hops(request))


def address_of(remote_addr: str, forwarded_for: str = "") -> str:
    """The same from what a server knows of a request."""
    client = _client(remote_addr, forwarded_for, tuple(settings.TRUSTED_PROXIES))
    return "" if client is None else str(client)


def request_key(request: HttpRequest) -> str:
    """The client key of a Django request."""
    return client_key(*_hops(request))


def is_from_trusted_proxy(request: HttpRequest) -> bool:
    """Whether a configured proxy handed this request over, so that its headers may be believed."""
    return is_trusted_proxy(request.META.get("REMOTE_ADDR", ""))


def is_trusted_proxy(remote_addr: str) -> bool:
    """Whether this is the address of a configured proxy."""
    peer = _parse(remote_addr)
    return peer is not None and _is_in(peer, tuple(settings.TRUSTED_PROXIES))


def is_from_loopback(request: HttpRequest) -> bool:
    """Whether a program on this machine asks: not through any proxy, and not a web page in a browser here."""
    peer = _parse(request.META.get("REMOTE_ADDR", ""))
    if peer is None or not peer.is_loopback:
        return False
    # A browser on this machine would carry any web page's request here; it always says whose it is.
    told = (*_FORWARDED_HEADERS, "HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE")
    return not any(request.META.get(header) for header in told)


def _hops(request: HttpRequest) -> tuple[str, str]:
    return request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")


@lru_cache(maxsize=4096)
def _client_key(remote_addr: str, forwarded_for: str, proxies: tuple[Network, ...]) -> str:
    client = _client(remote_addr, forwarded_for, proxies)
    if client is None:
        return "local"
    if isinstance(client, IPv6Address):
        return str(ip_network((client, _IPV6_CLIENT_BITS), strict=False))
    return str(client)


def _client(remote_addr: str, forwarded_for: str, proxies: tuple[Network, ...]) -> Address | None:
    """The right-most hop that is not one of our proxies; what stands left of it is hearsay."""
    client = _parse(remote_addr)
    hops = forwarded_for.split(",") if forwarded_for else []
    while client is not None and hops and _is_in(client, proxies):
        hop = _parse(hops.pop())
        if hop is None:  # the proxy could not say; count its clients as one rather than guess
            break
        client = hop
    return client


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _parse(text: str) -> Address | None:
    """The address in ``1.2.3.4``, ``1.2.3.4:80``, ``::1``, ``[::1]:80`` or ``fe80::1%eth0``."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
