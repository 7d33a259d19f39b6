"""Lines of the ledger and the totals of their days, written together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, cast

from django.db.models import F

from runs.ledger.lines import Line
from runs.ledger.rows import Row, add_to_rows, insert_rows
from runs.models import DayTotal, LedgerEntry
from smartspawn.lib.errors import Conflict

KEY_FIELDS: Final = (
    "day",
    "user_id",
    "key_id",
    "mode",
    "category",
    "purpose",
    "driver",
    "provider",
    "model_id",
    "status",
    "is_simulated",
)
SUM_FIELDS: Final = (
    "call_count",
    "fresh_input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_nano_usd",
    "reserved_nano_usd",
    "latency_ms",
)
# What stands in a key where a line says nothing: 0 is nobody, because a null would not be unique.
_EMPTY: Final = tuple((name, {"user_id": 0, "key_id": 0, "is_simulated": False}.get(name, "")) for name in KEY_FIELDS)
TotalKey = tuple[object, ...]
Sums = tuple[int, ...]


def write_lines(lines: Sequence[Line]) -> None:
    """Add lines to the ledger and to the totals of their days, inside the caller's transaction."""
    insert_rows(LedgerEntry, lines)
    added: list[Row] = []
    # In one order, so that writers of the same totals wait for each other and never in a circle.
    for key, sums in sorted(sums_of(lines).items(), key=lambda item: str(item[0])):
        if min(sums) < 0:
            _subtract(key, sums)
        else:
            added.append(dict(zip((*KEY_FIELDS, *SUM_FIELDS), (*key, *sums), strict=True)))
    add_to_rows(DayTotal, added, key=KEY_FIELDS, sums=SUM_FIELDS)


def sums_of(lines: Iterable[Line]) -> dict[TotalKey, Sums]:
    """The lines summed by what spend is looked at by."""
    sums: dict[TotalKey, Sums] = {}
    for line in lines:
        key = tuple(line.get(name) or empty for name, empty in _EMPTY)
        more = tuple(cast("int", line.get(name) or 0) for name in SUM_FIELDS)
        before = sums.get(key)
        sums[key] = more if before is None else tuple(map(int.__add__, before, more))
    return sums


def _subtract(key: TotalKey, sums: Sums) -> None:
    """Take from a total that is there: what is undone was once added to it."""
    total = DayTotal.objects.filter(**dict(zip(KEY_FIELDS, key, strict=True)))
    if not total.update(**{name: F(name) + more for name, more in zip(SUM_FIELDS, sums, strict=True) if more}):
        raise Conflict(f"The total of {key[0]} is gone. Make the totals again: manage.py rebuild_totals")
