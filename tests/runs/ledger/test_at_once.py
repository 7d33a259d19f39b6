"""Many who spend at the same time: real connections, a file or a server behind them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from runs.ledger import expire, release, reserve, run_money, settle
from runs.ledger.caps import remove_cap, set_cap
from runs.models import Balance, BudgetAlert, Cap, LedgerEntry, Reservation
from runs.shapes import CallQuote, Grant, Payer
from smartspawn.access.shapes import COMMAND_LINE
from tests.runs.ledger.calls import CENT, SIMULATED, assert_books_agree, open_run, quote, settlement

ROOT = Path(__file__).resolve().parents[3]
THREADS = 40
CALLS = 200
FITTING = 20


@pytest.fixture(autouse=True)
def _real_transactions(transactional_db: None) -> None:
    """Threads see what others have committed."""


def at_once(work: Sequence[Callable[[], object]], threads: int = THREADS) -> list[object]:
    """The results of all of it, begun at one moment on a connection for each thread."""
    start = threading.Barrier(threads)

    def share(number: int) -> Iterator[tuple[int, object]]:
        start.wait(30)
        try:
            for place in range(number, len(work), threads):
                yield place, work[place]()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        shares = list(pool.map(lambda number: list(share(number)), range(threads)))
    found = dict(pair for pairs in shares for pair in pairs)
    return [found[place] for place in range(len(work))]


def ask(wanted: CallQuote) -> bool:
    """Whether one call gets its leave."""
    return isinstance(reserve([wanted])[0], Grant)


def ask_for_all(wanted: list[CallQuote]) -> int:
    """How many of these get their leave."""
    return sum(isinstance(answer, Grant) for answer in reserve(wanted))


@pytest.mark.parametrize("capped", ["run", "user:5", "key:7", "site"])
def test_exactly_as_many_calls_pass_as_the_cap_has_room_for(capped: str) -> None:
    run_id = open_run(FITTING * CENT if capped == "run" else None)
    if capped != "run":
        Cap.objects.create(scope=capped, window="day", cap_nano_usd=FITTING * CENT, set_by="test")
    payer = Payer(user_id=5, key_id=7, run_id=run_id)

    passed = at_once([partial(ask, quote(payer)) for _ in range(CALLS)])

    assert sum(map(bool, passed)) == FITTING
    assert Reservation.objects.count() == FITTING
    assert set(Balance.objects.values_list("reserved_nano_usd", flat=True)) == {FITTING * CENT}
    assert_books_agree()


def test_batches_and_single_calls_share_one_cap() -> None:
    run_id = open_run(FITTING * CENT)
    payers = [Payer(user_id=user, run_id=run_id) for user in (1, 2, 3, 4)]
    work = [partial(ask_for_all, [quote(payer) for _ in range(7)]) for payer in payers]
    granted = at_once(work * 10)
    # The same batches over and over: whoever asks again for what is open gets the same leave.
    assert Reservation.objects.count() == FITTING
    assert run_money([run_id])[run_id].free_nano_usd == 0
    assert max(map(int, granted)) <= 7  # type: ignore[arg-type]
    assert_books_agree()


def test_one_call_asked_for_by_many_is_reserved_once() -> None:
    call = quote(Payer(user_id=5, run_id=open_run()))
    assert all(at_once([lambda: ask(call)] * THREADS))
    assert Reservation.objects.count() == 1
    assert_books_agree()


def test_one_call_settled_by_many_is_booked_once() -> None:
    call = quote(Payer(user_id=5, run_id=open_run()))
    reserve([call])
    told = at_once([lambda: settle([settlement(call.call_id, 700)])] * 20, threads=20)
    assert sum(map(int, told)) == 1  # type: ignore[arg-type]
    assert LedgerEntry.objects.count() == 1
    assert_books_agree()


def test_nobody_waits_in_a_circle_and_the_books_agree_after_a_crowd() -> None:
    runs = [open_run(60 * CENT) for _ in range(3)]
    far = timezone.now() + timedelta(days=1)

    def spend(seed: int) -> int:
        chance = random.Random(seed)
        done = 0
        for _ in range(4):
            payers = [Payer(chance.choice([1, 2]), chance.choice([None, 7]), run_id, "single") for run_id in runs]
            asked = [
                quote(
                    chance.choice(payers),
                    chance.randint(1, CENT),
                    endpoint=chance.choice([quote(payers[0]).endpoint, SIMULATED]),
                )
                for _ in range(5)
            ]
            granted = [answer for answer in reserve(asked) if isinstance(answer, Grant)]
            chance.shuffle(granted)
            settle([settlement(one.call_id, chance.randint(0, one.amount_nano_usd)) for one in granted[::2]])
            release([one.call_id for one in granted[1::4]])
            done += len(granted)
            if chance.random() < 0.2:
                expire(far)
        return done

    spent = at_once([partial(spend, seed) for seed in range(12)], threads=12)

    assert min(map(int, spent)) > 0  # type: ignore[arg-type]
    for money in run_money(runs).values():
        assert money.spent_nano_usd + money.reserved_nano_usd <= 60 * CENT
    assert_books_agree()


def test_a_cap_set_while_others_spend_holds_from_then_on() -> None:
    set_cap(actor=COMMAND_LINE, scope="site", kind="day", cap_nano_usd=0)
    stop = threading.Event()
    passed_under_zero: list[bool] = []

    def spend() -> None:
        while not stop.is_set():
            ask(quote(Payer(user_id=1)))

    def switch() -> None:
        for _ in range(4):
            remove_cap(actor=COMMAND_LINE, scope="site", kind="day")
            set_cap(actor=COMMAND_LINE, scope="site", kind="day", cap_nano_usd=0)
            passed_under_zero.append(ask(quote(Payer(user_id=2))))
        stop.set()

    at_once([spend, spend, spend, switch], threads=4)
    assert passed_under_zero == [False] * 4
    assert_books_agree()


KILLED_WITH_MONEY_SET_ASIDE = """
import django, os, signal, uuid
django.setup()
from runs.ledger import reserve, settle
from runs.shapes import Payer
from tests.runs.ledger.calls import quote, settlement
calls = [quote(Payer(user_id=5, run_id=uuid.UUID({run!r})), expires_in_s=5) for _ in range(3)]
reserve(calls)
settle([settlement(calls[0].call_id, 100)])
{last_words}
os.kill(os.getpid(), signal.SIGKILL)
"""
IN_THE_MIDDLE = """
from django.db import transaction
transaction.set_autocommit(False)
settle([settlement(calls[1].call_id, 100)])
"""


@pytest.mark.parametrize("last_words", ["", IN_THE_MIDDLE], ids=["between", "in the middle of settling"])
def test_a_process_killed_with_money_set_aside_leaves_it_to_be_charged_as_uncertain(last_words: str) -> None:
    run_id = open_run()
    run_script(KILLED_WITH_MONEY_SET_ASIDE.format(run=str(run_id), last_words=last_words))
    money = run_money([run_id])[run_id]
    assert (money.spent_nano_usd, money.reserved_nano_usd) == (100, 2 * CENT)
    assert_books_agree()
    lost = expire(timezone.now() + timedelta(seconds=6))
    assert [call.run_id for call in lost] == [run_id, run_id]
    money = run_money([run_id])[run_id]
    assert (money.spent_nano_usd, money.reserved_nano_usd) == (100 + 2 * CENT, 0)
    assert money.uncertain_nano_usd == 2 * CENT
    assert_books_agree()


def run_script(script: str) -> None:
    """Run it in a process of its own, on this test's database, until it kills itself."""
    here = connection.settings_dict
    address = f"sqlite:///{here['NAME']}"
    if connection.vendor == "postgresql":
        secret = f":{here['PASSWORD']}" if here["PASSWORD"] else ""
        address = f"postgres://{here['USER']}{secret}@{here['HOST']}:{here['PORT'] or 5432}/{here['NAME']}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "smartspawn.settings",
        "SMARTSPAWN_HOME": str(settings.HOME_DIR),
        "DATABASE_URL": address,
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_hundreds_of_writes_of_many_never_find_the_database_locked() -> None:
    payer = Payer(user_id=5, run_id=open_run())

    def write() -> bool:
        call = quote(payer, 10)
        return ask(call) and settle([settlement(call.call_id, 7)]) == 1

    assert all(at_once([write] * 120))
    assert LedgerEntry.objects.count() == 120
    assert_books_agree()


def test_fifty_calls_that_settle_at_once_tell_of_a_threshold_once() -> None:
    set_cap(actor=COMMAND_LINE, scope="site", kind="day", cap_nano_usd=100 * CENT)
    calls = [quote(Payer(user_id=5)) for _ in range(50)]
    reserve(calls)
    at_once([partial(settle, [settlement(call.call_id)]) for call in calls], threads=50)
    assert list(BudgetAlert.objects.values_list("threshold_percent", flat=True)) == [50]
    assert_books_agree()


def test_many_calls_refused_at_once_are_told_of_once() -> None:
    Cap.objects.create(scope="site", window="day", cap_nano_usd=CENT // 2, set_by="test")
    assert not any(at_once([lambda: ask(quote(Payer(user_id=5)))] * 50, threads=50))
    assert list(BudgetAlert.objects.values_list("kind", "needed_nano_usd")) == [("refused", CENT)]
