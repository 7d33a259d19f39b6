"""Commits that do not wait for the disk, for rows of which the last few may be lost with the power."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def quick_commit() -> Iterator[None]:
    """A transaction that is safe from any crash of ours, and from one of the machine a moment later.

    Waiting for the disk takes longer than making a decision, and on SQLite everybody who writes waits along.
    The database stays whole whatever happens, and a later commit that does wait secures this one, too.
    Within another transaction it is part of that one.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    elif connection.vendor == "sqlite":
        with _unhurried_sqlite(), transaction.atomic():
            yield
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO OFF")
            yield


@contextmanager
def _unhurried_sqlite() -> Iterator[None]:
    """This connection without waiting for the disk, and as it was afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        (before,) = cursor.fetchone()
        cursor.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA synchronous = {int(before)}")
