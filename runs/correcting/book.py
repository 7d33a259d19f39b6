"""Put right what calls cost, in the ledger and in the runs that they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from runs.keeping.claims import OPEN_NODES
from runs.keeping.events import EventKind, NewEvent, add_events
from runs.ledger.corrections import Correction, book_bill, correct, correct_together, spread
from runs.ledger.uncertain import uncertain_amounts, uncertain_nodes
from runs.models import LedgerEntry, Node, Run
from runs.money import format_usd
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import Conflict, InvalidParam, MissingParam, NotAllowed, NotFound


def put_right(
    *, actor: Actor, call_id: UUID | None, run_id: UUID | None, cost_nano_usd: int, why: str
) -> tuple[Correction, ...]:
    """Have the call named cost so much, or the uncertain calls of the run together. Raises as those below."""
    if call_id is not None:
        return (correct_call(actor=actor, call_id=call_id, cost_nano_usd=cost_nano_usd, why=why),)
    if run_id is None:
        raise MissingParam("Name the call, or the run.")
    return correct_run(actor=actor, run_id=run_id, total_nano_usd=cost_nano_usd, why=why)


def correct_call(*, actor: Actor, call_id: UUID, cost_nano_usd: int, why: str) -> Correction:
    """Have this call cost what a person says that its provider billed.

    Raises NotAllowed, NotFound for a call without a line, InvalidParam for a negative cost, MissingParam without a
    reason, and Conflict while its node is at work.
    """
    _check_may(actor)
    with transaction.atomic():
        _hold_run_of(call_id)
        done = correct(actor=actor, call_id=call_id, cost_nano_usd=cost_nano_usd, why=why)
        _tell([done], f"according to {actor.label}")
    return done


def correct_run(*, actor: Actor, run_id: UUID, total_nano_usd: int, why: str) -> tuple[Correction, ...]:
    """Have the uncertain calls of a run cost so much together, each in proportion to what it was charged.

    Providers' own pages tell sums rather than single calls. Raises as ``correct_call``, and Conflict where no call of
    the run is uncertain, or one of their nodes is at work.
    """
    _check_may(actor)
    if total_nano_usd < 0:
        raise InvalidParam("Calls cannot cost less than nothing.")
    with transaction.atomic():
        if not _hold_run(run_id):
            raise NotFound(f"run not found: {run_id}")
        amounts = uncertain_amounts(run_id)
        if not amounts:
            raise Conflict("No call of this run is uncertain any more.")
        _check_at_rest(run_id, LedgerEntry.objects.filter(call_id__in=amounts).values("node_key"))
        costs = dict(zip(amounts, spread(total_nano_usd, list(amounts.values())), strict=True))
        done = correct_together(actor=actor, costs_nano_usd=costs, subject=f"run {run_id}", why=why)
        _tell(done, f"according to {actor.label}")
    return done


def book_provider_bill(*, call_id: UUID, billed_nano_usd: int) -> Correction:
    """Have this call cost what its provider says. Raises NotFound, and Conflict while its node is at work."""
    with transaction.atomic():
        _hold_run_of(call_id)
        done = book_bill(call_id=call_id, billed_nano_usd=billed_nano_usd)
        _tell([done], "according to its provider")
    return done


def _check_may(actor: Actor) -> None:
    """Whoever could lower what counts against their own cap would have none: only an admin may."""
    if Scope.RUNS_ADMIN not in actor.scopes:
        raise NotAllowed("Only an admin may put right what a call cost.")


def _hold_run_of(call_id: UUID) -> None:
    found = LedgerEntry.objects.filter(call_id=call_id).values_list("run_id", "node_key").first()
    if found is not None and found[0] is not None:
        _hold_run(found[0])
        _check_at_rest(found[0], [found[1]])


def _hold_run(run_id: UUID) -> bool:
    """Rows of the run come first: everybody who needs both keeps to that order."""
    return Run.objects.select_for_update().filter(pk=run_id).exists()


def _check_at_rest(run_id: UUID, node_keys: Collection[str] | QuerySet[Any]) -> None:
    """Raises Conflict while a driver has such a node in hand: it writes its own sum of the node's calls at the end."""
    in_hand = Node.objects.filter(run_id=run_id, key__in=node_keys, status__in=OPEN_NODES)
    if in_hand.filter(run__lease_until__gt=timezone.now()).exists():
        raise Conflict("The run is still at work on this. Try again once it has gone on.")


def _tell(corrections: Sequence[Correction], words: str) -> None:
    """The nodes' costs, and a word in the runs' events; a run that is gone needs neither."""
    by_run: defaultdict[UUID, list[Correction]] = defaultdict(list)
    for done in corrections:
        if done.run_id is not None:
            by_run[done.run_id].append(done)
    for run_id in Run.objects.filter(pk__in=by_run).values_list("pk", flat=True):
        own = by_run[run_id]
        still = uncertain_nodes(run_id, [done.node_key for done in own])
        for done in own:
            Node.objects.filter(run_id=run_id, key=done.node_key).update(
                cost_nano_usd=F("cost_nano_usd") + done.change_nano_usd, is_cost_uncertain=done.node_key in still
            )
        add_events(run_id, [_event(done, words) for done in own])


def _event(done: Correction, words: str) -> NewEvent:
    before, after = format_usd(done.before_nano_usd), format_usd(done.after_nano_usd)
    message = f"A call that was charged at {before} cost {after}, {words}."
    data = {"callId": str(done.call_id), "beforeUsd": done.before_nano_usd / 1e9, "afterUsd": done.after_nano_usd / 1e9}
    return NewEvent(EventKind.MONEY_CORRECTED, done.node_key, message, data)
