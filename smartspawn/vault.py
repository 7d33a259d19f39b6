"""Secrets at rest: sealed with a ring of keys, bound to what they are for, opened only where they are used.

The ring is ``SECRETS_KEYS`` (newest first) or, without it, a file of mode 0600 made on first start.
A field package is not used: those at hand return the sealed text as if it were the secret when the
key is wrong, and it would then be sent to a provider.
"""

from __future__ import annotations

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from smartspawn.lib.errors import SmartSpawnError
from smartspawn.lib.keyfile import read_or_create_secret


class SecretUnreadable(SmartSpawnError):
    """A sealed secret cannot be opened with the keys at hand."""

    code = "SECRET_UNREADABLE"


def seal(secret: str, *, purpose: str) -> str:
    """The secret, encrypted with the newest key; only the same purpose can open it."""
    return _ring().encrypt(msgspec.json.encode([purpose, secret])).decode()


def reveal(sealed: str, *, purpose: str) -> str:
    """The secret that was sealed for this purpose.

    Raises SecretUnreadable when no key fits or when it was sealed for something else.
    """
    try:
        sealed_purpose, secret = msgspec.json.decode(_ring().decrypt(sealed), type=tuple[str, str])
    except InvalidToken as error:
        raise SecretUnreadable(
            "A stored secret cannot be opened: the key it was sealed with is not in SECRETS_KEYS. "
            "Put the old key back (after the new one), or enter the secret again."
        ) from error
    if sealed_purpose != purpose:
        raise SecretUnreadable("A stored secret was sealed for something else and is not used here.")
    return secret


def _ring() -> MultiFernet:
    keys = settings.SECRETS_KEYS or [
        read_or_create_secret(settings.HOME_DIR / "secrets_key", lambda: Fernet.generate_key().decode())
    ]
    return MultiFernet([Fernet(key) for key in keys])
