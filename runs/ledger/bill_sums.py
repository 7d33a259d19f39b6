"""What we worked out beside what providers reported: the lines of the ledger summed up for reconciliation. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from runs.ledger.lines import CORRECTION, Line

BILL_KEY_FIELDS: Final = ("day", "connection", "provider", "model_id", "is_simulated")
BILL_SUM_FIELDS: Final = (
    "call_count",
    "cost_nano_usd",
    "compared_count",
    "computed_nano_usd",
    "reported_nano_usd",
    "billed_count",
    "billed_nano_usd",
    "unreported_count",
    "unreported_nano_usd",
    "corrected_count",
    "corrected_nano_usd",
)
_NOTHING: Final = (0, 0)


def bill_sums_of(lines: Iterable[Line]) -> dict[tuple[object, ...], tuple[int, ...]]:
    """The lines summed by day and place; simulated ones under keys of their own."""
    sums: dict[tuple[object, ...], tuple[int, ...]] = {}
    for line in lines:
        key = tuple(line.get(name, False if name == "is_simulated" else "") for name in BILL_KEY_FIELDS)
        more = _sums_of_line(line)
        before = sums.get(key)
        sums[key] = more if before is None else tuple(map(int.__add__, before, more))
    return sums


def _sums_of_line(line: Line) -> tuple[int, ...]:
    count, cost = cast("int", line.get("call_count", 1)), cast("int", line["cost_nano_usd"])
    computed = cast("int | None", line.get("computed_nano_usd"))
    reported = cast("int | None", line.get("reported_nano_usd"))
    compared, billed, unreported = (0, 0, 0), _NOTHING, _NOTHING
    if line.get("is_estimated"):
        pass  # nobody counted the tokens, so there is nothing of ours to hold a bill against
    elif computed is not None and reported is not None:
        compared = (count, computed, reported)
    elif reported is not None:
        billed = (count, cost)
    elif computed is not None:
        unreported = (count, cost)
    is_correction = line.get("kind") == CORRECTION
    corrected = (int(count >= 0), cost) if is_correction else _NOTHING  # -1 undoes a line for another to follow
    return (count, cost, *compared, *billed, *unreported, *corrected)
