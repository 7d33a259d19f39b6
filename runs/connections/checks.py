"""What a connection may be: its key, its address, its secret. Pure; raises InvalidParam with what to do."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from smartspawn.lib.addresses import AddressRule, may_connect, may_name
from smartspawn.lib.errors import InvalidParam

_KEY: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_SECRET_CHARS: Final = 1000
_RESERVED_KEYS: Final = frozenset({"new", "save", "breakers"})  # addresses of pages
_LOCAL_NAMES: Final = ("localhost",)
# Shorter secrets would be given away by their last four signs.
_SHORTEST_WITH_TAIL_CHARS: Final = 12


def check_key(key: str, *, reserved_suffix: str) -> None:
    """Raise unless the key can name a stored connection."""
    if not _KEY.fullmatch(key) or len(key) > 60:
        raise InvalidParam("A connection's key has small letters, digits and single hyphens: ollama-2.")
    if key in _RESERVED_KEYS:
        raise InvalidParam(f"'{key}' is no name for a connection: a page has it.")
    if key.endswith(reserved_suffix):
        raise InvalidParam(f"Keys that end in {reserved_suffix} belong to the environment's connections.")


def check_base_url(url: str, *, allows_private: bool, has_secret: bool) -> str:
    """The address without a slash at its end.

    Names are looked up when a call is made, and the address found is checked then, redirects included; what can
    be told from the address itself is told here, while there is somebody to read it.
    """
    parts = _split(url)
    host = (parts.hostname or "").lower()
    check_host(host, allows_private=allows_private)
    if parts.scheme == "http" and has_secret and not allows_private:
        raise InvalidParam("A key travels over https alone. Use https, or allow private addresses for a local server.")
    return url.strip().rstrip("/")


def check_host(host: str, *, allows_private: bool) -> None:
    """Raise where it can be told from a host, in small letters, that it will not be connected to."""
    if _is_private(host) and not allows_private:
        raise InvalidParam(f"{host} is on this machine or a private network. Allow private addresses for it first.")
    if not may_name(host) or (_is_literal(host) and not may_connect(host, AddressRule.PRIVATE_TOO)):
        raise InvalidParam(f"{host} is never connected to: machines keep their own credentials there.")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_usable = False
    if not is_usable or len(url) > 500 or not url.strip().isprintable() or " " in url.strip():
        raise InvalidParam("The address must look like https://models.example.org/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidParam("The address carries more than host and path. The key belongs into its own field.")
    return parts


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_private(host: str) -> bool:
    if not _is_literal(host):
        return host in _LOCAL_NAMES or host.endswith((".localhost", ".local", ".internal"))
    return may_connect(host, AddressRule.PRIVATE_TOO) and not may_connect(host, AddressRule.PUBLIC)


def is_same_origin(one: str, other: str) -> bool:
    """Whether a key that is good for one address may be sent to the other."""
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.netloc.lower()) == (second.scheme, second.netloc.lower())


def check_secret(secret: str) -> str:
    """The secret without spaces around it; what could not stand in a header is refused."""
    secret = secret.strip()
    if len(secret) > _LONGEST_SECRET_CHARS or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise InvalidParam("That is no API key: keys are one word of plain letters, digits and signs.")
    return secret


def tail_of(secret: str) -> str:
    """The last four signs, to tell keys apart; nothing of a key so short that they would give it away."""
    return secret[-4:] if len(secret) >= _SHORTEST_WITH_TAIL_CHARS else ""
