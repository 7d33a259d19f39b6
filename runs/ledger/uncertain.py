"""The calls that are charged although nobody knows what they cost."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from runs.ledger.lines import CHARGE
from runs.models import BillQuestion, LedgerEntry
from runs.shapes import CallStatus
from smartspawn.access.shapes import Actor, Role

MOST_LISTED: Final = 100
_FIELDS: Final = (
    *("id", "call_id", "at", "run_id", "node_key", "attempt", "mode", "connection", "model_id", "user_id", "key_id"),
    *("cost_nano_usd", "error_code", "is_simulated"),
)


@dataclass(frozen=True, slots=True)
class UncertainCharge:
    """A call that nobody here knows the cost of, and what is charged for it meanwhile."""

    id: int  # of its line
    call_id: UUID
    at: datetime
    run_id: UUID | None  # None: a chat's
    node_key: str
    attempt: int
    mode: str
    connection: str
    model_id: str
    user_id: int | None
    key_id: int | None
    cost_nano_usd: int
    error_code: str  # why the call broke off; "": its driver died
    is_simulated: bool
    is_asked: bool  # its provider is being asked for the bill


@dataclass(frozen=True, slots=True)
class UncertainSum:
    """All of them together."""

    call_count: int
    cost_nano_usd: int


def list_uncertain(
    actor: Actor, *, run_id: UUID | None = None, before_id: int | None = None, most: int = MOST_LISTED
) -> tuple[UncertainCharge, ...]:
    """The newest first: those of everybody for an admin, otherwise one's own. Simulated ones only of a named run."""
    rows = _open(actor, run_id)
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    asked = Exists(BillQuestion.objects.filter(call_id=OuterRef("call_id")))
    found = rows.annotate(is_asked=asked).order_by("-pk").values(*_FIELDS, "is_asked")
    return tuple(UncertainCharge(**row) for row in found[: min(most, MOST_LISTED)])


def sum_uncertain(actor: Actor, *, run_id: UUID | None = None) -> UncertainSum:
    """How many there are, and what is charged for them."""
    rows = _open(actor, run_id)
    return UncertainSum(rows.count(), rows.aggregate(cost=Sum("cost_nano_usd"))["cost"] or 0)


def uncertain_amounts(run_id: UUID) -> dict[UUID, int]:
    """What each uncertain call of a run is charged at."""
    rows = _unresolved(LedgerEntry.objects.filter(run_id=run_id)).order_by("pk")
    return dict(rows.values_list("call_id", "cost_nano_usd"))


def uncertain_nodes(run_id: UUID, node_keys: Collection[str]) -> frozenset[str]:
    """Which of these nodes of a run have such a call still."""
    rows = _unresolved(LedgerEntry.objects.filter(run_id=run_id, node_key__in=node_keys))
    return frozenset(rows.values_list("node_key", flat=True))


def _open(actor: Actor, run_id: UUID | None) -> QuerySet[LedgerEntry]:
    rows = _unresolved(LedgerEntry.objects.all())
    if not actor.has_role(Role.ADMIN):
        rows = rows.none() if actor.user_id is None else rows.filter(user_id=actor.user_id)
    return rows.filter(run_id=run_id) if run_id else rows.filter(is_simulated=False)


def _unresolved(rows: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
    """The uncertain charges that no later line took back."""
    taken_back = LedgerEntry.objects.filter(call_id=OuterRef("call_id"), status=CallStatus.UNCERTAIN, call_count=-1)
    return rows.filter(~Q(Exists(taken_back)), status=CallStatus.UNCERTAIN, kind=CHARGE)
