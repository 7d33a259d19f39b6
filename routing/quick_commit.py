"""Quick writes, for rows that are made with most requests and of which the last few may be lost with the power."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Lock

from django.db import connection, models, transaction

# SQLite lets one write at a time, and who finds it busy sleeps for a millisecond or more; a lock wakes at once.
_turn = Lock()


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Write new rows of one table, each with its key set or left to the database.

    They go past the ORM, which takes five times as long to build the statement as the database to carry it out.
    """
    if not rows:
        return
    statement, fields = _statement_for(type(rows[0]))
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


@cache
def _statement_for(table: type[models.Model]) -> tuple[str, tuple[models.Field, ...]]:  # type: ignore[type-arg]  # of any kind
    """The statement, and the columns that it writes: all but a number that the database counts itself."""
    options = table._meta  # noqa: SLF001  documented, whatever its name
    fields = tuple(field for field in options.concrete_fields if not isinstance(field, models.AutoField))
    quote = connection.ops.quote_name
    names, places = ", ".join(quote(str(field.column)) for field in fields), ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {quote(options.db_table)} ({names}) VALUES ({places})", fields  # noqa: S608  our own names


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
        with _turn, _unhurried_sqlite(), transaction.atomic():
            yield
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO OFF")
            yield


@contextmanager
def _unhurried_sqlite() -> Iterator[None]:
    """This connection without waiting for the disk, and as it was afterwards."""
    connection.ensure_connection()
    driver = connection.connection  # three statements without parameters need none of Django's care
    (before,) = driver.execute("PRAGMA synchronous").fetchone()
    driver.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA synchronous = {int(before)}")
