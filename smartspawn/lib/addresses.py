"""Which addresses may be connected to; pure, and asked about the address really connected to."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final


class AddressRule(StrEnum):
    """How far a call may reach."""

    PUBLIC = "public"  # the open internet alone
    PRIVATE_TOO = "private too"  # this machine and private networks as well, but never a cloud's metadata


# Where clouds hand out the machine's own credentials, beside the link-local range that most of them use.
_METADATA_ADDRESSES: Final = frozenset(
    {
        IPv4Address("168.63.129.16"),  # Azure's wire server: a public address that never leaves the host
        IPv4Address("100.100.100.200"),  # Alibaba
        IPv4Address("192.0.0.192"),  # Oracle, first generation
        IPv6Address("fd00:ec2::254"),  # Amazon
        IPv6Address("fd00:ec2::23"),  # Amazon, identities of pods
        IPv6Address("fd20:ce::254"),  # Google
        IPv6Address("fd00:c1::a9fe:a9fe"),  # Oracle
        IPv6Address("fd00:42::42"),  # Scaleway
    }
)
_METADATA_NAMES: Final = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.tencentyun.com",
        "metadata.azure.internal",
        "metadata.platformequinix.com",
        "metadata.packet.net",
        "rancher-metadata",
        "instance-data",
        "instance-data.ec2.internal",
    }
)
_PRIVATE_NETWORKS: Final = (
    IPv4Network("127.0.0.0/8"),
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("100.64.0.0/10"),  # carrier-grade NAT; Tailscale lives here
    IPv6Network("::1/128"),
    IPv6Network("fc00::/7"),
)
# What ``is_global`` of some supported Python still takes for the open internet.
_NOT_GLOBAL: Final = (
    IPv4Network("192.88.99.0/24"),  # relays from IPv6, given up
    IPv6Network("64:ff9b:1::/48"),  # NAT64 within one network
    IPv6Network("fec0::/10"),  # site-local, given up
    IPv6Network("3fff::/20"),  # documentation
    IPv6Network("5f00::/16"),  # segment routing
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE: Final = IPv6Network("::/96")
_ISATAP_MARKS: Final = frozenset({0x00005EFE, 0x02005EFE})


@lru_cache(maxsize=1024)
def may_connect(address: str, rule: AddressRule) -> bool:
    """Whether a numeric address may be connected to; what cannot be read may not."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_is_allowed(meant, rule) for meant in _meant_addresses(parsed))


def may_name(host: str) -> bool:
    """Whether a host's name is none of those behind which clouds keep a machine's credentials."""
    return host.lower().rstrip(".") not in _METADATA_NAMES


def _is_allowed(address: IPv4Address | IPv6Address, rule: AddressRule) -> bool:
    if address in _METADATA_ADDRESSES or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if rule is AddressRule.PRIVATE_TOO and any(address in network for network in _PRIVATE_NETWORKS):
        return True
    return address.is_global and not any(address in network for network in _NOT_GLOBAL)


def _meant_addresses(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    """The address itself, or those that it carries: a packet to one of these reaches an IPv4 host in the end."""
    if isinstance(address, IPv4Address):
        return (address,)
    carried = address.ipv4_mapped or address.sixtofour
    if carried:
        return (carried,)
    if address.teredo:
        return address.teredo  # the relay and the host behind it
    tail = IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):
        return (tail,)
    is_isatap = (int(address) >> 32) & 0xFFFFFFFF in _ISATAP_MARKS
    return (address, tail) if is_isatap else (address,)
