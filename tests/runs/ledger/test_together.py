"""Many payers' money in one transaction, by several writers at once."""

from __future__ import annotations

from functools import partial

import pytest

from runs.ledger import reserve, write_together
from runs.models import Reservation
from runs.shapes import Grant, Payer
from tests.runs.ledger.calls import CENT, assert_books_agree, balance, quote, settlement
from tests.runs.ledger.test_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 4
ROUNDS = 6


def test_writers_who_book_one_payer_and_ask_for_another_do_not_wait_in_a_circle() -> None:
    payers = [Payer(user_id=number, key_id=10 + number) for number in range(1, WRITERS + 1)]
    held = [[quote(payers[(place + 1) % WRITERS]) for place in range(WRITERS)] for _ in range(ROUNDS)]
    reserve([one for some in held for one in some])
    work = [
        partial(write_together, [settlement(some[place].call_id)], [], [quote(payers[place])])
        for some in held
        for place in range(WRITERS)
    ]
    answers = at_once(work, threads=WRITERS)
    assert all(isinstance(answer, Grant) for told in answers for answer in told)  # type: ignore[attr-defined]
    assert Reservation.objects.filter(state="settled").count() == WRITERS * ROUNDS
    assert_books_agree()


def test_what_is_given_back_makes_room_for_what_is_asked_for_beside_it() -> None:
    one, other = quote(Payer(user_id=1, key_id=1)), quote(Payer(user_id=2, key_id=2))
    reserve([one, other])
    day = f"{Reservation.objects.get(pk=one.call_id).opened_at:%Y-%m-%d}"
    (answer,) = write_together([settlement(one.call_id)], [other.call_id], [quote(Payer(user_id=2, key_id=2))])
    assert isinstance(answer, Grant)
    assert (balance("user:1", day), balance("user:2", day)) == ((CENT, 0), (0, CENT))
    assert_books_agree()
