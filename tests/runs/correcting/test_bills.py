"""What a broken-off call cost is asked of its provider, and booked when it says so."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from runs.correcting.bills import ask_for_bills
from runs.keeping.events import EventKind
from runs.ledger import reserve, run_money, settle
from runs.ledger.corrections import book_bill, correct
from runs.ledger.questions import take_questions
from runs.models import BillQuestion, DayTotal, Event, LedgerEntry, Node
from runs.nodes.settling import settle_answer, settle_stopped
from runs.providers.bills import read_bill
from runs.providers.call import CallProgress, open_provider_door
from runs.shapes import CallStatus, ChatRequest, ChatResult, Endpoint, Grant, Payer, Usage
from runs.simulator.scenario import Latency, Scenario
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import Conflict
from tests.runs.connections.builders import make_connection
from tests.runs.fakes import make_run, spec
from tests.runs.ledger.calls import CENT, ENDPOINT, quote, settlement
from tests.simulated import Simulated

pytestmark = pytest.mark.django_db(transaction=True)
REQUEST = ChatRequest(messages=({"role": "user", "content": "Say much. " * 30},), max_output_tokens=4000)
SLOW = Scenario(latency=Latency(5), piece_delay_ms=150, pieces=8, output_tokens=80)


async def _break_off(provider: Simulated, endpoint: Endpoint, grant: Grant, after_pieces: int) -> CallProgress:
    """Begin a call and leave once so many pieces have come."""
    progress, come = CallProgress(), asyncio.Event()
    pieces = []

    def count(delta: object) -> None:
        pieces.append(delta)
        if len(pieces) >= after_pieces:
            come.set()

    async with open_provider_door() as door:
        call = asyncio.ensure_future(door.call(grant, endpoint, REQUEST, "", on_delta=count, progress=progress))
        await come.wait()
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
    # The simulator has a loop of its own, in which it notices that we left.
    await asyncio.to_thread(_until_noticed, provider)
    return progress


def _until_noticed(provider: Simulated) -> None:
    while provider.bill.in_flight_count:
        time.sleep(0.005)


def _granted(endpoint: Endpoint, run_id: uuid.UUID) -> Grant:
    asked = quote(Payer(user_id=5, run_id=run_id, mode="swarm"), amount=50 * CENT, endpoint=endpoint, node_key="a")
    (grant,) = reserve([asked])
    assert isinstance(grant, Grant)
    return grant


def test_a_call_broken_off_is_charged_for_what_came_and_then_at_its_providers_bill() -> None:
    run_id = make_run([spec("a")])
    with Simulated(SLOW) as provider:
        make_connection("simulator", base_url=f"{provider.url}/v1")
        endpoint = provider.endpoint()
        grant = _granted(endpoint, run_id)
        progress = asyncio.run(_break_off(provider, endpoint, grant, after_pieces=3))
        told = settle_stopped(grant, endpoint, progress)
        assert told.status is CallStatus.CANCELED
        assert 0 < told.cost_nano_usd < grant.amount_nano_usd / 100, "never what was set aside"
        settle([told])
        Node.objects.filter(run_id=run_id, key="a").update(cost_nano_usd=told.cost_nano_usd)
        assert ask_for_bills() == 0, "a provider needs a while to write a bill"
        assert ask_for_bills(timezone.now() + timedelta(seconds=20)) == 1
        billed = provider.bill.totals.cost_nano_usd
    assert billed != told.cost_nano_usd, "an estimate hits the bill by chance alone"
    assert run_money([run_id])[run_id].spent_nano_usd == billed
    assert Node.objects.get(run_id=run_id).cost_nano_usd == billed
    known = LedgerEntry.objects.order_by("pk").last()
    assert known is not None
    assert (known.status, known.reported_nano_usd, known.is_estimated) == ("canceled", billed, False)
    assert dict(DayTotal.objects.values_list("status", "call_count")) == {"canceled": 1}
    (event,) = Event.objects.filter(run_id=run_id, kind=EventKind.MONEY_CORRECTED)
    assert event.node_key == "a"
    assert "according to its provider" in event.message
    assert not BillQuestion.objects.exists()


def test_a_bill_that_is_not_there_is_asked_for_less_and_less_often_and_given_up() -> None:
    with Simulated() as provider:
        make_connection("simulator", base_url=f"{provider.url}/v1")
        row = BillQuestion(call_id=uuid.uuid4(), connection="simulator", bill_name="gone", ask_at=timezone.now())
        row.save()
        now, waits = timezone.now(), []
        assert ask_for_bills(now) == 0
        for _ in range(6):
            at = BillQuestion.objects.get().ask_at
            waits.append((at - now).total_seconds())
            now = at
            assert len(take_questions(now)) == 1
    assert waits == sorted(waits)
    row.refresh_from_db()
    assert row.asked_count == 7, "also while it is asked for the last time: whoever asks may die"
    assert take_questions(row.ask_at) == ()
    assert not BillQuestion.objects.exists()


def test_a_bill_that_comes_after_a_persons_word_does_not_undo_it() -> None:
    run_id = make_run([spec("a")])
    asked = quote(Payer(user_id=5, run_id=run_id, mode="single"), amount=50 * CENT, endpoint=ENDPOINT, node_key="a")
    (grant,) = reserve([asked])
    settle([settlement(grant.call_id, usage=Usage(fresh_input_tokens=10, is_estimated=True))])
    correct(actor=COMMAND_LINE, call_id=grant.call_id, cost_nano_usd=2 * CENT, why="as their invoice says")
    with pytest.raises(Conflict, match="known already"):
        book_bill(call_id=grant.call_id, billed_nano_usd=9 * CENT)
    assert run_money([run_id])[run_id].spent_nano_usd == 2 * CENT


def test_nobody_is_asked_twice_for_a_bill_at_the_same_time() -> None:
    now = timezone.now()
    BillQuestion.objects.create(call_id=uuid.uuid4(), connection="x", bill_name="gen-1", ask_at=now)
    assert len(take_questions(now)) == 1
    assert take_questions(now) == ()


def test_a_connection_that_is_gone_leaves_the_question_to_a_person() -> None:
    BillQuestion.objects.create(call_id=uuid.uuid4(), connection="gone", bill_name="gen-1", ask_at=timezone.now())
    assert ask_for_bills(timezone.now()) == 0
    assert BillQuestion.objects.get().asked_count == 1


def test_only_guesses_are_asked_about_and_only_where_a_bill_is_kept() -> None:
    grant = Grant(uuid.uuid4(), CENT, is_simulated=False)
    counted, guessed = Usage(fresh_input_tokens=10), Usage(fresh_input_tokens=10, is_estimated=True)
    told = ChatResult("text", guessed, request_id="gen-1")
    assert settle_answer(grant, ENDPOINT, told).bill_name == "gen-1"
    assert settle_answer(grant, ENDPOINT, ChatResult("text", counted, request_id="gen-1")).bill_name == ""
    reported = ChatResult("text", guessed, request_id="gen-1", reported_cost_usd=Decimal(1))
    assert settle_answer(grant, ENDPOINT, reported).bill_name == ""
    elsewhere = Endpoint("groq", "groq", ENDPOINT.protocol, ENDPOINT.base_url, "m", "m")
    assert settle_answer(grant, elsewhere, told).bill_name == ""


@pytest.mark.parametrize(
    ("body", "billed"),
    [
        (b'{"data": {"total_cost": 0.0015}}', Decimal("0.0015")),
        (b'{"data": {"total_cost": 0}}', Decimal(0)),
        (b'{"data": {"total_cost": 0.001, "upstream_inference_cost": 0.02, "is_byok": true}}', Decimal("0.021")),
        (b'{"data": {"total_cost": 0.001, "upstream_inference_cost": 0.02, "is_byok": false}}', Decimal("0.001")),
        (b'{"data": {"total_cost": -1}}', None),
        (b'{"data": {"total_cost": 1e9}}', None),
        (b'{"data": {}}', None),
        (b"<html>", None),
    ],
)
def test_a_bill_is_read_and_a_strange_one_is_none(body: bytes, billed: Decimal | None) -> None:
    assert read_bill(body) == billed
