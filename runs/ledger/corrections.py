"""Put right what the ledger says of a call, by lines added to it: the old ones stay."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from runs.ledger.balances import lock_balances, move
from runs.ledger.fitting import Room
from runs.ledger.holding import close, hold
from runs.ledger.lines import CORRECTION, Line
from runs.ledger.questions import close_questions
from runs.ledger.totals import write_lines
from runs.ledger.windows import balance_keys
from runs.models import LedgerEntry
from runs.money import to_usd
from runs.shapes import CallStatus, Payer
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, InvalidParam, MissingParam, NotFound

# What a correction says again about the call that it corrects.
_KEPT: Final = (
    "call_id",
    "day",
    "user_id",
    "key_id",
    "run_id",
    "node_key",
    "attempt",
    "purpose",
    "mode",
    "category",
    "driver",
    "decision_id",
    "connection",
    "provider",
    "model_id",
    "price_source",
    "is_estimated",
    "is_simulated",
)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction changed."""

    call_id: UUID
    run_id: UUID | None
    node_key: str
    before_nano_usd: int
    after_nano_usd: int

    @property
    def change_nano_usd(self) -> int:
        return self.after_nano_usd - self.before_nano_usd


def correct(*, actor: Actor, call_id: UUID, cost_nano_usd: int, why: str, at: datetime | None = None) -> Correction:
    """Have this call cost so much; a person's word ends uncertainty.

    Raises NotFound for a call without a line, InvalidParam for a negative cost, MissingParam without a reason.
    """
    (done,) = correct_together(
        actor=actor, costs_nano_usd={call_id: cost_nano_usd}, subject=f"call {call_id}", why=why, at=at
    )
    return done


def correct_together(
    *, actor: Actor, costs_nano_usd: Mapping[UUID, int], subject: str, why: str, at: datetime | None = None
) -> tuple[Correction, ...]:
    """Have these calls cost so much, by one word of a person. Raises as ``correct``."""
    if min(costs_nano_usd.values(), default=0) < 0:
        raise InvalidParam("A call cannot cost less than nothing.")
    if not why.strip():
        raise MissingParam("Say why: the correction stays in the audit log.")
    now = at or timezone.now()
    with transaction.atomic():
        hold(costs_nano_usd)  # all of them before any balance, as those do who settle
        done = tuple(_put_right(call_id, cost, now, reported_nano_usd=None) for call_id, cost in costs_nano_usd.items())
        record(
            actor=actor,
            action="ledger.correct",
            subject=subject,
            before={"cost_usd": f"{to_usd(sum(each.before_nano_usd for each in done)):f}"},
            after={"cost_usd": f"{to_usd(sum(each.after_nano_usd for each in done)):f}", **_count(done)},
            why=why,
        )
    return done


def _count(done: Sequence[Correction]) -> dict[str, int]:
    return {"calls": len(done)} if len(done) > 1 else {}


def book_bill(*, call_id: UUID, billed_nano_usd: int, at: datetime | None = None) -> Correction:
    """Have this call cost what its provider says it billed; the lines themselves are the record.

    Raises NotFound for a call without a line, Conflict where its cost is no guess any more: a person's word stands.
    """
    with transaction.atomic():
        hold([call_id])
        last = LedgerEntry.objects.filter(call_id=call_id).order_by("pk").values("status", "is_estimated").last()
        if last is not None and not _is_guess(last["status"], is_estimated=last["is_estimated"]):
            raise Conflict(f"What call {call_id} cost is known already.")
        return _put_right(call_id, billed_nano_usd, at or timezone.now(), reported_nano_usd=billed_nano_usd)


def spread(total_nano_usd: int, weights: Sequence[int]) -> tuple[int, ...]:
    """The total over so many calls, in proportion to what each was charged, to the last nano-dollar."""
    whole = sum(weights)
    shares, given, reached = [], 0, 0
    for number, weight in enumerate(weights, 1):
        reached += weight
        until = total_nano_usd * reached // whole if whole else total_nano_usd * number // len(weights)
        shares.append(until - given)
        given = until
    return tuple(shares)


def _put_right(call_id: UUID, cost_nano_usd: int, now: datetime, *, reported_nano_usd: int | None) -> Correction:
    hold([call_id])  # whoever settles or corrects the same call waits here
    last = LedgerEntry.objects.filter(call_id=call_id).order_by("pk").values(*_KEPT, "status").last()
    if last is None:
        raise NotFound(f"The ledger has no line of call {call_id}.")
    rooms = _lock(last)
    before, reserved = _sums_of(call_id)
    change = cost_nano_usd - before
    move({room.balance_id: (0, change) for room in rooms})
    kept = {name: last[name] for name in _KEPT} | {"kind": CORRECTION, "at": now}
    write_lines(_correcting(kept, last["status"], (before, reserved), (cost_nano_usd, reported_nano_usd)))
    close([call_id], "settled", now)
    close_questions([call_id])
    return Correction(call_id, last["run_id"], last["node_key"], before, cost_nano_usd)


def _lock(last: Mapping[str, Any]) -> Collection[Room]:
    """The balances in which the call was given leave, held."""
    payer = Payer(user_id=last["user_id"], key_id=last["key_id"], run_id=last["run_id"])
    return lock_balances(balance_keys(payer, last["day"], is_simulated=last["is_simulated"])).values()


def _sums_of(call_id: UUID) -> tuple[int, int]:
    """What the call cost until now, and what was set aside for it."""
    sums = LedgerEntry.objects.filter(call_id=call_id).aggregate(
        cost=Coalesce(Sum("cost_nano_usd"), 0), reserved=Coalesce(Sum("reserved_nano_usd"), 0)
    )
    return sums["cost"], sums["reserved"]


def _correcting(kept: Line, status: str, former: tuple[int, int], told: tuple[int, int | None]) -> list[Line]:
    """The lines that put the call right, from what it was charged and set aside, and what it cost and was reported."""
    (before, reserved), (cost, reported) = former, told
    if not _is_guess(status, is_estimated=bool(kept["is_estimated"])):
        changed = {"status": status, "call_count": 0, "cost_nano_usd": cost - before, "reported_nano_usd": reported}
        return [{**kept, **changed}]
    # What was a guess is so no longer: the call leaves the sums of guesses, with all its money, and enters others.
    gone = {"status": status, "call_count": -1, "cost_nano_usd": -before, "reserved_nano_usd": -reserved}
    known = {
        "status": _known_status(status, cost),
        "call_count": 1,
        "cost_nano_usd": cost,
        "reserved_nano_usd": reserved,
        "reported_nano_usd": reported,
        "is_estimated": False,
    }
    return [{**kept, **gone}, {**kept, **known}]


def _is_guess(status: str, *, is_estimated: bool) -> bool:
    return status == CallStatus.UNCERTAIN or is_estimated


def _known_status(status: str, cost: int) -> str:
    """How the call ended, now that its cost is known; where only that was ever known, what was billed was answered."""
    if status != CallStatus.UNCERTAIN:
        return status
    return CallStatus.OK.value if cost else CallStatus.FAILED.value
