"""Alerts of budgets: each threshold once, the highest of a jump, and nothing that was told is told again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from runs.ledger import Refusal, expire, release, reserve, settle
from runs.ledger.caps import remove_cap, set_cap
from runs.ledger.corrections import correct
from runs.ledger.rebuild import rebuild_totals
from runs.models import Balance, BudgetAlert
from runs.shapes import Endpoint, Payer
from runs.shapes.alerts import AlertKind
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Role, Scope
from tests.runs.ledger.calls import CENT, ENDPOINT, SIMULATED, open_run, quote, settlement

pytestmark = pytest.mark.django_db
SITE = Payer()


def cap_site(cents: int, kind: str = "day") -> None:
    set_cap(actor=COMMAND_LINE, scope="site", kind=kind, cap_nano_usd=cents * CENT)


def spend(cents: int, payer: Payer = SITE, endpoint: Endpoint = ENDPOINT) -> UUID:
    asked = quote(payer, cents * CENT, endpoint=endpoint)
    reserve([asked])
    settle([settlement(asked.call_id, cents * CENT)])
    return asked.call_id


def told() -> list[tuple[str, int]]:
    """What was told since the test began, in order."""
    alerts = BudgetAlert.objects.order_by("at", "threshold_percent")
    return list(alerts.values_list("scope", "threshold_percent"))


def rung() -> int:
    return sum(task.func() == "runs.alerting.tasks.deliver_alerts" for task in OrmQ.objects.all())


def test_each_threshold_is_told_once_when_it_is_reached() -> None:
    cap_site(100)
    spend(49)
    assert told() == []
    spend(1)
    assert told() == [("site", 50)]
    spend(10)
    spend(19)
    assert told() == [("site", 50)]
    spend(1)
    spend(20)
    assert told() == [("site", 50), ("site", 80), ("site", 100)]
    assert rung() == 3


def test_a_jump_gives_one_alert_that_names_the_highest() -> None:
    cap_site(100)
    spend(40)
    spend(60)
    (alert,) = BudgetAlert.objects.all()
    assert (alert.kind, alert.threshold_percent, alert.spent_nano_usd) == (AlertKind.SPENT, 100, 100 * CENT)


def test_what_is_set_aside_is_not_counted() -> None:
    cap_site(100)
    held = quote(SITE, 90 * CENT)
    reserve([held])
    assert told() == []
    release([held.call_id])
    assert told() == []


def test_day_and_month_person_and_key_are_told_of_each_for_itself() -> None:
    bob = User.objects.create(username="bob", role=Role.MEMBER)
    key = create_key(actor=bob.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_WRITE}), expires_at=None)
    for scope, kind, cents in (("site", "month", 20), (f"user:{bob.pk}", "day", 20), (f"key:{key.key_id}", "day", 12)):
        set_cap(actor=COMMAND_LINE, scope=scope, kind=kind, cap_nano_usd=cents * CENT)
    spend(10, Payer(user_id=bob.pk, key_id=key.key_id))
    alerts = BudgetAlert.objects.order_by("scope").values_list("scope", "threshold_percent", "user_id")
    assert list(alerts) == [
        (f"key:{key.key_id}", 80, bob.pk),
        ("site", 50, None),
        (f"user:{bob.pk}", 50, bob.pk),
    ]
    assert rung() == 1


def test_the_next_day_is_told_of_anew() -> None:
    cap_site(10)
    spend(10)
    tomorrow = timezone.now() + timedelta(days=1)
    asked = quote(SITE, 10 * CENT)
    reserve([asked], at=tomorrow)
    settle([settlement(asked.call_id, 10 * CENT)], at=tomorrow)
    assert sorted(BudgetAlert.objects.values_list("window", flat=True)) == [
        timezone.now().date().isoformat(),
        tomorrow.date().isoformat(),
    ]


def test_simulated_calls_and_caps_of_runs_tell_nothing() -> None:
    cap_site(10)
    run_id = open_run(10 * CENT)
    payer = Payer(run_id=run_id)
    spend(10, payer, SIMULATED)
    assert isinstance(reserve([quote(payer, CENT, endpoint=SIMULATED)])[0], Refusal)
    real = open_run(4 * CENT)
    spend(4, Payer(run_id=real))
    assert isinstance(reserve([quote(Payer(run_id=real), CENT)])[0], Refusal)
    assert told() == []


def test_a_correction_that_lowers_spend_never_lets_a_threshold_be_told_again() -> None:
    cap_site(100)
    call_id = spend(60)
    correct(actor=COMMAND_LINE, call_id=call_id, cost_nano_usd=0, why="never billed")
    spend(60)
    assert told() == [("site", 50)]
    correct(actor=COMMAND_LINE, call_id=call_id, cost_nano_usd=25 * CENT, why="billed after all")
    assert told() == [("site", 50), ("site", 80)]


def test_an_uncertain_charge_counts_and_the_truth_after_it_does_not_repeat_it() -> None:
    cap_site(100)
    asked = quote(SITE, 60 * CENT, expires_in_s=1)
    reserve([asked])
    expire(timezone.now() + timedelta(seconds=2))
    assert told() == [("site", 50)]
    settle([settlement(asked.call_id, 55 * CENT)])
    assert told() == [("site", 50)]


def test_who_lowers_a_cap_is_told_at_once_of_the_highest_that_is_reached() -> None:
    cap_site(100)
    spend(60)
    cap_site(70)
    assert told() == [("site", 50), ("site", 80)]
    cap_site(66)
    assert len(told()) == 2


def test_who_raises_a_cap_is_told_of_what_lies_ahead_and_back_at_the_old_one_of_nothing() -> None:
    cap_site(100)
    spend(100)
    cap_site(200)
    spend(1)
    assert told() == [("site", 100)]  # half of the new one was spent when it was set: that is no news
    spend(59)
    assert [percent for _, percent in told()] == [100, 80]
    cap_site(100)
    cap_site(200)
    assert len(told()) == 2


def test_a_first_cap_is_told_of_and_one_that_was_lifted_and_comes_back_is_not() -> None:
    spend(60)
    cap_site(100)
    assert told() == [("site", 50)]
    remove_cap(actor=COMMAND_LINE, scope="site", kind="day")
    spend(1)
    cap_site(100)
    assert told() == [("site", 50)]
    spend(19)
    assert told() == [("site", 50), ("site", 80)]


def test_a_cap_of_nothing_tells_only_of_the_first_call_that_it_refused() -> None:
    spend(1)
    cap_site(0)
    assert told() == []
    for _ in range(3):
        assert isinstance(reserve([quote(SITE, CENT), quote(SITE, 2 * CENT)])[0], Refusal)
    (alert,) = BudgetAlert.objects.all()
    assert (alert.kind, alert.cap_nano_usd, alert.needed_nano_usd) == (AlertKind.REFUSED, 0, CENT)
    assert rung() == 1


def test_a_call_that_needs_but_wait_is_no_refusal_to_tell_of() -> None:
    cap_site(10)
    reserve([quote(SITE, 8 * CENT)])
    assert isinstance(reserve([quote(SITE, 5 * CENT)])[0], Refusal)
    assert told() == []
    assert isinstance(reserve([quote(SITE, 11 * CENT)])[0], Refusal)
    assert [alert.kind for alert in BudgetAlert.objects.all()] == [AlertKind.REFUSED]


def test_what_is_undone_was_never_told() -> None:
    cap_site(10)
    asked = quote(SITE, 10 * CENT)
    reserve([asked])
    with transaction.atomic():
        settle([settlement(asked.call_id, 10 * CENT)])
        transaction.set_rollback(True)
    assert told() == []
    assert rung() == 0
    settle([settlement(asked.call_id, 10 * CENT)])
    assert told() == [("site", 100)]


def test_balances_made_again_do_not_tell_again() -> None:
    cap_site(100)
    spend(60)
    Balance.objects.all().delete()
    rebuild_totals()
    spend(1)
    assert told() == [("site", 50)]
    spend(20)
    assert told() == [("site", 50), ("site", 80)]


def test_settling_asks_the_database_once_for_all_that_moved() -> None:
    cap_site(10_000)
    run_id = open_run()
    for count in (1, 40):
        asked = [quote(Payer(user_id=5, key_id=7, run_id=run_id)) for _ in range(count)]
        reserve(asked)
        with CaptureQueriesContext(connection) as asking:
            settle([settlement(call.call_id) for call in asked])
        assert sum("alert_at_nano_usd" in query["sql"] for query in asking.captured_queries) == 1
