"""Close reservations: with what the call came to, or without a call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from runs.ledger.balances import lock_by_id, move
from runs.ledger.holding import close, hold, moves_of
from runs.ledger.lines import Held, Line, charge_line, truth_lines
from runs.ledger.questions import note_questions
from runs.ledger.totals import write_lines
from runs.shapes import Settlement
from smartspawn.lib.errors import NotFound


def settle(settlements: Sequence[Settlement], *, at: datetime | None = None) -> int:
    """Book what these calls came to, and give how many were news; told again, a call changes nothing.

    What comes late is booked all the same: after a release as a charge, after an expiry in the place of
    the uncertain charge. May run inside the caller's transaction. Raises NotFound, before anything is
    written, for a call that never had leave.
    """
    if not settlements:
        return 0
    now = at or timezone.now()
    told = {settlement.call_id: settlement for settlement in reversed(settlements)}
    with transaction.atomic(savepoint=False):
        held = hold(told)
        if strangers := told.keys() - held.keys():
            raise NotFound(f"Call {min(strangers)} was never given leave: there is nothing to settle.")
        news = [(row, told[row.call_id]) for row in held.values() if row.state != "settled"]
        _book(news, now)
    return len(news)


def release(call_ids: Collection[UUID], *, at: datetime | None = None) -> int:
    """Give back what was set aside for calls that were never sent, or failed at no cost; gives how many were open."""
    if not call_ids:
        return 0
    with transaction.atomic(savepoint=False):
        freed = [row for row in hold(call_ids).values() if row.state == "open"]
        close([row.call_id for row in freed], "released", at or timezone.now())
        moves = moves_of((row, -row.amount_nano_usd, 0) for row in freed)
        lock_by_id(moves)
        move(moves)
    return len(freed)


def _book(news: Sequence[tuple[Held, Settlement]], now: datetime) -> None:
    lines: list[Line] = []
    changes = []
    for row, settlement in news:
        if row.state == "expired":
            lines += truth_lines(row, settlement, now)
            changes.append((row, 0, settlement.cost_nano_usd - row.amount_nano_usd))
        else:
            lines.append(charge_line(row, settlement, now))
            changes.append((row, -row.amount_nano_usd if row.state == "open" else 0, settlement.cost_nano_usd))
    close([row.call_id for row, _ in news], "settled", now)
    moves = moves_of(changes)
    lock_by_id(moves)
    move(moves)
    write_lines(lines)
    note_questions(news, now)
