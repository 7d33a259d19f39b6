"""Sealing every connection's key anew, with the newest key of the ring."""

from __future__ import annotations

from runs.connections.held import forget, purpose_of
from runs.models import Connection
from smartspawn.vault import SecretUnreadable, reveal, seal


def reseal_connections() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The connections whose keys are sealed with the newest key now, and those whose keys nothing opens.

    May be stopped and started again at any moment; a key that somebody replaces meanwhile stays as replaced.
    """
    resealed: list[str] = []
    unreadable: list[str] = []
    for row in Connection.objects.exclude(sealed_secret="").order_by("key"):
        try:
            secret = reveal(row.sealed_secret, purpose=purpose_of(row.key))
        except SecretUnreadable:
            unreadable.append(row.key)
            continue
        unchanged = Connection.objects.filter(pk=row.pk, sealed_secret=row.sealed_secret)
        unchanged.update(sealed_secret=seal(secret, purpose=purpose_of(row.key)))
        resealed.append(row.key)
    forget()
    return tuple(resealed), tuple(unreadable)
