"""Which addresses may be connected to: every way to write a place that is nobody's business."""

from __future__ import annotations

import pytest

from smartspawn.lib.addresses import AddressRule, may_connect, may_name

NOWHERE = [
    # --- clouds' metadata, also where private addresses are allowed
    "169.254.169.254",  # Amazon, Google, Azure, Oracle, DigitalOcean, Hetzner
    "169.254.170.2",  # Amazon, containers
    "169.254.170.23",  # Amazon, identities of pods
    "169.254.0.23",  # Tencent
    "169.254.42.42",  # Scaleway
    "100.100.100.200",  # Alibaba
    "168.63.129.16",  # Azure's wire server: public by its number
    "192.0.0.192",  # Oracle, first generation
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
    "fe80::a9fe:a9fe",  # OpenStack
    "fe80::1%eth0",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "64:ff9b::6464:64c8",  # Alibaba behind NAT64
    # --- nothing that serves anybody
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "255.255.255.255",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "240.0.0.1",
    "192.0.2.7",
    "198.51.100.7",
    "203.0.113.7",
    "2001:db8::1",
    "3fff::1",
    "192.88.99.1",
    "198.18.0.1",
    "fec0::1",
    "5f00::1",
    "100::1",
    "64:ff9b:1::a00:1",
    "::ffff:0.0.0.0",
    # --- no addresses
    "",
    "localhost",
    "1.2.3",
    "999.1.1.1",
    "127.0.0.1.",
]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.254",
    "::1",
    "fc00::1",
    "fdab::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::a00:1",  # NAT64 of 10.0.0.1
    "2002:a00:1::",  # 6to4 of 10.0.0.1
    "2002:7f00:1::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "104.18.2.115",
    "172.32.0.1",
    "100.128.0.1",
    "192.0.1.1",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", NOWHERE)
@pytest.mark.parametrize("rule", AddressRule)
def test_some_addresses_are_never_connected_to(address: str, rule: AddressRule) -> None:
    assert not may_connect(address, rule)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_connected_to_where_they_are_allowed(address: str) -> None:
    assert may_connect(address, AddressRule.PRIVATE_TOO)
    assert not may_connect(address, AddressRule.PUBLIC)


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("rule", AddressRule)
def test_the_open_internet_is_open(address: str, rule: AddressRule) -> None:
    assert may_connect(address, rule)


@pytest.mark.parametrize(
    ("relay", "host", "is_allowed"),
    [(0x08080808, 0x01010101, True), (0x0A000001, 0x01010101, False), (0x08080808, 0x0A000001, False)],
)
def test_of_a_teredo_address_both_ends_count(relay: int, host: int, is_allowed: bool) -> None:
    address = (
        f"2001:0:{relay >> 16:x}:{relay & 0xFFFF:x}::{(host ^ 0xFFFFFFFF) >> 16:x}:{(host ^ 0xFFFFFFFF) & 0xFFFF:x}"
    )
    assert may_connect(address, AddressRule.PUBLIC) is is_allowed


def test_an_address_within_an_interface_identifier_counts() -> None:
    assert not may_connect("2606:4700::5efe:a00:1", AddressRule.PUBLIC)
    assert may_connect("2606:4700::5efe:808:808", AddressRule.PUBLIC)


@pytest.mark.parametrize(
    "name",
    ["metadata.google.internal", "METADATA.google.internal.", "metadata", "instance-data", "metadata.tencentyun.com"],
)
def test_names_of_metadata_servers_are_refused(name: str) -> None:
    assert not may_name(name)


def test_other_names_are_not() -> None:
    assert may_name("openrouter.ai")
    assert may_name("metadata.example.org")
