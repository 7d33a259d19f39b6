"""Places that fail are left alone, by every process, and come back by a single call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from runs.breakers import shared as breakers
from runs.breakers.rules import FAILURES_TO_OPEN, FAILURES_TO_OPEN_BUSY
from runs.breakers.shared import (
    clear_breakers,
    is_open,
    list_breakers,
    note_fault,
    note_success,
    reset_breaker,
    wait_s,
)
from runs.models import Breaker
from runs.places.endpoints import reachable_models
from runs.providers.faults import Fault, FaultCode, make_fault
from runs.shapes import Endpoint, Protocol
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import ANONYMOUS, COMMAND_LINE
from smartspawn.lib.errors import NotAllowed, NotFound
from tests.runs.connections.builders import make_connection

pytestmark = pytest.mark.django_db


def endpoint(model_id: str = "acme/alpha-1", connection: str = "openrouter") -> Endpoint:
    return Endpoint(connection, "openrouter", Protocol.OPENAI, "https://example.org", model_id, model_id)


ALPHA, BETA = endpoint(), endpoint("acme/beta-1")
BROKEN = make_fault(FaultCode.PROVIDER_FAULT, "The provider answered with status 500.", status=500)
NO_CREDIT = make_fault(FaultCode.NO_CREDIT, "No credit.", status=402)


def rate_limited(retry_after_s: float | None) -> Fault:
    return make_fault(FaultCode.RATE_LIMITED, "Too many.", status=429, retry_after_s=retry_after_s)


def fail(times: int, fault: Fault = BROKEN, at: Endpoint = ALPHA) -> None:
    for _ in range(times):
        note_fault(at, fault)


def let_pause_pass() -> None:
    Breaker.objects.update(open_until=timezone.now() - timedelta(seconds=1))
    breakers.forget()


def pause_left_s(at: Endpoint = ALPHA) -> int:
    return round(wait_s(at))


def test_five_failures_in_a_row_close_a_model_at_its_place_for_a_minute() -> None:
    fail(FAILURES_TO_OPEN - 1)
    assert not is_open(ALPHA)

    fail(1)
    assert is_open(ALPHA)
    assert pause_left_s() == 60
    assert not is_open(BETA)
    assert not is_open(endpoint(connection="anthropic"))


def test_a_success_in_between_starts_the_count_anew() -> None:
    fail(FAILURES_TO_OPEN - 1)
    note_success(ALPHA)
    fail(FAILURES_TO_OPEN - 1)

    assert not is_open(ALPHA)


def test_a_busy_place_needs_more_than_five_by_chance() -> None:
    note_success(ALPHA)
    fail(FAILURES_TO_OPEN_BUSY - 1)
    assert not is_open(ALPHA)

    fail(1)
    assert is_open(ALPHA)


@pytest.mark.parametrize("code", [FaultCode.NO_CREDIT, FaultCode.KEY_REFUSED])
def test_what_only_a_person_can_mend_closes_the_whole_connection_at_once_and_long(code: FaultCode) -> None:
    note_success(ALPHA)
    note_fault(ALPHA, make_fault(code, "Mend it."))

    assert is_open(ALPHA)
    assert is_open(BETA)
    assert pause_left_s(BETA) == 30 * 60


def test_a_plan_does_not_count_on_a_connection_without_credit() -> None:
    make_connection("openrouter")
    assert reachable_models() is None

    note_fault(ALPHA, NO_CREDIT)
    assert reachable_models() == frozenset()


def test_a_rate_limit_holds_as_long_as_the_provider_asks() -> None:
    note_fault(ALPHA, rate_limited(42))

    assert is_open(ALPHA)
    assert pause_left_s() == 42
    assert not is_open(BETA)


def test_a_short_rate_limit_is_the_callers_own_affair_until_it_repeats() -> None:
    fail(FAILURES_TO_OPEN - 1, rate_limited(2))
    assert not is_open(ALPHA)

    fail(1, rate_limited(2))
    assert pause_left_s() == 2


def test_a_refused_request_says_nothing_against_the_place() -> None:
    fail(50, make_fault(FaultCode.BAD_REQUEST, "No such option.", status=400))

    assert not is_open(ALPHA)
    assert not Breaker.objects.exists()


def test_a_network_that_is_gone_closes_every_model_behind_it() -> None:
    fail(FAILURES_TO_OPEN, make_fault(FaultCode.UNREACHABLE, "Nobody answers."))

    assert is_open(BETA)


def test_after_the_pause_one_call_is_let_through_and_success_closes_the_breaker() -> None:
    fail(FAILURES_TO_OPEN)
    let_pause_pass()

    assert not is_open(ALPHA)
    assert is_open(ALPHA)
    note_success(ALPHA)
    assert not is_open(ALPHA)
    assert not is_open(ALPHA)
    assert list_breakers() == ()


def test_a_failed_trial_doubles_the_pause_up_to_a_quarter_of_an_hour() -> None:
    fail(FAILURES_TO_OPEN)
    pauses = []
    for _ in range(6):
        let_pause_pass()
        assert not is_open(ALPHA)
        note_fault(ALPHA, BROKEN)
        pauses.append(pause_left_s())

    assert pauses == [120, 240, 480, 900, 900, 900]


def test_a_trial_of_which_nobody_hears_makes_room_for_another() -> None:
    fail(FAILURES_TO_OPEN)
    let_pause_pass()
    assert not is_open(ALPHA)
    assert is_open(ALPHA)

    let_pause_pass()
    assert not is_open(ALPHA)


def test_calls_under_way_when_it_opened_do_not_lengthen_the_pause() -> None:
    fail(FAILURES_TO_OPEN + 40)

    assert pause_left_s() == 60


def test_successes_write_nothing() -> None:
    note_success(ALPHA)
    with CaptureQueriesContext(database) as asked:
        for _ in range(500):
            note_success(ALPHA)
            assert not is_open(ALPHA)
    assert len(asked) <= 1


def test_what_one_process_opened_another_sees() -> None:
    note_fault(ALPHA, NO_CREDIT)
    breakers._open, breakers._streaks = {}, {}  # as a process that was not there
    breakers.forget()

    assert is_open(BETA)
    (shown,) = list_breakers()
    assert (shown.connection, shown.model_id, shown.error_code) == ("openrouter", "", "no_credit")
    assert shown.reason == "No credit."


def test_an_admin_closes_a_breaker_and_the_audit_log_has_it() -> None:
    note_fault(ALPHA, NO_CREDIT)
    with pytest.raises(NotAllowed):
        reset_breaker(actor=ANONYMOUS, connection="openrouter")

    reset_breaker(actor=COMMAND_LINE, connection="openrouter")
    assert not is_open(ALPHA)
    assert AuditEntry.objects.get().action == "breaker.reset"
    with pytest.raises(NotFound):
        reset_breaker(actor=COMMAND_LINE, connection="openrouter")


def test_a_new_key_starts_with_a_clean_slate() -> None:
    note_fault(ALPHA, NO_CREDIT)
    fail(FAILURES_TO_OPEN - 1)
    clear_breakers("openrouter")
    fail(1)

    assert not is_open(ALPHA)


@pytest.mark.django_db(transaction=True)
def test_of_thirty_callers_after_the_pause_exactly_one_is_let_through() -> None:
    def ask(_: int) -> bool:
        try:
            return is_open(ALPHA)
        finally:
            connections.close_all()

    fail(FAILURES_TO_OPEN)
    for _ in range(5):
        let_pause_pass()
        with ThreadPoolExecutor(30) as callers:
            answers = list(callers.map(ask, range(30)))
        assert answers.count(False) == 1
