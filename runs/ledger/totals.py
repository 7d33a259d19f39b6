"""Lines of the ledger, the totals of their days, and the totals by facet, written together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, cast

from django.db.models import F, Model

from runs.ledger.bill_sums import BILL_KEY_FIELDS, BILL_SUM_FIELDS, bill_sums_of
from runs.ledger.facets import facet_keys
from runs.ledger.latencies import BAND_FIELDS, band_of
from runs.ledger.lines import Line
from runs.models import BillTotal, DayTotal, LedgerEntry, SpendTotal
from smartspawn.lib.errors import Conflict
from smartspawn.lib.rows import Row, add_to_rows, insert_rows

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
FACET_KEY_FIELDS: Final = ("scope", "facet", "value", "day", "is_simulated")
# What a line says itself, and what is read from it.
PLAIN_SUMS: Final = (
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
SUM_FIELDS: Final = (*PLAIN_SUMS, "estimated_count", "estimated_nano_usd", *BAND_FIELDS)
# What stands in a key where a line says nothing: 0 is nobody, because a null would not be unique.
_EMPTY: Final = tuple((name, {"user_id": 0, "key_id": 0, "is_simulated": False}.get(name, "")) for name in KEY_FIELDS)
TotalKey = tuple[object, ...]
Sums = tuple[int, ...]


def write_lines(lines: Sequence[Line]) -> None:
    """Add lines to the ledger and to the totals of their days, inside the caller's transaction."""
    insert_rows(LedgerEntry, lines)
    totals = sums_of(lines)
    _add(DayTotal, KEY_FIELDS, totals)
    _add(SpendTotal, FACET_KEY_FIELDS, facet_sums_of(totals))
    _add(BillTotal, BILL_KEY_FIELDS, bill_sums_of(lines), BILL_SUM_FIELDS)


def sums_of(lines: Iterable[Line]) -> dict[TotalKey, Sums]:
    """The lines summed by what spend is looked at by."""
    sums: dict[TotalKey, Sums] = {}
    for line in lines:
        _count(sums, tuple(line.get(name) or empty for name, empty in _EMPTY), _sums_of_line(line))
    return sums


def facet_sums_of(totals: Mapping[TotalKey, Sums]) -> dict[TotalKey, Sums]:
    """Day totals summed on by each facet, for the site and for each person."""
    sums: dict[TotalKey, Sums] = {}
    for key, more in totals.items():
        named = dict(zip(KEY_FIELDS, key, strict=True))
        for place in facet_keys(named):
            _count(sums, (*place, named["day"], named["is_simulated"]), more)
    return sums


def _count(sums: dict[TotalKey, Sums], key: TotalKey, more: Sums) -> None:
    before = sums.get(key)
    sums[key] = more if before is None else tuple(map(int.__add__, before, more))


def _sums_of_line(line: Line) -> Sums:
    plain = tuple(cast("int", line.get(name) or 0) for name in PLAIN_SUMS)
    count, cost, latency = plain[0], plain[6], line.get("latency_ms")
    estimated = (count, cost) if line.get("is_estimated") else (0, 0)
    band = None if latency is None else band_of(cast("int", latency))
    return (*plain, *estimated, *(count if name == band else 0 for name in BAND_FIELDS))


def _add(
    model: type[Model], key_fields: tuple[str, ...], sums: Mapping[TotalKey, Sums], names: tuple[str, ...] = SUM_FIELDS
) -> None:
    """Add to the totals with these keys, in one order: writers of the same ones never wait in a circle."""
    ordered = sorted(sums.items(), key=lambda item: str(item[0]))
    for is_less, some in groupby(ordered, key=lambda item: min(item[1]) < 0):
        if is_less:
            for key, more in some:
                _subtract(model, dict(zip(key_fields, key, strict=True)), dict(zip(names, more, strict=True)))
        else:
            rows: list[Row] = [dict(zip((*key_fields, *names), (*key, *more), strict=True)) for key, more in some]
            add_to_rows(model, rows, key=key_fields, sums=names)


def _subtract(model: type[Model], key: Mapping[str, Any], sums: Mapping[str, int]) -> None:
    """Take from a total that is there: what is undone was once added to it."""
    total = model._default_manager.filter(**key)  # noqa: SLF001 - Django's documented interface to a table
    if not total.update(**{name: F(name) + more for name, more in sums.items() if more}):
        raise Conflict(f"The total of {key['day']} is gone. Make the totals again: manage.py rebuild_totals")
