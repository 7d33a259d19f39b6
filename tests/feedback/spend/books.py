"""Lines of the ledger, written as the ledger writes them, and the slow and obvious sums to compare with."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from runs.ledger import expire, reserve, settle
from runs.ledger.corrections import correct
from runs.ledger.totals import write_lines
from runs.models import LedgerEntry
from runs.shapes import CallStatus, Grant, Payer, Purpose, Usage
from runs.spend.shapes import Dimension, Period, Slice
from smartspawn.access.shapes import COMMAND_LINE
from tests.runs.ledger.calls import CENT, ENDPOINT, SIMULATED, quote, settlement

TODAY = date(2026, 11, 21)
FIELDS = {
    Dimension.MODEL: "model_id",
    Dimension.CATEGORY: "category",
    Dimension.MODE: "mode",
    Dimension.DRIVER: "driver",
    Dimension.PROVIDER: "provider",
    Dimension.KEY: "key_id",
    Dimension.USER: "user_id",
    Dimension.PURPOSE: "purpose",
    Dimension.STATUS: "status",
}


def line(day: date = TODAY, cost: int = CENT, **changes: Any) -> dict[str, Any]:
    """A charged call of a thousand tokens in and a hundred out."""
    made = {
        "call_id": uuid.uuid4(),
        "kind": "charge",
        "call_count": 1,
        "at": datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=9),
        "day": day,
        "status": "ok",
        "purpose": "task",
        "mode": "single",
        "category": "coding",
        "driver": "api",
        "connection": "openrouter",
        "provider": "openrouter",
        "model_id": "acme/alpha-1",
        "fresh_input_tokens": 1000,
        "output_tokens": 100,
        "cost_nano_usd": cost,
        "reserved_nano_usd": 2 * cost,
        "latency_ms": 900,
    }
    return {**made, **changes}


def write(*lines: dict[str, Any]) -> None:
    """Add these to the ledger."""
    write_lines(lines)


def random_history(seed: int) -> None:
    """Calls of three days by several people: settled, failed, lost, told late, corrected, and some pretended."""
    chance = random.Random(seed)
    known: list[uuid.UUID] = []
    for place in range(12):
        at = datetime(2026, 11, 19 + place // 4, 3 + 5 * (place % 4), tzinfo=UTC)
        asked = [
            quote(
                Payer(
                    user_id=chance.choice([None, 1, 2]),
                    key_id=chance.choice([None, 7]),
                    mode=chance.choice(["single", "cascade", "chat"]),
                    category=chance.choice(["", "coding", "vision"]),
                ),
                chance.randint(0, 2 * CENT),
                endpoint=chance.choice([ENDPOINT, ENDPOINT, SIMULATED]),
                purpose=chance.choice([Purpose.TASK, Purpose.JUDGE, Purpose.ESCALATION]),
            )
            for _ in range(6)
        ]
        known += [answer.call_id for answer in reserve(asked, at=at) if isinstance(answer, Grant)]
        told = [
            settlement(
                call_id,
                chance.randint(0, 3 * CENT),
                status=chance.choice([CallStatus.OK, CallStatus.OK, CallStatus.FAILED, CallStatus.UNCERTAIN]),
                usage=Usage(chance.randint(0, 9999), 5, 0, 7, 0, is_estimated=chance.random() < 0.3),
                latency_ms=chance.choice([None, 10, 250, 251, 5000, 200_000]),
            )
            for call_id in chance.sample(known, min(len(known), 5))
        ]
        settle(told, at=at + timedelta(minutes=2))
        if place % 3 == 2:
            expire(at + timedelta(hours=2))
        lines = LedgerEntry.objects.filter(call_id__in=chance.sample(known, 2)).values_list("call_id", flat=True)
        for call_id in set(lines):
            correct(actor=COMMAND_LINE, call_id=call_id, cost_nano_usd=chance.randint(0, CENT), why="bill", at=at)


def lines_of(part: Slice, period: Period) -> list[LedgerEntry]:
    """The lines of a slice, found by looking at every one of them."""
    return [entry for entry in LedgerEntry.objects.order_by("pk") if _is_in(entry, part, period)]


def _is_in(entry: LedgerEntry, part: Slice, period: Period) -> bool:
    tests: Sequence[Callable[[], bool]] = (
        lambda: period.first <= entry.day <= period.last,
        lambda: entry.is_simulated == part.is_simulated,
        lambda: part.user_id is None or entry.user_id == part.user_id,
        lambda: all(value_of(entry, dimension) == value for dimension, value in part.filters),
    )
    return all(test() for test in tests)


def value_of(entry: LedgerEntry, dimension: Dimension) -> str:
    """The line's value of a dimension, as addresses write it."""
    value = getattr(entry, FIELDS[dimension])
    return "0" if value is None else str(value)
