"""What happens in a run, as an append-only list numbered without gaps, that any client can go on reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils import timezone

from runs.models import Event, Run
from smartspawn.lib.rows import adapted, insert_rows

_LONGEST_MESSAGE: Final = 1000
# Written out: every group of a driver passes here.
_COUNT: Final = "UPDATE runs_run SET event_count = event_count + %s WHERE id = %s RETURNING event_count"


class EventKind(StrEnum):
    """The words that clients see; none is ever given another meaning."""

    RUN_CREATED = "run.created"
    RUN_AWAITING_APPROVAL = "run.awaiting_approval"
    RUN_APPROVED = "run.approved"
    RUN_STARTED = "run.started"
    RUN_RESUMED = "run.resumed"  # another driver took over
    RUN_RETRIED = "run.retried"  # a person had nodes done again
    RUN_CANCEL_REQUESTED = "run.cancel_requested"
    RUN_BUDGET_LOW = "run.budget_low"
    RUN_COMPLETED = "run.completed"
    RUN_FAILED = "run.failed"
    RUN_CANCELED = "run.canceled"
    RUN_BUDGET_EXHAUSTED = "run.budget_exhausted"
    NODE_STARTED = "node.started"
    NODE_RETRYING = "node.retrying"
    NODE_FALLBACK = "node.fallback"  # another place or model goes on
    NODE_SHORTENED = "node.shortened"  # its answer may get no longer than the money left allows
    NODE_COMPLETED = "node.completed"
    NODE_FAILED = "node.failed"
    NODE_SKIPPED = "node.skipped"
    NODE_CANCELED = "node.canceled"
    PLAN_GROWN = "plan.grown"
    MONEY_UNCERTAIN = "money.uncertain"
    MONEY_OVERRUN = "money.overrun"  # a call cost more than was set aside for it
    MONEY_CORRECTED = "money.corrected"  # what a call cost is known now: its provider said so, or a person

    @property
    def is_last(self) -> bool:
        """Whether nothing follows, unless a person has nodes done again."""
        return self in _LAST


_LAST: Final = frozenset(
    {EventKind.RUN_COMPLETED, EventKind.RUN_FAILED, EventKind.RUN_CANCELED, EventKind.RUN_BUDGET_EXHAUSTED}
)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something to be told; ``data`` is small and holds no answers."""

    kind: EventKind
    node_key: str = ""
    message: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An event as it was told."""

    seq: int
    at: datetime
    kind: str
    node_key: str
    message: str
    data: Mapping[str, object]


def add_events(run_id: UUID, events: Sequence[NewEvent], *, at: datetime | None = None) -> int:
    """Number the events after those of the run, within the caller's transaction; the last number.

    Raising the count first holds the run's row until the end of the transaction, so that two writers
    never give the same number.
    """
    if not events:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [len(events), adapted(Run, "id", run_id)])
        ((last,),) = cursor.fetchall()
    moment = at or timezone.now()
    insert_rows(
        Event,
        [
            {
                "run_id": run_id,
                "seq": last - len(events) + place,
                "at": moment,
                "kind": event.kind.value,
                "node_key": event.node_key,
                "message": event.message[:_LONGEST_MESSAGE],
                "data": event.data,
            }
            for place, event in enumerate(events, start=1)
        ],
    )
    return int(last)


def list_events(run_id: UUID, *, after: int = 0, most: int = 1000) -> tuple[NumberedEvent, ...]:
    """The events with a higher number than ``after``, oldest first."""
    rows = Event.objects.filter(run_id=run_id, seq__gt=after).order_by("seq")
    fields = ("seq", "at", "kind", "node_key", "message", "data")
    return tuple(NumberedEvent(*row) for row in rows.values_list(*fields)[:most])
