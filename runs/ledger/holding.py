"""Reservations, held while something becomes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from runs.ledger.lines import Held
from runs.ledger.shapes import BalanceKey
from runs.ledger.windows import balance_keys, day_of
from runs.models import Reservation
from runs.shapes import Payer
from smartspawn.lib.rows import update_rows

_FIELDS: Final = ("call_id", "state", "amount_nano_usd", "balance_ids", "facts", "is_simulated", "opened_at")


def hold(call_ids: Collection[UUID]) -> dict[UUID, Held]:
    """These reservations, nobody else's until the transaction ends; locked in the order of their ids."""
    wanted = Reservation.objects.filter(pk__in=call_ids)
    if connection.features.has_select_for_update:
        wanted = wanted.order_by("pk").select_for_update()
    return {held.call_id: held for held in read(wanted)}


def read(reservations: QuerySet[Reservation]) -> Iterable[Held]:
    """The rows as shapes."""
    for call_id, state, amount, balance_ids, facts, is_simulated, opened_at in reservations.values_list(*_FIELDS):
        yield Held(call_id, state, amount, tuple(balance_ids), facts, is_simulated, opened_at, day_of(opened_at))


def keys_of(held: Held) -> tuple[BalanceKey, ...]:
    """The balances in which the call was given leave."""
    named = held.facts
    payer = Payer(
        user_id=cast("int | None", named.get("user_id")),
        key_id=cast("int | None", named.get("key_id")),
        run_id=UUID(str(named["run_id"])) if "run_id" in named else None,
    )
    return balance_keys(payer, held.day, is_simulated=held.is_simulated)


def close(call_ids: Collection[UUID], state: str, now: datetime) -> None:
    """Put these reservations into a final state."""
    update_rows(Reservation, {call_id: {"state": state, "closed_at": now} for call_id in call_ids})


def moves_of(changes: Iterable[tuple[Held, int, int]]) -> Mapping[int, tuple[int, int]]:
    """The sum of what changes in each balance, from (reservation, reserved, spent)."""
    reserved: defaultdict[int, int] = defaultdict(int)
    spent: defaultdict[int, int] = defaultdict(int)
    for held, more_reserved, more_spent in changes:
        for balance_id in held.balance_ids:
            reserved[balance_id] += more_reserved
            spent[balance_id] += more_spent
    return {balance_id: (reserved[balance_id], spent[balance_id]) for balance_id in reserved}
