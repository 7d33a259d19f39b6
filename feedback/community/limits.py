"""How much may be reported, by everything that can be told of who reports: inventing instance ids gains nothing."""

from __future__ import annotations

from datetime import date, datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from feedback.community.models import NetworkSalt
from smartspawn.access.addresses import client_address, request_key
from smartspawn.access.limits import build_limiter, check_limit
from smartspawn.access.requests import actor_of

# What one household, office or hosting account gets is no more than this, and often less.
_IPV4_NETWORK_BITS: Final = 24
_IPV6_NETWORK_BITS: Final = 48
_INSTANCE_SALT: Final = "feedback.community.instance"


def check_reports(request: HttpRequest, instance: str) -> None:
    """Count one report against its instance, its client, its key, its network and the site.

    Raises TooManyRequests with the ancestor's words for the first of them that has used up its rate.
    """
    each = settings.COMMUNITY_RATE_LIMIT
    actor = actor_of(request)
    counted = [
        ("site", settings.COMMUNITY_SITE_RATE_LIMIT, "everybody"),
        ("network", settings.COMMUNITY_NETWORK_RATE_LIMIT, network_of(request)),
        ("client", each, request_key(request)),
        ("key", each, str(actor.key_id)) if actor.key_id is not None else None,
        ("instance", each, instance),
    ]
    for name, rate, key in reversed(list(filter(None, counted))):  # the narrowest first: it must not use up the others
        limiter = build_limiter(f"community-{name}", rate, settings.REDIS_URL)
        words = f"{rate.hit_count}/{_window(rate.window_s)}" if rate else ""
        check_limit(limiter, key, f"Rate limit exceeded ({words})")


def network_of(request: HttpRequest) -> str:
    """The network that a request comes from, as it is written; never kept."""
    return network_in(client_address(request))


def network_in(address: str) -> str:
    """The network of an address: the /24 of an IPv4, the /48 of an IPv6 one."""
    if not address:
        return "local"
    parsed = ip_address(address.partition("%")[0])
    bits = _IPV6_NETWORK_BITS if isinstance(parsed, IPv6Address) else _IPV4_NETWORK_BITS
    return str(ip_network((parsed, bits), strict=False))


def hash_network(network: str, month: date) -> str:
    """What is kept of a network: a hash that changes each month, and that nobody can make again afterwards."""
    salt, _ = NetworkSalt.objects.get_or_create(month=month)
    return salted_hmac(salt.salt, network, algorithm="sha256").hexdigest()


def hash_instance(instance_id: str) -> str:
    """What is kept of an instance's id."""
    return salted_hmac(_INSTANCE_SALT, instance_id, algorithm="sha256").hexdigest()


def month_of(moment: datetime) -> date:
    """The first day of the moment's month, in UTC."""
    return moment.date().replace(day=1)


def _window(seconds: int) -> str:
    return {3600: "hr", 60: "min", 86400: "day"}.get(seconds, f"{seconds} s")
