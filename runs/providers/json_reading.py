"""Taking values out of JSON that others wrote: whatever does not fit is missing, and nothing raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

# No call has a hundred million of anything: a larger count is a slip or a lie, and would not fit into the books.
MOST_COUNTED: Final = 100_000_000


def decode(data: bytes | str) -> object:
    """The JSON value, or None for what is no JSON."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def dig(value: object, *path: str | int) -> object:
    """What lies at the path, or None."""
    for step in path:
        # Dictionaries first: that is what a decoder makes, and asking for a Mapping takes ten times as long.
        if isinstance(step, str) and (isinstance(value, dict) or isinstance(value, Mapping)):  # noqa: SIM101  see above
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list | tuple) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def text_at(value: object, *path: str | int) -> str:
    """The text at the path; "" where there is none."""
    found = dig(value, *path)
    return found if isinstance(found, str) else ""


def count_at(value: object, *path: str | int) -> int | None:
    """The whole number from 0 to MOST_COUNTED at the path; None where there is none."""
    found = dig(value, *path)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    is_count = isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= MOST_COUNTED
    return found if isinstance(found, int) and is_count else None


def rows_at(value: object, *path: str | int) -> Sequence[Mapping[str, object]]:
    """The objects of the list at the path, without what is no object."""
    found = dig(value, *path)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list | tuple) else ()


def decimal_at(value: object, *path: str | int) -> Decimal | None:
    """The number of at least 0 at the path, exactly as it was written as far as floats allow."""
    found = dig(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        number = Decimal(str(found))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None
