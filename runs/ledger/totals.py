"""Lines of the ledger and the totals of their days, written together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import F

from runs.models import DayTotal, LedgerEntry

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
TotalKey = tuple[object, ...]
Sums = tuple[int, ...]


def write_lines(lines: Sequence[LedgerEntry]) -> None:
    """Add lines to the ledger and to the totals of their days, inside the caller's transaction."""
    LedgerEntry.objects.bulk_create(lines)
    # In one order, so that writers of the same totals wait for each other and never in a circle.
    for key, sums in sorted(sums_of(lines).items(), key=lambda item: str(item[0])):
        _add(key, sums)


def sums_of(lines: Iterable[LedgerEntry]) -> dict[TotalKey, Sums]:
    """The lines summed by what spend is looked at by."""
    sums: dict[TotalKey, Sums] = {}
    for line in lines:
        key = tuple(getattr(line, name) for name in KEY_FIELDS)
        key = (key[0], key[1] or 0, key[2] or 0, *key[3:])  # nobody is 0 there: a null would not be unique
        more = tuple(getattr(line, name) or 0 for name in SUM_FIELDS)
        before = sums.get(key)
        sums[key] = more if before is None else tuple(map(int.__add__, before, more))
    return sums


def _add(key: TotalKey, sums: Sums) -> None:
    fields = dict(zip(KEY_FIELDS, key, strict=True))
    added = {name: F(name) + more for name, more in zip(SUM_FIELDS, sums, strict=True) if more}
    total = DayTotal.objects.filter(**fields)
    if added and total.update(**added):
        return
    # An empty row first: whoever makes the same row at this moment is waited for, and then added to.
    DayTotal.objects.bulk_create([DayTotal(**fields)], ignore_conflicts=True)
    if added:
        total.update(**added)
