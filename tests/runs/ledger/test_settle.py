"""What a call came to: booked once, in the window in which it was given leave."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from runs.ledger import expire, release, reserve, run_money, settle
from runs.models import DayTotal, LedgerEntry, Reservation
from runs.shapes import CallStatus, Payer, Purpose, Usage
from smartspawn.lib.errors import NotFound
from tests.runs.ledger.calls import (
    CENT,
    NOON,
    SIMULATED,
    assert_books_agree,
    balance,
    open_run,
    quote,
    settlement,
)

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


def test_a_settled_call_moves_its_real_cost_from_reserved_to_spent() -> None:
    run_id = open_run(CENT)
    asked = quote(Payer(user_id=5, key_id=7, run_id=run_id))
    reserve([asked], at=NOON)
    assert settle([settlement(asked.call_id, CENT // 4)], at=NOON) == 1
    for scope, window in [("site", "2026-11"), ("user:5", "2026-11-21"), ("key:7", "2026-11"), (f"run:{run_id}", "")]:
        assert balance(scope, window) == (CENT // 4, 0)
    assert run_money([run_id])[run_id].free_nano_usd == CENT - CENT // 4
    assert_books_agree()


def test_a_line_of_the_ledger_tells_who_what_where_and_how_much() -> None:
    run_id = open_run()
    payer = Payer(user_id=5, key_id=7, run_id=run_id, mode="swarm", category="coding", decision_id="d1")
    asked = quote(payer, node_key="judge", attempt=2, purpose=Purpose.JUDGE)
    usage = Usage(fresh_input_tokens=1, cache_read_tokens=2, cache_write_tokens=3, output_tokens=4, reasoning_tokens=5)
    reserve([asked], at=NOON)
    told = settlement(
        asked.call_id,
        900,
        usage=usage,
        computed_nano_usd=880,
        reported_nano_usd=900,
        served_model="alpha-1-2026" * 40,
        error_code="x" * 90,
        first_token_ms=80,
    )
    settle([told], at=LATER)
    line = LedgerEntry.objects.values().get()
    assert line.pop("id")
    assert line == {
        "call_id": asked.call_id,
        "kind": "charge",
        "at": LATER,
        "day": date(2026, 11, 21),
        "status": "ok",
        "user_id": 5,
        "key_id": 7,
        "run_id": run_id,
        "node_key": "judge",
        "attempt": 2,
        "purpose": "judge",
        "mode": "swarm",
        "category": "coding",
        "driver": "api",
        "decision_id": "d1",
        "connection": "openrouter",
        "provider": "openrouter",
        "model_id": "acme/alpha-1",
        "served_model": ("alpha-1-2026" * 40)[:200],
        "price_source": "catalogue revision 41",
        "call_count": 1,
        "fresh_input_tokens": 1,
        "cache_read_tokens": 2,
        "cache_write_tokens": 3,
        "output_tokens": 4,
        "reasoning_tokens": 5,
        "cost_nano_usd": 900,
        "computed_nano_usd": 880,
        "reported_nano_usd": 900,
        "reserved_nano_usd": CENT,
        "latency_ms": 900,
        "first_token_ms": 80,
        "error_code": "x" * 40,
        "is_estimated": False,
        "is_simulated": False,
    }


def test_settling_twice_changes_nothing() -> None:
    asked = quote(Payer(user_id=5))
    reserve([asked], at=NOON)
    told = settlement(asked.call_id, 700)
    assert settle([told, told]) == 1
    assert settle([settlement(asked.call_id, 900)]) == 0
    assert balance("user:5", "2026-11") == (700, 0)
    assert LedgerEntry.objects.count() == 1
    assert_books_agree()


def test_a_call_that_never_had_leave_is_an_error_and_nothing_is_booked() -> None:
    asked = quote(Payer())
    reserve([asked])
    with pytest.raises(NotFound, match="never given leave"), transaction.atomic():
        settle([settlement(asked.call_id), settlement(uuid.uuid4())])
    assert not LedgerEntry.objects.exists()


def test_a_call_over_midnight_counts_in_the_day_in_which_it_was_given_leave() -> None:
    asked = quote(Payer(user_id=5))
    reserve([asked], at=NOON)
    settle([settlement(asked.call_id)], at=NOON + timedelta(hours=13))
    assert balance("user:5", "2026-11-21") == (CENT, 0)
    assert balance("user:5", "2026-11-22") == (0, 0)
    assert DayTotal.objects.get().day == date(2026, 11, 21)
    assert_books_agree()


def test_a_call_may_cost_more_than_was_set_aside_and_all_of_it_is_booked() -> None:
    run_id = open_run(CENT)
    asked = quote(Payer(run_id=run_id))
    reserve([asked])
    settle([settlement(asked.call_id, 3 * CENT)])
    assert run_money([run_id])[run_id].spent_nano_usd == 3 * CENT
    assert run_money([run_id])[run_id].free_nano_usd == 0
    assert_books_agree()


def test_day_totals_add_up_what_is_alike_and_keep_apart_what_is_not() -> None:
    payer = Payer(user_id=5, mode="single", category="coding")
    asked = [quote(payer), quote(payer), quote(payer, purpose=Purpose.JUDGE), quote(Payer(mode="single"))]
    reserve(asked, at=NOON)
    settle([settlement(call.call_id, 100) for call in asked[:1]])
    settle([settlement(call.call_id, 100) for call in asked[1:3]])
    settle([settlement(asked[3].call_id, 100, status=CallStatus.FAILED, usage=Usage())])
    totals = {
        (row.user_id, row.purpose, row.status): (row.call_count, row.cost_nano_usd, row.output_tokens, row.latency_ms)
        for row in DayTotal.objects.all()
    }
    assert totals == {
        (5, "task", "ok"): (2, 200, 40, 1800),
        (5, "judge", "ok"): (1, 100, 20, 900),
        (0, "task", "failed"): (1, 100, 0, 900),
    }


def test_released_money_is_free_again_and_leaves_no_line() -> None:
    run_id = open_run(CENT)
    payer = Payer(user_id=5, run_id=run_id)
    asked = quote(payer)
    reserve([asked], at=NOON)
    assert release([asked.call_id]) == 1
    assert release([asked.call_id, uuid.uuid4()]) == 0
    assert run_money([run_id])[run_id].free_nano_usd == CENT
    assert not LedgerEntry.objects.exists()
    assert_books_agree()


def test_a_released_call_that_was_billed_after_all_is_booked() -> None:
    asked = quote(Payer(user_id=5))
    reserve([asked], at=NOON)
    release([asked.call_id])
    assert settle([settlement(asked.call_id, 300)]) == 1
    assert balance("user:5", "2026-11") == (300, 0)
    assert release([asked.call_id]) == 0
    assert_books_agree()


def test_what_never_came_back_is_charged_in_full_and_flagged() -> None:
    run_id = open_run()
    asked = quote(Payer(user_id=5, run_id=run_id), expires_in_s=60)
    reserve([asked, quote(Payer(user_id=5, run_id=run_id), expires_in_s=9_000)], at=NOON)
    assert expire(NOON + timedelta(seconds=59)) == ()
    (lost,) = expire(NOON + timedelta(seconds=60))
    assert (lost.call_id, lost.run_id, lost.node_key, lost.amount_nano_usd) == (
        asked.call_id,
        run_id,
        "task-1",
        CENT,
    )
    assert expire(LATER) == ()
    assert balance("user:5", "2026-11") == (CENT, CENT)
    assert run_money([run_id])[run_id].uncertain_nano_usd == CENT
    line = LedgerEntry.objects.get()
    assert (line.status, line.is_estimated, line.cost_nano_usd) == ("uncertain", True, CENT)
    assert_books_agree()


def test_the_late_truth_takes_the_place_of_an_uncertain_charge() -> None:
    run_id = open_run()
    asked = quote(Payer(user_id=5, run_id=run_id))
    reserve([asked], at=NOON)
    expire(LATER)
    assert settle([settlement(asked.call_id, CENT // 5)], at=LATER) == 1
    assert settle([settlement(asked.call_id, CENT // 5)], at=LATER) == 0
    money = run_money([run_id])[run_id]
    assert (money.spent_nano_usd, money.uncertain_nano_usd) == (CENT // 5, 0)
    assert list(LedgerEntry.objects.order_by("pk").values_list("kind", "status", "cost_nano_usd", "call_count")) == [
        ("charge", "uncertain", CENT, 1),
        ("correction", "uncertain", -CENT, -1),
        ("correction", "ok", CENT // 5, 1),
    ]
    totals = dict(DayTotal.objects.values_list("status", "call_count"))
    assert totals == {"uncertain": 0, "ok": 1}
    assert_books_agree()


def test_simulated_calls_are_written_down_and_kept_out_of_spend() -> None:
    run_id = open_run()
    asked = quote(Payer(user_id=5, run_id=run_id), endpoint=SIMULATED)
    lost = quote(Payer(user_id=5, run_id=run_id), endpoint=SIMULATED)
    reserve([asked, lost], at=NOON)
    settle([settlement(asked.call_id, 500)])
    assert expire(LATER)[0].is_simulated
    assert run_money([run_id])[run_id].spent_nano_usd == 500 + CENT
    assert balance("user:5", "2026-11") == (0, 0)
    assert all(LedgerEntry.objects.values_list("is_simulated", flat=True))
    assert all(DayTotal.objects.values_list("is_simulated", flat=True))
    assert_books_agree()


def test_money_of_no_runs_and_of_unopened_ones() -> None:
    stranger = uuid.uuid4()
    assert run_money([]) == {}
    assert run_money([stranger])[stranger].free_nano_usd == 0


def test_the_database_refuses_to_change_a_line() -> None:
    asked = quote(Payer())
    reserve([asked])
    settle([settlement(asked.call_id)])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.update(cost_nano_usd=0)


def test_settling_many_calls_costs_as_many_statements_as_settling_one() -> None:
    payer = Payer(user_id=5, key_id=7, run_id=open_run())

    def statements(count: int) -> int:
        asked = [quote(payer) for _ in range(count)]
        reserve(asked)
        with CaptureQueriesContext(connection) as captured:
            settle([settlement(call.call_id) for call in asked])
        return len(captured)

    assert statements(200) == statements(1)


def test_an_error_of_the_caller_takes_everything_back() -> None:
    asked = quote(Payer(user_id=5))

    def fail_after_settling() -> None:
        with transaction.atomic():
            reserve([asked])
            settle([settlement(asked.call_id)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_settling()
    assert not Reservation.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert not DayTotal.objects.exists()
