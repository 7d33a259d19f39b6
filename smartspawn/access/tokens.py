"""Tokens that open something: random, shown once, kept only as a digest under a key of their own purpose."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

KEY_MARK = "ss_"
_SECRET_BYTES = 32  # 256 bits: nobody guesses it, so a fast digest is enough
_PREFIX_BYTES = 4
KEY_PREFIX_CHARS = len(KEY_MARK) + 2 * _PREFIX_BYTES


def make_secret() -> str:
    """Random text that can stand in an address."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def make_key_token() -> str:
    """A new API key: ``ss_``, eight characters by which it is found, and the secret."""
    return f"{KEY_MARK}{secrets.token_hex(_PREFIX_BYTES)}_{make_secret()}"


def key_prefix(token: str) -> str:
    """The part of an API key that may be shown and stored as it is."""
    return token[:KEY_PREFIX_CHARS]


def digest(token: str, *, purpose: str) -> str:
    """What is stored in place of the token."""
    return _digest(token, purpose, settings.SECRET_KEY)


def digests(token: str, *, purpose: str) -> list[str]:
    """The digests that may be stored for the token: under the present secret key and the former ones."""
    return [_digest(token, purpose, secret) for secret in _secret_keys()]


def is_digest_of(stored: str, token: str, *, purpose: str) -> bool:
    """Whether the stored digest is this token's, compared in constant time."""
    return any(constant_time_compare(stored, candidate) for candidate in digests(token, purpose=purpose))


def _secret_keys() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS


def _digest(token: str, purpose: str, secret: str) -> str:
    return salted_hmac(f"smartspawn.access.{purpose}", token, secret=secret, algorithm="sha256").hexdigest()
