"""Every connection as this process knows it: read again when one changed, looked at every two seconds.

The secrets are opened once and stay in this process's memory; they leave it through ``reveal_secret`` alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import Count, Max

from runs.connections.environment import SUFFIX, environment_key, environment_providers, environment_secret
from runs.connections.listed import read_rows
from runs.connections.shapes import ConnectionSource, Place
from runs.models import Connection
from runs.providers.known import KnownProvider, find_known_provider
from runs.shapes import Protocol
from smartspawn.lib.errors import Conflict, NotFound
from smartspawn.vault import SecretUnreadable, reveal

# For so long another process's change may go unseen; a run of a thousand nodes asks a thousand times.
KEPT_S: Final = 2.0

Stamp = tuple[int, datetime | None, int]


class ConnectionUnusable(Conflict):
    """The connection exists, but nothing can be sent over it."""

    code = "CONNECTION_UNUSABLE"


@dataclass(frozen=True, slots=True)
class Held:
    """All connections at one moment."""

    stamp: Stamp
    places: tuple[Place, ...]
    secrets: Mapping[str, str] = field(repr=False)


_lock = threading.Lock()
_held: Held | None = None
_checked_at_s = 0.0


def current_places() -> tuple[Place, ...]:
    """Every connection, the switched-off ones among them; reads the database at most every two seconds."""
    return current().places


def current() -> Held:
    """What this process holds; the same object as long as nothing changed."""
    global _held, _checked_at_s  # noqa: PLW0603  one set of connections per process; immutable and swapped whole
    held = _held
    if held is not None and time.monotonic() - _checked_at_s < KEPT_S:
        return held
    with _lock:
        stamp = _stamp()
        if _held is None or _held.stamp != stamp:
            _held = _load(stamp)
        _checked_at_s = time.monotonic()
        return _held


def forget() -> None:
    """Have the next question look again: called after every change, once it is committed."""
    global _checked_at_s, _held
    _held, _checked_at_s = None, 0.0


def reveal_secret(connection_key: str) -> str:
    """The key that opens this connection, empty where it needs none; for those who make the call alone.

    Raises NotFound, and ConnectionUnusable for one that is switched off or whose key cannot be opened.
    """
    held = current()
    place = next((place for place in held.places if place.key == connection_key), None)
    if place is None:
        raise NotFound(f"There is no connection '{connection_key[:60]}'.")
    if place.problem:
        raise ConnectionUnusable(f"The connection {place.title} cannot be used: {place.problem}")
    return held.secrets.get(connection_key, "")


def purpose_of(connection_key: str) -> str:
    """What a connection's secret is sealed for."""
    return f"connection:{connection_key}"


def _stamp() -> Stamp:
    seen = Connection.objects.aggregate(count=Count("pk"), latest=Max("updated_at"))
    return int(seen["count"]), seen["latest"], hash((tuple(settings.SECRETS_KEYS), *settings.PROVIDER_KEYS.values()))


def _load(stamp: Stamp) -> Held:
    rows = {row.key: row for row in Connection.objects.order_by("key")}
    secrets: dict[str, str] = {}
    places = [_stored_place(row, secrets) for row in rows.values() if not row.key.endswith(SUFFIX)]
    places += [_environment_place(provider, rows, secrets) for provider in environment_providers()]
    return Held(stamp, tuple(places), secrets)


def _stored_place(row: Connection, secrets: dict[str, str]) -> Place:
    provider = find_known_provider(row.provider)
    problem = "" if row.is_enabled else "It is switched off."
    try:
        secrets[row.key] = reveal(row.sealed_secret, purpose=purpose_of(row.key)) if row.sealed_secret else ""
    except SecretUnreadable as error:
        problem = error.message
    if provider.needs_key and not row.sealed_secret:
        problem = problem or "It has no key."
    return Place(
        key=row.key,
        title=row.title,
        provider=provider,
        protocol=Protocol(row.protocol),
        base_url=row.base_url,
        source=ConnectionSource.STORED,
        is_simulator=row.is_simulator,
        allows_private=row.allows_private,
        priority=row.priority,
        listed=read_rows(row.served_models) if row.listed_at or row.served_models else None,
        problem=problem,
    )


def _environment_place(provider: KnownProvider, rows: Mapping[str, Connection], secrets: dict[str, str]) -> Place:
    key = environment_key(provider)
    secrets[key] = environment_secret(provider)
    row = rows.get(key)  # keeps what a test found and what was listed, nothing else
    return Place(
        key=key,
        title=provider.title,
        provider=provider,
        protocol=provider.protocol,
        base_url=provider.base_url,
        source=ConnectionSource.ENVIRONMENT,
        listed=read_rows(row.served_models) if row is not None and row.listed_at else None,
    )
