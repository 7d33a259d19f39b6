"""The key in whose name the daemon's port works: an ordinary one, with a daily cap, that can be revoked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from django.conf import settings

from runs.ledger.caps import set_cap
from runs.ledger.windows import DAY, key_scope
from runs.money import to_nano
from smartspawn.access.keys import create_key, find_key_actor
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor, Role, Scope
from smartspawn.lib.errors import Conflict, NotSignedIn
from smartspawn.lib.keyfile import read_or_create_secret

# What Swarm lets its daemon spend in a day where nothing else is said.
DEFAULT_MAX_DAILY_USD: Final = Decimal(5)
_SCOPES: Final = frozenset({Scope.CATALOG_READ, Scope.RUNS_READ, Scope.RUNS_WRITE})


def key_path() -> Path:
    """Where the key is kept, for this system's user alone."""
    return Path(settings.HOME_DIR) / "swarm-daemon.key"


def daemon_key() -> tuple[str, Actor]:
    """The key and who acts by it; made at the first use, in the name of the first admin.

    Raises Conflict while there is no admin, and NotSignedIn once the key was revoked: that is a person's word,
    and no new one is made in its place.
    """
    token = read_or_create_secret(key_path(), _make)
    actor = find_key_actor(token)
    if actor is None:
        raise NotSignedIn(f"The key of the daemon's port was revoked. Remove {key_path()} to have another made.")
    return token, actor


def set_daily_cap(max_usd: Decimal) -> None:
    """Let the daemon's port spend at most this in a day (UTC), from now on."""
    _, actor = daemon_key()
    if actor.key_id is not None:
        _cap(_first_admin().as_actor(), actor.key_id, max_usd)


def _make() -> str:
    admin = _first_admin().as_actor()
    made = create_key(actor=admin, name="Swarm daemon", scopes=_SCOPES, expires_at=None)
    _cap(admin, made.key_id, DEFAULT_MAX_DAILY_USD)
    return made.token


def _cap(admin: Actor, key_id: int, max_usd: Decimal) -> None:
    set_cap(
        actor=admin, scope=key_scope(key_id), kind=DAY, cap_nano_usd=to_nano(max_usd), why="Daily limit of the daemon"
    )


def _first_admin() -> User:
    admin = User.objects.filter(is_active=True, role=Role.ADMIN).order_by("pk").first()
    if admin is None:
        raise Conflict("There is no admin yet in whose name to work: sign in to the site once.")
    return admin
