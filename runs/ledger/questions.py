"""Calls whose bill is to be asked for: what the ledger says of them is a guess, and their provider knows better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from runs.ledger.lines import Held
from runs.models import BillQuestion
from runs.shapes import Settlement
from smartspawn.lib.rows import insert_rows

# Providers need some seconds to write a bill; where the maker goes on writing after we left, as long as that takes.
_WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (15, 60, 5 * 60, 30 * 60, 3 * 3600, 12 * 3600, 24 * 3600)
)
MOST_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Question:
    """A bill to ask for."""

    call_id: UUID
    connection: str
    bill_name: str


def note_questions(told: Iterable[tuple[Held, Settlement]], now: datetime) -> None:
    """Have the bills of these calls asked for, where they have a name."""
    rows = [
        {
            "call_id": held.call_id,
            "connection": str(held.facts.get("connection", "")),
            "bill_name": settlement.bill_name,
            "ask_at": now + _WAITS[0],
        }
        for held, settlement in told
        if settlement.bill_name
    ]
    insert_rows(BillQuestion, rows)


def take_questions(now: datetime) -> tuple[Question, ...]:
    """The questions whose time has come, put off to their next turn: nobody else asks them meanwhile.

    One whose last turn has passed is forgotten, not asked again: from then on a person has to know.
    """
    with transaction.atomic():
        due = BillQuestion.objects.filter(ask_at__lte=now).order_by("ask_at")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        rows = list(due[:MOST_AT_ONCE])
        asked = [row for row in rows if row.asked_count < len(_WAITS)]
        for row in asked:
            row.asked_count += 1
            row.ask_at = now + _WAITS[min(row.asked_count, len(_WAITS) - 1)]
        BillQuestion.objects.bulk_update(asked, ["asked_count", "ask_at"])
        BillQuestion.objects.filter(pk__in=[row.pk for row in rows if row not in asked]).delete()
    return tuple(Question(row.call_id, row.connection, row.bill_name) for row in asked)


def close_questions(call_ids: Sequence[UUID]) -> None:
    """Ask no more: the cost of these calls is known."""
    BillQuestion.objects.filter(pk__in=call_ids).delete()
