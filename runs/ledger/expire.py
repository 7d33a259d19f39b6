"""What becomes of money set aside for calls that never came back, and of old reservations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from runs.ledger.balances import lock_by_id, move
from runs.ledger.holding import close, moves_of, read
from runs.ledger.lines import Held, uncertain_line
from runs.ledger.shapes import UncertainCall
from runs.ledger.totals import write_lines
from runs.models import Reservation

# So many at a time: a crash of a big run leaves hundreds behind, and others want to write in between.
MOST_AT_ONCE: Final = 500
# Long after any answer can still come; what they were for stands in the ledger.
KEPT_DAYS: Final = 30


def expire(now: datetime | None = None) -> tuple[UncertainCall, ...]:
    """Charge the calls that are past their time at what was set aside, flagged uncertain, and tell which.

    At most ``MOST_AT_ONCE`` of them: call again while it returns that many.
    """
    now = now or timezone.now()
    with transaction.atomic(savepoint=False):
        overdue = Reservation.objects.filter(state="open", expires_at__lte=now).order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            overdue = overdue.select_for_update(skip_locked=True)  # one that is being settled has come back
        lost = list(read(overdue[:MOST_AT_ONCE]))
        if lost:
            _charge(lost, now)
    return tuple(_told(held) for held in lost)


def prune_reservations(now: datetime | None = None) -> int:
    """Forget reservations that closed long ago, and give how many; the ledger keeps what they came to."""
    before = (now or timezone.now()) - timedelta(days=KEPT_DAYS)
    count, _ = Reservation.objects.filter(closed_at__lt=before).exclude(state="open").delete()
    return count


def _charge(lost: list[Held], now: datetime) -> None:
    close([held.call_id for held in lost], "expired", now)
    moves = moves_of((held, -held.amount_nano_usd, held.amount_nano_usd) for held in lost)
    lock_by_id(moves)
    move(moves)
    write_lines([uncertain_line(held, now) for held in lost])


def _told(held: Held) -> UncertainCall:
    facts = held.facts
    run_id = facts.get("run_id")
    return UncertainCall(
        call_id=held.call_id,
        run_id=None if run_id is None else UUID(str(run_id)),
        node_key=str(facts.get("node_key", "")),
        attempt=cast("int", facts["attempt"]),
        amount_nano_usd=held.amount_nano_usd,
        opened_at=held.opened_at,
        is_simulated=held.is_simulated,
    )
