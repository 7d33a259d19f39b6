"""An admin says what a provider billed: ledger, caps, nodes and events follow."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from runs.correcting.book import book_provider_bill, correct_call, correct_run
from runs.driving.sweep import expire_calls
from runs.ledger import reserve, run_money
from runs.ledger.corrections import spread
from runs.ledger.uncertain import list_uncertain, sum_uncertain
from runs.models import Event, Node, Run
from runs.shapes import CallQuote, Payer
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import COMMAND_LINE, Actor, Role, Scope
from smartspawn.lib.errors import Conflict, InvalidParam, MissingParam, NotAllowed, NotFound
from tests.runs.fakes import make_run, spec
from tests.runs.ledger.calls import CENT, SIMULATED, assert_books_agree, balance, quote

ADMIN = Actor("ann", role=Role.ADMIN, scopes=frozenset({Scope.RUNS_ADMIN}), user_id=1)
OWNER = Actor("bob", role=Role.MEMBER, scopes=frozenset({Scope.RUNS_WRITE}), user_id=5)
WHY = "says the provider's page"


def lose(run_id: uuid.UUID | None, *node_keys: str, **changes: object) -> list[CallQuote]:
    """Calls that got leave and never came back."""
    then = timezone.now() - timedelta(hours=1)
    payer = Payer(user_id=5, run_id=run_id, mode="swarm" if run_id else "chat")
    quotes = [quote(payer, node_key=key, **changes) for key in node_keys]
    reserve(quotes, at=then)
    expire_calls()
    return quotes


@pytest.mark.django_db
def test_what_a_person_says_ends_uncertainty_everywhere() -> None:
    run_id = make_run([spec("a"), spec("b")])
    asked, _ = lose(run_id, "a", "b")
    done = correct_call(actor=ADMIN, call_id=asked.call_id, cost_nano_usd=CENT // 4, why=WHY)
    assert done.change_nano_usd == CENT // 4 - CENT
    a, b = Node.objects.filter(run_id=run_id).order_by("key")
    assert (a.cost_nano_usd, a.is_cost_uncertain) == (CENT // 4, False)
    assert (b.cost_nano_usd, b.is_cost_uncertain) == (CENT, True)
    money = run_money([run_id])[run_id]
    assert (money.spent_nano_usd, money.uncertain_nano_usd) == (CENT + CENT // 4, CENT)
    assert [charge.node_key for charge in list_uncertain(ADMIN)] == ["b"]
    event = Event.objects.get(run_id=run_id, kind="money.corrected")
    assert event.message == "A call that was charged at $0.01 cost $0.0025, according to ann."
    entry = AuditEntry.objects.get(action="ledger.correct")
    assert (entry.before, entry.after, entry.why) == ({"cost_usd": "0.01"}, {"cost_usd": "0.0025"}, WHY)
    assert_books_agree()


@pytest.mark.django_db
def test_nothing_was_billed_gives_the_caps_their_room_back() -> None:
    (asked,) = lose(None, "chat")
    day = f"{timezone.now() - timedelta(hours=1):%Y-%m-%d}"
    assert balance("user:5", day) == (CENT, 0)
    correct_call(actor=ADMIN, call_id=asked.call_id, cost_nano_usd=0, why=WHY)
    assert balance("user:5", day) == (0, 0)
    assert sum_uncertain(ADMIN).call_count == 0
    assert_books_agree()


@pytest.mark.django_db
def test_a_sum_is_spread_over_the_uncertain_calls_of_a_run() -> None:
    run_id = make_run([spec("a"), spec("b"), spec("c")])
    lose(run_id, "a", "b")
    lose(run_id, "c", amount=2 * CENT)
    done = correct_run(actor=ADMIN, run_id=run_id, total_nano_usd=1_000_001, why=WHY)
    assert sorted(each.after_nano_usd for each in done) == [250_000, 250_000, 500_001]
    assert run_money([run_id])[run_id].spent_nano_usd == 1_000_001
    assert not Node.objects.filter(is_cost_uncertain=True).exists()
    assert AuditEntry.objects.get(action="ledger.correct").after == {"cost_usd": "0.001000001", "calls": 3}
    with pytest.raises(Conflict, match="No call of this run is uncertain"):
        correct_run(actor=ADMIN, run_id=run_id, total_nano_usd=0, why=WHY)
    assert_books_agree()


@pytest.mark.django_db
def test_whoever_is_capped_cannot_lift_their_cap_by_a_correction() -> None:
    run_id = make_run([spec("a")])
    (asked,) = lose(run_id, "a")
    for attempt in (
        lambda: correct_call(actor=OWNER, call_id=asked.call_id, cost_nano_usd=0, why=WHY),
        lambda: correct_run(actor=OWNER, run_id=run_id, total_nano_usd=0, why=WHY),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert run_money([run_id])[run_id].uncertain_nano_usd == CENT


@pytest.mark.django_db
def test_bad_corrections_are_refused_and_change_nothing() -> None:
    run_id = make_run([spec("a")])
    (asked,) = lose(run_id, "a")
    for changes, refusal in (
        ({"cost_nano_usd": -1}, InvalidParam),
        ({"why": "  "}, MissingParam),
        ({"call_id": uuid.uuid4()}, NotFound),
    ):
        given_ = {"call_id": asked.call_id, "cost_nano_usd": 0, "why": WHY, **changes}
        with pytest.raises(refusal):
            correct_call(actor=COMMAND_LINE, **given_)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        correct_run(actor=ADMIN, run_id=uuid.uuid4(), total_nano_usd=0, why=WHY)
    assert run_money([run_id])[run_id].uncertain_nano_usd == CENT
    assert_books_agree()


@pytest.mark.django_db
def test_everybody_sees_their_own_uncertain_charges_newest_first_page_by_page() -> None:
    run_id = make_run([spec("a"), spec("b"), spec("c")])
    lose(run_id, "a")
    lose(run_id, "b")
    lose(run_id, "c")
    lose(run_id, "sim", endpoint=SIMULATED)
    stranger = Actor("eve", role=Role.MEMBER, user_id=6)
    assert list_uncertain(stranger) == ()
    first = list_uncertain(OWNER, most=2)
    assert [charge.node_key for charge in first] == ["c", "b"]
    assert [charge.node_key for charge in list_uncertain(OWNER, before_id=first[-1].id)] == ["a"]
    assert sum_uncertain(ADMIN).cost_nano_usd == 3 * CENT, "simulated money is none"
    assert {charge.node_key for charge in list_uncertain(OWNER, run_id=run_id)} == {"a", "b", "c", "sim"}


@given(total=st.integers(0, 10**15), weights=st.lists(st.integers(0, 10**12), min_size=1, max_size=50))
def test_a_spread_sum_stays_whole_and_in_proportion(total: int, weights: list[int]) -> None:
    shares = spread(total, weights)
    assert sum(shares) == total
    assert min(shares) >= 0
    for share, weight in zip(shares, weights, strict=True):
        fair = total * weight / sum(weights) if sum(weights) else total / len(weights)
        assert abs(share - fair) <= 1 + fair * 1e-9


@pytest.mark.django_db
def test_a_node_that_a_driver_has_in_hand_is_put_right_once_it_is_done() -> None:
    run_id = make_run([spec("a")])
    (asked,) = lose(run_id, "a")
    Run.objects.filter(pk=run_id).update(lease_until=timezone.now() + timedelta(seconds=20))
    for change in (
        lambda: correct_call(actor=ADMIN, call_id=asked.call_id, cost_nano_usd=0, why=WHY),
        lambda: correct_run(actor=ADMIN, run_id=run_id, total_nano_usd=0, why=WHY),
        lambda: book_provider_bill(call_id=asked.call_id, billed_nano_usd=0),
    ):
        with pytest.raises(Conflict):
            change()
    assert run_money([run_id])[run_id].spent_nano_usd == CENT
    Node.objects.filter(run_id=run_id).update(status="completed")
    book_provider_bill(call_id=asked.call_id, billed_nano_usd=7)
    assert Node.objects.get(run_id=run_id).cost_nano_usd == 7
    assert_books_agree()
