"""Put right what the ledger says of a call, by lines added to it: the old ones stay."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
from runs.ledger.totals import write_lines
from runs.ledger.windows import balance_keys
from runs.models import LedgerEntry
from runs.money import to_usd
from runs.shapes import CallStatus, Payer
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam, MissingParam, NotFound

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
    "is_simulated",
)


def correct(*, actor: Actor, call_id: UUID, cost_nano_usd: int, why: str, at: datetime | None = None) -> int:
    """Have this call cost so much, and give by how much that changed; a person's word ends uncertainty.

    Raises NotFound for a call without a line, InvalidParam for a negative cost, MissingParam without a reason.
    """
    if cost_nano_usd < 0:
        raise InvalidParam("A call cannot cost less than nothing.")
    if not why.strip():
        raise MissingParam("Say why: the correction stays in the audit log.")
    now = at or timezone.now()
    with transaction.atomic():
        hold([call_id])  # whoever settles or corrects the same call waits here
        last = LedgerEntry.objects.filter(call_id=call_id).order_by("pk").values(*_KEPT, "status").last()
        if last is None:
            raise NotFound(f"The ledger has no line of call {call_id}.")
        rooms = _lock(last)
        sums = _sums_of(call_id)
        change = cost_nano_usd - sums[0]
        move({room.balance_id: (0, change) for room in rooms})
        write_lines(_correcting(last, sums, cost_nano_usd, now))
        close([call_id], "settled", now)
        record(
            actor=actor,
            action="ledger.correct",
            subject=f"call {call_id}",
            before={"cost_usd": f"{to_usd(sums[0]):f}"},
            after={"cost_usd": f"{to_usd(cost_nano_usd):f}"},
            why=why,
        )
    return change


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


def _correcting(last: Mapping[str, Any], sums: tuple[int, int], cost: int, now: datetime) -> list[Line]:
    before, reserved = sums
    kept = {name: last[name] for name in _KEPT} | {"kind": CORRECTION, "at": now}
    if last["status"] != CallStatus.UNCERTAIN:
        return [{**kept, "status": last["status"], "call_count": 0, "cost_nano_usd": cost - before}]
    # What was uncertain is so no longer: the call leaves that sum, with all its money, and enters another.
    gone = {"status": CallStatus.UNCERTAIN.value, "call_count": -1, "cost_nano_usd": -before}
    status = CallStatus.OK if cost else CallStatus.FAILED
    known = {"status": status.value, "call_count": 1, "cost_nano_usd": cost, "is_estimated": True}
    return [{**kept, **gone, "reserved_nano_usd": -reserved}, {**kept, **known, "reserved_nano_usd": reserved}]
