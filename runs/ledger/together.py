"""Money of many payers in one transaction: booked, given back and set aside, with no two writers in a circle."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from runs.ledger.balances import lock_balances
from runs.ledger.holding import hold, keys_of
from runs.ledger.reserve import Answer, reserve
from runs.ledger.settle import release, settle
from runs.ledger.windows import balance_keys, day_of
from runs.shapes import CallQuote, Settlement


def write_together(
    settlements: Sequence[Settlement], released: Sequence[UUID], quotes: Sequence[CallQuote]
) -> list[Answer]:
    """Settle, release and reserve, all or nothing; the answers to the quotes. Raises as these do."""
    with transaction.atomic():
        if connection.features.has_select_for_update and bool(settlements) + bool(released) + bool(quotes) > 1:
            _lock_all([*(told.call_id for told in settlements), *released], quotes)
        settle(settlements)
        release(released)
        return reserve(quotes)


def _lock_all(call_ids: Sequence[UUID], quotes: Sequence[CallQuote]) -> None:
    """Hold every balance that is to be moved, in one order: each step by itself would take its own payers' alone.

    Who holds the site's balance for one key's call and then asks for another key's waits for whoever holds that one
    and waits for the site's.
    """
    day = day_of(timezone.now())
    keys = {key for held in hold(call_ids).values() for key in keys_of(held)}
    for payer, is_simulated in {(quote.payer, quote.endpoint.is_simulated) for quote in quotes}:
        keys.update(balance_keys(payer, day, is_simulated=is_simulated))
    if keys:
        lock_balances(keys)
