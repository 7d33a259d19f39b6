"""Whatever happens in whatever order, ledger, balances and totals agree; and they can be made again."""

from __future__ import annotations

import random
import uuid
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from runs.ledger import expire, prune_reservations, release, reserve, settle
from runs.ledger.corrections import correct
from runs.models import Balance, DayTotal, LedgerEntry, Reservation
from runs.shapes import CallStatus, Grant, Payer, Settlement, Usage
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import InvalidParam, MissingParam, NotFound
from tests.runs.ledger.calls import (
    CENT,
    ENDPOINT,
    NOON,
    SIMULATED,
    assert_books_agree,
    balance,
    open_run,
    quote,
    settlement,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(4))
def test_the_books_agree_after_anything_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    runs = [open_run(cap) for cap in (None, 40 * CENT, 3 * CENT)]
    payers = [
        Payer(user_id=u, key_id=k, run_id=r, mode="single") for u in (None, 1, 2) for k in (None, 9) for r in runs
    ]
    now, known = NOON, []
    for _ in range(60):
        now += timedelta(minutes=chance.randint(0, 90))
        some = chance.sample(known, min(len(known), chance.randint(0, 6)))
        match chance.choice(["reserve", "reserve", "settle", "settle", "release", "expire", "correct"]):
            case "reserve":
                asked = [
                    quote(
                        chance.choice(payers),
                        chance.randint(0, 2 * CENT),
                        endpoint=chance.choice([ENDPOINT, ENDPOINT, SIMULATED]),
                    )
                    for _ in range(chance.randint(1, 8))
                ]
                known += [answer.call_id for answer in reserve(asked, at=now) if isinstance(answer, Grant)]
            case "settle":
                status = chance.choice(list(CallStatus))
                settle([_told(chance, call_id, status) for call_id in some], at=now)
            case "release":
                release(some, at=now)
            case "expire":
                expire(now)
            case "correct":
                for call_id in LedgerEntry.objects.filter(call_id__in=some).values_list("call_id", flat=True)[:2]:
                    cost = chance.randint(0, CENT)
                    correct(actor=COMMAND_LINE, call_id=call_id, cost_nano_usd=cost, why="by the bill", at=now)
    assert_books_agree()
    expire(now + timedelta(days=2))
    assert not Balance.objects.exclude(reserved_nano_usd=0).exists()
    assert_books_agree()
    before = _books()
    DayTotal.objects.all().delete()
    Balance.objects.filter(scope="site").delete()
    Balance.objects.update(spent_nano_usd=1, reserved_nano_usd=2)
    call_command("rebuild_totals", stdout=StringIO())
    assert _books() == before


def _told(chance: random.Random, call_id: uuid.UUID, status: CallStatus) -> Settlement:
    """A call that came back, with a report of its provider or without, its tokens counted or guessed."""
    cost = chance.randint(0, 3 * CENT)
    computed, reported = chance.choice([(cost + 7, cost), (cost, None), (None, cost), (None, None)])
    usage = Usage(fresh_input_tokens=100, output_tokens=20, is_estimated=chance.random() < 0.2)
    figures = {"computed_nano_usd": computed, "reported_nano_usd": reported, "usage": usage}
    return settlement(call_id, cost, status=status, **figures)


def test_totals_that_nothing_made_are_found_and_put_right() -> None:
    asked, waiting = quote(Payer(user_id=5)), quote(Payer(user_id=5))
    reserve([asked, waiting], at=NOON)
    settle([settlement(asked.call_id)])
    before = _books()
    Balance.objects.filter(scope="site").delete()
    DayTotal.objects.update(cost_nano_usd=1)
    with pytest.raises(
        CommandError, match="1 of 1 day totals, 0 of 23 totals by facet, 0 of 1 totals of bills and 2 of 4"
    ):
        call_command("rebuild_totals", "--check")
    said = StringIO()
    call_command("rebuild_totals", stdout=said)
    assert "now they do" in said.getvalue()
    assert _books() == before
    said = StringIO()
    call_command("rebuild_totals", "--check", stdout=said)
    assert (
        said.getvalue()
        == "All 1 day totals, 23 totals by facet, 1 totals of bills and 4 balances agree with the ledger.\n"
    )
    settle([settlement(waiting.call_id)])  # although the balances that it named are other rows now
    assert_books_agree()


def test_a_correction_is_a_line_of_its_own_with_a_reason_in_the_audit_log() -> None:
    asked = quote(Payer(user_id=5))
    reserve([asked], at=NOON)
    settle([settlement(asked.call_id, 900)])
    later = NOON + timedelta(days=40)
    done = correct(actor=COMMAND_LINE, call_id=asked.call_id, cost_nano_usd=300, why="the bill", at=later)
    assert done.change_nano_usd == -600
    done = correct(actor=COMMAND_LINE, call_id=asked.call_id, cost_nano_usd=400, why="the next bill")
    assert done.change_nano_usd == 100
    assert balance("user:5", "2026-11-21") == (400, 0)
    assert list(LedgerEntry.objects.order_by("pk").values_list("kind", "cost_nano_usd")) == [
        ("charge", 900),
        ("correction", -600),
        ("correction", 100),
    ]
    entry = AuditEntry.objects.earliest("pk")
    assert (entry.action, entry.before, entry.after, entry.why) == (
        "ledger.correct",
        {"cost_usd": "0.0000009"},
        {"cost_usd": "0.0000003"},
        "the bill",
    )
    assert_books_agree()


def test_a_persons_word_ends_uncertainty_and_nothing_comes_after_it() -> None:
    asked = quote(Payer(user_id=5))
    reserve([asked], at=NOON)
    expire(NOON + timedelta(hours=1))
    correct(actor=COMMAND_LINE, call_id=asked.call_id, cost_nano_usd=0, why="not on the bill")
    assert settle([settlement(asked.call_id)]) == 0
    assert balance("user:5", "2026-11") == (0, 0)
    assert dict(DayTotal.objects.values_list("status", "call_count")) == {"uncertain": 0, "failed": 1}
    assert dict(DayTotal.objects.values_list("status", "reserved_nano_usd")) == {"uncertain": 0, "failed": CENT}
    assert_books_agree()


def test_a_correction_needs_a_call_a_cost_and_a_reason() -> None:
    asked = quote(Payer())
    reserve([asked])
    settle([settlement(asked.call_id)])
    right: dict[str, Any] = {"actor": COMMAND_LINE, "call_id": asked.call_id, "cost_nano_usd": 1, "why": "bill"}
    for wrong, error in (
        ({"why": " "}, MissingParam),
        ({"cost_nano_usd": -1}, InvalidParam),
        ({"call_id": quote(Payer()).call_id}, NotFound),
    ):
        with pytest.raises(error):
            correct(**{**right, **wrong})
    assert LedgerEntry.objects.count() == 1


def test_corrections_can_be_made_from_the_command_line() -> None:
    asked = quote(Payer())
    reserve([asked])
    settle([settlement(asked.call_id, CENT)])
    said = StringIO()
    call_command("correct_call", str(asked.call_id), "0.015", "--why", "the bill", stdout=said)
    assert said.getvalue() == "The call now costs $0.015 (+$0.005).\n"
    with pytest.raises(CommandError, match="no line of call"):
        call_command("correct_call", str(quote(Payer()).call_id), "1", "--why", "the bill")


def test_old_reservations_are_forgotten_and_their_money_is_not() -> None:
    old, fresh, waiting = (quote(Payer(user_id=5), expires_in_s=10**7) for _ in range(3))
    reserve([old, fresh, waiting], at=NOON)
    settle([settlement(old.call_id)], at=NOON)
    settle([settlement(fresh.call_id)], at=NOON + timedelta(days=20))
    assert prune_reservations(NOON + timedelta(days=31)) == 1
    assert set(Reservation.objects.values_list("pk", flat=True)) == {fresh.call_id, waiting.call_id}
    assert_books_agree()
    correct(actor=COMMAND_LINE, call_id=old.call_id, cost_nano_usd=5, why="the bill")
    assert_books_agree()


def _books() -> tuple[set[Any], set[Any]]:
    balances = Balance.objects.values_list("scope", "window", "spent_nano_usd", "reserved_nano_usd")
    fields = [field.name for field in DayTotal._meta.fields if field.name != "id"]
    return set(balances), set(DayTotal.objects.values_list(*fields))
