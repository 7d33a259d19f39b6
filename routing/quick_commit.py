"""Quick writes, for rows that are made with most requests and of which the last few may be lost with the power."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from django.db import connection, models, transaction


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Write new rows of one table, each with its key set or left to the database.

    They go past the ORM, which takes five times as long to build the statement as the database to carry it out.
    """
    if not rows:
        return
    table = type(rows[0])
    fields = _fields_of(table)
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    into = connection.ops.quote_name(table._meta.db_table)  # noqa: SLF001  documented, whatever its name
    statement = f"INSERT INTO {into} ({names}) VALUES ({places})"  # noqa: S608  names of our own tables
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        if len(values) == 1:
            cursor.execute(statement, values[0])
        else:
            cursor.executemany(statement, values)


@cache
def _fields_of(table: type[models.Model]) -> tuple[models.Field, ...]:  # type: ignore[type-arg]  # of any kind
    """The columns to be written: all but a number that the database counts itself."""
    fields = table._meta.concrete_fields  # noqa: SLF001  documented, whatever its name
    return tuple(field for field in fields if not isinstance(field, models.AutoField))


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
