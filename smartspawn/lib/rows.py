"""Rows written past the ORM, which takes six times as long as the database for tables as wide as the ledger.

The statements are made once, from the tables' own columns; what is written goes in as parameters alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import AutoField, Field, ForeignKey, Model

Row = Mapping[str, object]
# What databases take in a form of their own; numbers and texts they take as they are.
_ADAPTED: Final = ("DateField", "DateTimeField", "UUIDField")


def insert_rows(model: type[Model], rows: Sequence[Row]) -> None:
    """Add these rows; a field that a row does not name gets its default."""
    _execute(model, _insert_statement(model, connection.vendor), rows)


def add_to_rows(model: type[Model], rows: Sequence[Row], *, key: tuple[str, ...], sums: tuple[str, ...]) -> None:
    """Add each row, or its sums to those of the row with the same key. No sum may be negative."""
    _execute(model, _upsert_statement(model, key, sums, connection.vendor), rows)


def replace_rows(model: type[Model], rows: Sequence[Row], *, key: tuple[str, ...]) -> None:
    """Add each row; one with the same key takes all its values."""
    _execute(model, _replace_statement(model, key, connection.vendor), rows)


def update_rows(model: type[Model], rows_by_id: Mapping[Any, Row]) -> None:
    """Give the rows with these primary keys new values, in the same columns each."""
    if not rows_by_id:
        return
    names = tuple(next(iter(rows_by_id.values())))
    plan = _plan(model, names, connection.vendor)
    adapt = _adapter(_key_field(model)) or _as_it_is
    rows = [[*_parameters(plan, row), adapt(row_id)] for row_id, row in rows_by_id.items()]
    with connection.cursor() as cursor:
        cursor.executemany(_update_statement(model, names, connection.vendor), rows)


def adapted(model: type[Model], name: str, value: object) -> Any:
    """A value of this column as the database takes it, for a statement that is written out."""
    adapt = _adapter(_field(model, name))
    return value if adapt is None or value is None else adapt(value)


def marks(count: int) -> str:
    """Places for so many parameters in a list."""
    return ", ".join(["%s"] * count)


def _execute(model: type[Model], statement: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    plan = _plan(model, _names(model), connection.vendor)
    with connection.cursor() as cursor:
        cursor.executemany(statement, [_parameters(plan, row) for row in rows])


@dataclass(frozen=True, slots=True)
class _Plan:
    """How rows of a table become parameters."""

    defaults: Row
    values_of: Callable[[Row], tuple[Any, ...]]  # in the order of the columns
    adapters: tuple[tuple[int, Callable[[Any], Any]], ...]  # by the column's place


def _parameters(plan: _Plan, row: Row) -> list[Any]:
    whole = {**plan.defaults, **row}
    if len(whole) != len(plan.defaults):
        raise TypeError(f"no such column: {', '.join(sorted(row.keys() - plan.defaults.keys()))}")
    values = list(plan.values_of(whole))
    for place, adapt in plan.adapters:
        if values[place] is not None:
            values[place] = adapt(values[place])
    return values


@lru_cache(maxsize=32)
def _plan(model: type[Model], names: tuple[str, ...], _vendor: str) -> _Plan:
    by_name = {field.attname: field for field in _fields(model)}
    fields = [by_name[name] for name in names]
    adapters = ((place, _adapter(field)) for place, field in enumerate(fields))
    return _Plan(
        defaults={field.attname: field.get_default() for field in fields},
        values_of=itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],),
        adapters=tuple((place, adapt) for place, adapt in adapters if adapt is not None),
    )


@lru_cache(maxsize=16)
def _names(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in _fields(model))


@lru_cache(maxsize=64)
def _adapter(field: Field[Any, Any]) -> Callable[[Any], Any] | None:
    kind = (field.target_field if isinstance(field, ForeignKey) else field).get_internal_type()
    if kind == "JSONField":
        return _json_text  # both databases read it from text
    if kind not in _ADAPTED:
        return None
    if kind == "UUIDField":  # nearly all of a batch differ: nothing to remember
        return None if connection.features.has_native_uuid_field else _hex_of

    # Instants, days and runs are the same in a whole batch.
    @lru_cache(maxsize=64)
    def adapt(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    return adapt


def _as_it_is(value: Any) -> Any:
    return value


def _hex_of(value: Any) -> Any:
    return value.hex if isinstance(value, UUID) else UUID(value).hex


def _json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _fields(model: type[Model]) -> list[Field[Any, Any]]:
    options = model._meta  # noqa: SLF001 - Django's documented interface to a table
    return [field for field in options.concrete_fields if not isinstance(field, AutoField)]


@lru_cache(maxsize=64)
def _field(model: type[Model], name: str) -> Field[Any, Any]:
    field = model._meta.get_field(name)  # noqa: SLF001 - Django's documented interface to a table
    if not isinstance(field, Field):
        raise TypeError(f"{name} is no column of {model.__name__}")
    return field


def _key_field(model: type[Model]) -> Field[Any, Any]:
    return model._meta.pk  # noqa: SLF001 - Django's documented interface to a table


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001 - Django's documented interface to a table


@lru_cache(maxsize=16)
def _insert_statement(model: type[Model], _vendor: str) -> str:
    quote = connection.ops.quote_name
    columns = [quote(str(field.column)) for field in _fields(model)]
    return f"INSERT INTO {_table(model)} ({', '.join(columns)}) VALUES ({marks(len(columns))})"  # noqa: S608 - our own names


@lru_cache(maxsize=16)
def _upsert_statement(model: type[Model], key: tuple[str, ...], sums: tuple[str, ...], vendor: str) -> str:
    quote = connection.ops.quote_name
    table = _table(model)
    added = ", ".join(f"{quote(name)} = {table}.{quote(name)} + excluded.{quote(name)}" for name in sums)
    conflict = ", ".join(map(quote, key))
    return f"{_insert_statement(model, vendor)} ON CONFLICT ({conflict}) DO UPDATE SET {added}"


@lru_cache(maxsize=16)
def _replace_statement(model: type[Model], key: tuple[str, ...], vendor: str) -> str:
    quote = connection.ops.quote_name
    columns = [quote(str(field.column)) for field in _fields(model) if field.column not in key]
    replaced = ", ".join(f"{column} = excluded.{column}" for column in columns)
    conflict = ", ".join(map(quote, key))
    return f"{_insert_statement(model, vendor)} ON CONFLICT ({conflict}) DO UPDATE SET {replaced}"


@lru_cache(maxsize=16)
def _update_statement(model: type[Model], names: tuple[str, ...], _vendor: str) -> str:
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(name)} = %s" for name in names)
    key = quote(str(_key_field(model).column))
    return f"UPDATE {_table(model)} SET {assignments} WHERE {key} = %s"  # noqa: S608 - our own names
