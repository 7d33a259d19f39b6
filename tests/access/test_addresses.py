"""Whom a request is counted for, and whom we believe about it."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from django.test import RequestFactory

from smartspawn.access.addresses import client_address, client_key, is_from_loopback


@pytest.fixture
def _behind_proxies(settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48")]


@pytest.mark.parametrize(
    ("remote_addr", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "local"),
        ("not an address", "local"),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(remote_addr: str, key: str) -> None:
    assert client_key(remote_addr, "") == key


def test_a_forwarded_header_from_a_stranger_is_not_believed() -> None:
    assert client_key("203.0.113.9", "198.51.100.1") == "203.0.113.9"


@pytest.mark.usefixtures("_behind_proxies")
@pytest.mark.parametrize(
    ("forwarded_for", "key"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        ("198.51.100.1, 2001:db8:ffff::5", "198.51.100.1"),
        ("6.6.6.6, unknown", "10.0.0.1"),
        ("6.6.6.6, ", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_behind_a_proxy_the_rightmost_hop_that_is_not_ours_counts(forwarded_for: str, key: str) -> None:
    assert client_key("10.0.0.1", forwarded_for) == key


@pytest.mark.usefixtures("_behind_proxies")
def test_a_client_that_reaches_us_past_the_proxies_is_counted_as_itself() -> None:
    assert client_key("203.0.113.9", "198.51.100.1") == "203.0.113.9"


@pytest.mark.usefixtures("_behind_proxies")
def test_a_very_long_header_is_read_from_its_right_end() -> None:
    assert client_key("10.0.0.1", "6.6.6.6, " * 10_000 + "198.51.100.1") == "198.51.100.1"


@pytest.mark.usefixtures("_behind_proxies")
def test_the_audit_log_gets_the_whole_address(rf: RequestFactory) -> None:
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="2001:db8:1:2:3:4:5:6")
    assert client_address(request) == "2001:db8:1:2:3:4:5:6"


@pytest.mark.parametrize("remote_addr", ["127.0.0.1", "::1", "127.8.8.8", "::ffff:127.0.0.1"])
def test_a_program_on_this_machine_is_recognised(rf: RequestFactory, remote_addr: str) -> None:
    assert is_from_loopback(rf.post("/", REMOTE_ADDR=remote_addr))


@pytest.mark.parametrize(
    "told",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
    ],
)
def test_whoever_came_through_a_proxy_or_a_browser_is_not(rf: RequestFactory, told: dict[str, str]) -> None:
    assert not is_from_loopback(rf.post("/", **told))
