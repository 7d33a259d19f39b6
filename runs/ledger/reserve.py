"""Set money aside before calls are made: in every scope that pays for a call, or in none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from runs.ledger.alerts import note_refused
from runs.ledger.balances import lock_balances, take
from runs.ledger.facts import facts_of
from runs.ledger.fitting import Ask, fit
from runs.ledger.prices import priced
from runs.ledger.quote import UnpricedModel
from runs.ledger.refusals import refuse_closed, refuse_short, refuse_unopened, refuse_unpriced
from runs.ledger.shapes import BalanceKey, Refusal
from runs.ledger.windows import balance_keys, day_of
from runs.models import Reservation
from runs.shapes import CallQuote, Grant, Payer
from smartspawn.lib.rows import adapted, insert_rows, marks

Answer = Grant | Refusal
# Written out, as in ``balances``: every call of a model passes here.
_KNOWN: Final = "SELECT call_id, state, amount_nano_usd, is_simulated FROM runs_reservation WHERE call_id IN ({})"
_KeyedQuotes = list[tuple[CallQuote, tuple[BalanceKey, ...]]]


def reserve(quotes: Sequence[CallQuote], *, at: datetime | None = None) -> list[Answer]:
    """Leave to make each of these calls, or why not, in the order asked; first come, first served.

    May run inside the caller's transaction. A call that holds its leave gets the same leave again.
    """
    now = at or timezone.now()
    answers: dict[UUID, Answer] = {}
    keyed = _with_keys(quotes, now, answers)
    if keyed:
        with transaction.atomic(savepoint=False):
            _reserve(keyed, now, answers)
    return [answers[quote.call_id] for quote in quotes]


def _with_keys(quotes: Sequence[CallQuote], now: datetime, answers: dict[UUID, Answer]) -> _KeyedQuotes:
    """The calls that have a price, each once, with the balances they count in; the others are refused."""
    day = day_of(now)
    known: dict[tuple[Payer, bool], tuple[BalanceKey, ...]] = {}
    keyed: dict[UUID, tuple[CallQuote, tuple[BalanceKey, ...]]] = {}
    for quote in quotes:
        try:
            priced(quote.endpoint)
        except UnpricedModel as error:
            answers[quote.call_id] = refuse_unpriced(quote, error.message)
            continue
        payer, is_simulated = quote.payer, quote.endpoint.is_simulated
        if (payer, is_simulated) not in known:
            known[payer, is_simulated] = balance_keys(payer, day, is_simulated=is_simulated)
        keyed.setdefault(quote.call_id, (quote, known[payer, is_simulated]))
    return list(keyed.values())


def _reserve(keyed: _KeyedQuotes, now: datetime, answers: dict[UUID, Answer]) -> None:
    rooms = lock_balances({key for _, keys in keyed for key in keys})
    # Only now, with the balances held: whoever asks for the same call at the same time waits there.
    released = _answer_known([quote for quote, _ in keyed], answers)
    open_ones = [(quote, keys) for quote, keys in keyed if quote.call_id not in answers]
    wanted: list[tuple[CallQuote, Ask]] = []
    for quote, keys in open_ones:
        if all(key in rooms for key in keys):
            balance_ids = tuple(rooms[key].balance_id for key in keys)
            wanted.append((quote, Ask(quote.amount_nano_usd, balance_ids, quote.kept_nano_usd)))
        else:
            answers[quote.call_id] = refuse_unopened(quote)
    lacks, taken = fit([ask for _, ask in wanted], {room.balance_id: room for room in rooms.values()})
    granted: list[tuple[CallQuote, Ask]] = []
    for (quote, ask), lack in zip(wanted, lacks, strict=True):
        if lack is None:
            granted.append((quote, ask))
            answers[quote.call_id] = Grant(quote.call_id, quote.amount_nano_usd, quote.endpoint.is_simulated)
        else:
            answers[quote.call_id] = refuse_short(quote, lack)
    take(taken)
    _write(granted, now, released)
    note_refused(answer for answer in answers.values() if isinstance(answer, Refusal))


def _answer_known(quotes: Sequence[CallQuote], answers: dict[UUID, Answer]) -> set[UUID]:
    """Answer the calls that were asked for before; gives those that were released, which may be asked for anew."""
    by_id = {quote.call_id: quote for quote in quotes}
    ids = {adapted(Reservation, "call_id", call_id): call_id for call_id in by_id}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN.format(marks(len(ids))), list(ids))
        rows = cursor.fetchall()
    released = set()
    for stored_id, state, amount, is_simulated in rows:
        call_id = ids[stored_id]
        if state == "open":
            answers[call_id] = Grant(call_id, amount, bool(is_simulated))
        elif state == "released":
            released.add(call_id)
        else:
            answers[call_id] = refuse_closed(by_id[call_id], state)
    return released


def _write(granted: Iterable[tuple[CallQuote, Ask]], now: datetime, released: set[UUID]) -> None:
    if released:
        Reservation.objects.filter(pk__in=released & {quote.call_id for quote, _ in granted}).delete()
    insert_rows(
        Reservation,
        [
            {
                "call_id": quote.call_id,
                "run_id": quote.payer.run_id,
                "amount_nano_usd": quote.amount_nano_usd,
                "balance_ids": ask.balance_ids,
                "facts": facts_of(quote, priced(quote.endpoint).price_source),
                "is_simulated": quote.endpoint.is_simulated,
                "opened_at": now,
                "expires_at": now + timedelta(seconds=quote.expires_in_s),
            }
            for quote, ask in granted
        ],
    )
