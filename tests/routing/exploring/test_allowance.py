"""How often others may be tried, and for how much."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import close_old_connections, connection
from hypothesis import given
from hypothesis import strategies as st

from routing.exploring.accounts import ask_leave, find_account
from routing.exploring.allowance import DAY_USED, SHARE_USED, ask
from routing.exploring.shapes import Account, Terms
from tests.routing.exploring.conftest import WIDE

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FULL = Account(credit_permille=1000)
SHARES = st.integers(0, 100)


@given(st.lists(st.tuples(SHARES, st.booleans(), st.integers(-5, 40), st.integers(0, 2)), max_size=600))
def test_of_any_history_no_more_are_tried_than_the_share(history: list[tuple[int, bool, int, int]]) -> None:
    account, earned, tried = Account(), 0, 0
    for share, wants, extra, day in history:
        terms = replace(WIDE, share_permille=share, most_extra_day_nano_usd=100)
        leave = ask(account, terms, wants=wants, extra_nano_usd=extra, today=TODAY + timedelta(days=day))
        account, earned, tried = leave.account, earned + share, tried + leave.is_granted
        assert tried * 1000 <= earned
        assert account.tried_count == tried
        assert account.day_extra_nano_usd <= 100
    assert account.eligible_count == len(history)


@given(st.lists(SHARES, max_size=100), st.lists(SHARES, min_size=1, max_size=300))
def test_of_any_stretch_no_more_are_tried_than_its_share_and_one(before: list[int], stretch: list[int]) -> None:
    account = Account()
    for share in before:
        terms = replace(WIDE, share_permille=share)
        account = ask(account, terms, wants=False, extra_nano_usd=0, today=TODAY).account
    tried = 0
    for share in stretch:
        leave = ask(account, replace(WIDE, share_permille=share), wants=True, extra_nano_usd=0, today=TODAY)
        account, tried = leave.account, tried + leave.is_granted
    assert tried * 1000 <= sum(stretch) + 1000


def test_a_share_of_one_in_twenty_is_reached_where_all_would_try() -> None:
    account = Account()
    for _ in range(1000):
        leave = ask(account, replace(WIDE, share_permille=50), wants=True, extra_nano_usd=0, today=TODAY)
        account = leave.account
    assert account.tried_count == 50


def test_the_cap_of_a_day_holds_to_the_nano_dollar_and_begins_anew_at_midnight() -> None:
    terms = replace(WIDE, most_extra_day_nano_usd=30)
    used = replace(FULL, day=TODAY, day_extra_nano_usd=10)
    assert ask(used, terms, wants=True, extra_nano_usd=20, today=TODAY).is_granted
    refused = ask(used, terms, wants=True, extra_nano_usd=21, today=TODAY)
    assert (refused.is_granted, refused.refusal) == (False, DAY_USED)
    tomorrow = ask(used, terms, wants=True, extra_nano_usd=30, today=TODAY + timedelta(days=1))
    assert tomorrow.is_granted
    assert tomorrow.account.day_extra_nano_usd == 30


def test_a_clock_that_is_behind_does_not_begin_the_day_anew() -> None:
    used = replace(FULL, day=TODAY, day_extra_nano_usd=30)
    terms = replace(WIDE, most_extra_day_nano_usd=30)
    assert not ask(used, terms, wants=True, extra_nano_usd=1, today=TODAY - timedelta(days=1)).is_granted


def test_a_saving_is_no_leave_to_spend() -> None:
    terms = replace(WIDE, most_extra_day_nano_usd=30)
    used = ask(replace(FULL, day=TODAY, day_extra_nano_usd=30), terms, wants=True, extra_nano_usd=-50, today=TODAY)
    assert used.is_granted
    assert used.account.day_extra_nano_usd == 30


def test_who_is_refused_keeps_what_was_earned() -> None:
    refused = ask(Account(credit_permille=100), WIDE, wants=True, extra_nano_usd=0, today=TODAY)
    assert refused.refusal == SHARE_USED
    assert refused.account.credit_permille == 200


@pytest.mark.django_db
def test_an_account_is_kept_from_pick_to_pick() -> None:
    for _ in range(10):
        leave = ask_leave(5, WIDE, wants=True, extra_nano_usd=7, now=NOW)
    assert leave.is_granted
    assert find_account(5) == Account(0, 10, 1, TODAY, 7)
    assert find_account(6) == Account()


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_never_share_one_leave() -> None:
    """Each of them could be granted by itself; half of all that is asked for comes at the same moment."""
    terms, together = Terms(True, 100, 10**9, 25), threading.Barrier(2)

    def run(_worker: int) -> int:
        try:
            together.wait()
            return sum(ask_leave(7, terms, wants=True, extra_nano_usd=10, now=NOW).is_granted for _ in range(30))
        finally:
            close_old_connections()
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        granted = sum(threads.map(run, range(2)))
    assert granted == 2  # sixty earn six; the day's 25 pay for two
    assert find_account(7) == Account(1000, 60, 2, TODAY, 20)
