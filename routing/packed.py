"""A column for what is read whole and never searched: plain values as compressed JSON."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

# The fastest level: a decision shrinks to a quarter, a higher level would take a tenth off that.
_LEVEL = 1


if TYPE_CHECKING:  # generic for the type checker alone
    _Field = models.Field[Any, Any]
else:
    _Field = models.Field


class PackedField(_Field):
    """What JSON can say, in a quarter of the room; lookups find nothing in it."""

    def get_internal_type(self) -> str:
        """A column of bytes."""
        return "BinaryField"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """The value as bytes."""
        if not prepared:
            value = self.get_prep_value(value)
        return None if value is None else connection.Database.Binary(pack(value))  # type: ignore[attr-defined]  # each backend has it

    def from_db_value(self, value: Any, _expression: object, _connection: object) -> Any:
        """The bytes as values."""
        return None if value is None else unpack(bytes(value))

    def value_to_string(self, obj: models.Model) -> str:
        """For fixtures."""
        return json.dumps(self.value_from_object(obj))

    def to_python(self, value: Any) -> Any:
        """From fixtures; anything else is plain already."""
        return json.loads(value) if isinstance(value, str) else value


def pack(value: Any) -> bytes:
    """The value as compressed JSON."""
    return zlib.compress(msgspec.json.encode(value), _LEVEL)


def unpack(packed: bytes) -> Any:
    """What ``pack`` was given, as plain values."""
    return msgspec.json.decode(zlib.decompress(packed))
