"""The ledger's lines, as they are written for each thing that can become of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from runs.ledger.facts import clip
from runs.shapes import CallStatus, Settlement

Line = Mapping[str, object]  # a row of the ledger by its fields; what it does not name has its default
CHARGE = "charge"
CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation, as far as a line of the ledger is made from it."""

    call_id: UUID
    state: str
    amount_nano_usd: int
    balance_ids: tuple[int, ...]
    facts: Mapping[str, object]
    is_simulated: bool
    opened_at: datetime
    day: date  # whose money it is: a call over midnight counts in the day in which it was given leave


def charge_line(held: Held, settlement: Settlement, now: datetime) -> Line:
    """The line of a call that was made and came back."""
    return _told_line(held, settlement, now, kind=CHARGE)


def uncertain_line(held: Held, now: datetime) -> Line:
    """The line of a call that never came back, charged at what was set aside."""
    return {
        "call_id": held.call_id,
        "kind": CHARGE,
        "call_count": 1,
        "at": now,
        "day": held.day,
        "status": CallStatus.UNCERTAIN.value,
        "cost_nano_usd": held.amount_nano_usd,
        "reserved_nano_usd": held.amount_nano_usd,
        "is_estimated": True,
        "is_simulated": held.is_simulated,
        **held.facts,
    }


def truth_lines(held: Held, settlement: Settlement, now: datetime) -> tuple[Line, Line]:
    """The two lines by which what a call came to takes the place of its uncertain charge."""
    return takeback_line(held, now), _told_line(held, settlement, now, kind=CORRECTION)


def takeback_line(held: Held, now: datetime) -> Line:
    """The line that undoes an uncertain charge: the call is counted elsewhere from now on."""
    undone = -held.amount_nano_usd
    changed = {"kind": CORRECTION, "call_count": -1, "cost_nano_usd": undone, "reserved_nano_usd": undone}
    return {**uncertain_line(held, now), **changed}


def _told_line(held: Held, settlement: Settlement, now: datetime, *, kind: str) -> Line:
    usage = settlement.usage
    return {
        "call_id": held.call_id,
        "kind": kind,
        "call_count": 1,
        "at": now,
        "day": held.day,
        "status": settlement.status.value,
        "served_model": clip("served_model", settlement.served_model),
        "fresh_input_tokens": usage.fresh_input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_nano_usd": settlement.cost_nano_usd,
        "computed_nano_usd": settlement.computed_nano_usd,
        "reported_nano_usd": settlement.reported_nano_usd,
        "reserved_nano_usd": held.amount_nano_usd,
        "latency_ms": settlement.latency_ms,
        "first_token_ms": settlement.first_token_ms,
        "error_code": clip("error_code", settlement.error_code),
        "is_estimated": usage.is_estimated,
        "is_simulated": held.is_simulated,
        **held.facts,
    }
