"""Setting money aside: all scopes of a call or none, first come first served."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from runs.ledger import Refusal, RefusalCode, open_run_balance, raise_run_cap, release, reserve, run_money, settle
from runs.ledger.balances import take
from runs.models import Balance, Cap, Reservation
from runs.shapes import Grant, Payer
from smartspawn.lib.errors import Conflict
from smartspawn.lib.rows import insert_rows
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


def cap(scope: str, window: str, cents: int) -> None:
    Cap.objects.create(scope=scope, window=window, cap_nano_usd=cents * CENT, set_by="test")


def refusal(payer: Payer, **changes: object) -> Refusal:
    (answer,) = reserve([quote(payer, **changes)], at=NOON)  # type: ignore[arg-type]
    assert isinstance(answer, Refusal)
    return answer


def granted_count(answers: list[Grant | Refusal]) -> int:
    return sum(isinstance(answer, Grant) for answer in answers)


def test_a_call_sets_money_aside_in_every_scope_that_pays_for_it() -> None:
    run_id = open_run(5 * CENT)
    reserve([quote(Payer(user_id=5, key_id=7, run_id=run_id))], at=NOON)
    for scope in ("site", "user:5", "key:7"):
        assert balance(scope, "2026-11-21") == (0, CENT)
        assert balance(scope, "2026-11") == (0, CENT)
    assert balance(f"run:{run_id}", "") == (0, CENT)
    assert Balance.objects.count() == 7
    assert_books_agree()


def test_without_a_cap_there_is_no_limit() -> None:
    assert granted_count(reserve([quote(Payer(user_id=5), 10**15) for _ in range(3)])) == 3


@pytest.mark.parametrize("scope", ["site", "user:5", "key:7"])
@pytest.mark.parametrize("window", ["day", "month"])
def test_a_cap_of_zero_lets_nothing_through(scope: str, window: str) -> None:
    cap(scope, window, 0)
    answer = refusal(Payer(user_id=5, key_id=7))
    assert (answer.code, answer.scope, answer.cap_nano_usd) == (RefusalCode.CAP_EXCEEDED, scope, 0)
    assert answer.window == ("2026-11" if window == "month" else "2026-11-21")
    assert "may spend nothing" in answer.message


def test_a_free_call_fits_under_a_cap_of_zero() -> None:
    cap("site", "day", 0)
    assert granted_count(reserve([quote(Payer(), 0)])) == 1


@pytest.mark.parametrize("scope", ["site", "user:5", "key:7", "run"])
def test_what_does_not_fit_in_one_scope_takes_nothing_in_any(scope: str) -> None:
    run_id = open_run(CENT if scope == "run" else None)
    if scope != "run":
        cap(scope, "month", 1)
    payer = Payer(user_id=5, key_id=7, run_id=run_id)
    answers = reserve([quote(payer), quote(payer)], at=NOON)
    assert [type(answer) for answer in answers] == [Grant, Refusal]
    assert set(Balance.objects.values_list("reserved_nano_usd", flat=True)) == {CENT}
    assert Reservation.objects.count() == 1
    assert_books_agree()


def test_first_come_first_served_and_a_cheaper_one_behind_may_still_pass() -> None:
    payer = Payer(run_id=open_run(10 * CENT))
    answers = reserve([quote(payer, amount * CENT) for amount in (4, 4, 4, 2, 1)])
    assert [isinstance(answer, Grant) for answer in answers] == [True, True, False, True, False]


def test_a_refusal_says_how_much_is_missing_where_and_what_to_do() -> None:
    run_id = open_run(10 * CENT)
    payer = Payer(run_id=run_id)
    spent, held = quote(payer, 3 * CENT), quote(payer, 4 * CENT)
    reserve([spent, held])
    settle([settlement(spent.call_id, 3 * CENT)])

    waiting = refusal(payer, amount=4 * CENT)
    assert (waiting.spent_nano_usd, waiting.reserved_nano_usd, waiting.needed_nano_usd) == (
        3 * CENT,
        4 * CENT,
        4 * CENT,
    )
    assert waiting.fits_once_settled
    assert waiting.message.startswith(
        "This run may spend $0.10: $0.03 is spent, $0.04 is set aside, and this call may take $0.04."
    )
    assert "try again when they have ended" in waiting.message
    hopeless = refusal(payer, amount=8 * CENT)
    assert not hopeless.fits_once_settled
    assert "Raise the run's cap" in hopeless.message


def test_days_and_months_are_those_of_utc_and_each_begins_anew() -> None:
    cap("user:5", "day", 1)
    cap("user:5", "month", 2)
    payer, day = Payer(user_id=5), timedelta(days=1)
    today = quote(payer)
    assert granted_count(reserve([today, quote(payer)], at=NOON)) == 1
    settle([settlement(today.call_id)])
    assert granted_count(reserve([quote(payer)], at=NOON + timedelta(hours=11, minutes=59))) == 0
    assert granted_count(reserve([quote(payer), quote(payer)], at=NOON + timedelta(hours=12))) == 1
    Balance.objects.filter(window="2026-11").update(spent_nano_usd=2 * CENT, reserved_nano_usd=0)
    (answer,) = reserve([quote(payer)], at=NOON + 2 * day)
    assert isinstance(answer, Refusal)
    assert answer.window == "2026-11"
    assert "end of the month" in answer.message
    assert granted_count(reserve([quote(payer)], at=NOON + 10 * day)) == 1


def test_the_same_call_asked_for_twice_is_one() -> None:
    payer = Payer(user_id=5, run_id=open_run(CENT))
    asked = quote(payer)
    first = reserve([asked, asked], at=NOON)
    assert first == [Grant(asked.call_id, CENT, is_simulated=False)] * 2
    assert reserve([replace(asked, amount_nano_usd=3 * CENT)], at=NOON) == first[:1]
    assert balance("user:5", "2026-11") == (0, CENT)


def test_a_call_that_was_settled_gets_no_second_leave() -> None:
    asked = quote(Payer())
    reserve([asked])
    settle([settlement(asked.call_id)])
    (answer,) = reserve([asked])
    assert isinstance(answer, Refusal)
    assert answer.code == RefusalCode.CALL_DONE


def test_a_call_that_was_released_may_be_asked_for_again() -> None:
    asked = quote(Payer(user_id=5))
    reserve([asked], at=NOON)
    release([asked.call_id])
    assert granted_count(reserve([asked], at=NOON)) == 1
    assert balance("user:5", "2026-11") == (0, CENT)
    assert_books_agree()


def test_a_model_without_a_price_is_refused_and_the_others_go_on(settings: Any) -> None:
    settings.UNPRICED_USD_PER_MTOK = None
    unpriced = replace(ENDPOINT, completion_usd_per_mtok=None)
    answers = reserve([quote(Payer(), endpoint=unpriced), quote(Payer())])
    assert isinstance(answers[0], Refusal)
    assert answers[0].code == RefusalCode.MODEL_UNPRICED
    assert isinstance(answers[1], Grant)


def test_an_assumed_price_is_kept_as_such(settings: Any) -> None:
    settings.UNPRICED_USD_PER_MTOK = Decimal(5)
    asked = quote(Payer(), endpoint=replace(ENDPOINT, completion_usd_per_mtok=None))
    assert granted_count(reserve([asked])) == 1
    assert Reservation.objects.get().facts["price_source"] == "flat assumption"


def test_a_run_whose_balance_nobody_opened_spends_nothing() -> None:
    answer = refusal(Payer(user_id=5, run_id=uuid.uuid4()))
    assert answer.code == RefusalCode.RUN_UNOPENED
    assert balance("user:5", "2026-11") == (0, 0)


def test_a_runs_cap_can_be_raised_and_not_lowered() -> None:
    run_id = open_run(CENT)
    open_run_balance(run_id, 50 * CENT)
    assert run_money([run_id])[run_id].cap_nano_usd == CENT
    raise_run_cap(run_id, 3 * CENT)
    raise_run_cap(run_id, 2 * CENT)
    assert run_money([run_id])[run_id].cap_nano_usd == 3 * CENT
    raise_run_cap(run_id, None)
    assert run_money([run_id])[run_id].free_nano_usd is None


def test_simulated_money_counts_against_its_run_and_nowhere_else() -> None:
    cap("site", "day", 0)
    payer = Payer(user_id=5, key_id=7, run_id=open_run(CENT))
    answers = reserve([quote(payer, endpoint=SIMULATED), quote(payer, endpoint=SIMULATED)], at=NOON)
    assert [type(answer) for answer in answers] == [Grant, Refusal]
    assert isinstance(answers[0], Grant)
    assert answers[0].is_simulated
    assert list(Balance.objects.exclude(scope__startswith="run:")) == []


def test_many_calls_of_one_payer_cost_as_many_statements_as_one() -> None:
    payer = Payer(user_id=5, key_id=7, run_id=open_run())
    reserve([quote(payer)])

    def statements(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            reserve([quote(payer) for _ in range(count)])
        return len(captured)

    assert statements(200) == statements(1)


def test_the_database_itself_refuses_what_does_not_fit() -> None:
    cap("site", "day", 1)
    reserve([quote(Payer())], at=NOON)
    site = Balance.objects.get(scope="site", window="2026-11-21")
    with pytest.raises(Conflict), transaction.atomic():
        take({site.pk: 1})
    assert balance("site", "2026-11-21") == (0, CENT)


def test_a_row_with_a_column_that_is_none_is_an_error_and_not_half_a_row() -> None:
    with pytest.raises(TypeError, match="no such column: purse"):
        insert_rows(Cap, [{"scope": "site", "window": "day", "purse": 1}])
