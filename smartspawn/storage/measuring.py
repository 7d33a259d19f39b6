"""How much room things take: cheap at a million rows, and marked where it is an estimate."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.apps import apps
from django.conf import settings
from django.db import connection

# SQLite counts pages by reading the whole file: up to this size in a moment, beyond it rows are sampled.
_READ_WHOLE_BYTES: Final = 256 * 1024 * 1024
_SAMPLE_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table with its indexes."""

    row_count: int
    byte_count: int | None  # None: nobody knows
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class Room:
    """The disk that the site writes to, and how much of it the database takes."""

    free_bytes: int
    total_bytes: int
    database_bytes: int

    @property
    def is_low(self) -> bool:
        """Whether soon nothing can be written any more."""
        return self.free_bytes < settings.READYZ_DISK_FREE_MB * 1_000_000


def measure_room() -> Room:
    """The room on the disk of SMARTSPAWN_HOME, and the size of the database."""
    usage = shutil.disk_usage(Path(settings.HOME_DIR))
    return Room(usage.free, usage.total, _database_bytes())


def measure_tables(tables: Collection[str]) -> Mapping[str, TableSize]:
    """These tables, by name; one that is not there is left out."""
    there = {model._meta.db_table for model in apps.get_models()}  # noqa: SLF001 - Django's documented interface
    wanted = sorted(set(tables) & there)
    return _measure_postgres(wanted) if connection.vendor == "postgresql" else _measure_sqlite(wanted)


def _database_bytes() -> int:
    asked = "SELECT pg_database_size(current_database())"
    if connection.vendor != "postgresql":
        asked = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return int(cursor.fetchone()[0])


def _measure_postgres(tables: Collection[str]) -> dict[str, TableSize]:
    """Rows as the server last counted them, never by reading the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, GREATEST(c.reltuples, s.n_live_tup, 0), pg_total_relation_size(c.oid) FROM pg_class c"
            " LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.relkind = 'r' AND c.relname = ANY(%s)",
            [list(tables)],
        )
        return {name: TableSize(int(rows), int(size), is_estimate=True) for name, rows, size in cursor.fetchall()}


def _measure_sqlite(tables: Collection[str]) -> dict[str, TableSize]:
    """Rows by their numbers, which is at most too many; bytes by pages, or by the newest rows of a large file."""
    spans = _rows_at_most(tables)
    pages = _bytes_by_pages() if _database_bytes() <= _READ_WHOLE_BYTES else None
    if pages is not None:
        return {table: TableSize(spans[table], pages.get(table, 0), is_estimate=True) for table in tables}
    return {table: TableSize(spans[table], _sampled_bytes(table, spans[table]), is_estimate=True) for table in tables}


def _rows_at_most(tables: Collection[str]) -> dict[str, int]:
    """Two look-ups in each table's tree, in one question. Rows that went from the middle are counted."""
    if not tables:
        return {}
    quote = connection.ops.quote_name
    span = "SELECT %s, (SELECT MAX(rowid) FROM {0}), (SELECT MIN(rowid) FROM {0})"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(span.format(quote(table)) for table in tables), list(tables))
        return {table: 0 if last is None else last - first + 1 for table, last, first in cursor.fetchall()}


def _bytes_by_pages() -> dict[str, int] | None:
    """The bytes of each table with its indexes; None where this SQLite cannot tell."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'")
        if cursor.fetchone() is None:
            return None
        cursor.execute(
            "SELECT m.tbl_name, SUM(d.pgsize) FROM dbstat d JOIN sqlite_master m ON m.name = d.name"
            " WHERE d.aggregate = TRUE GROUP BY m.tbl_name"
        )
        return {name: int(size) for name, size in cursor.fetchall()}


def _sampled_bytes(table: str, row_count: int) -> int:
    """The newest rows' length times the rows; indexes not counted."""
    model = next(model for model in apps.get_models() if model._meta.db_table == table)  # noqa: SLF001 - documented
    quote = connection.ops.quote_name
    columns = [quote(str(field.column)) for field in model._meta.concrete_fields]  # noqa: SLF001 - documented
    length = " + ".join(f"COALESCE(LENGTH(CAST({column} AS BLOB)), 1)" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT AVG(size) FROM (SELECT {length} AS size FROM {quote(table)} ORDER BY rowid DESC LIMIT %s)",  # noqa: S608 - our own names
            [_SAMPLE_ROWS],
        )
        average = cursor.fetchone()[0]
    return round((average or 0) * row_count)
