"""A chat goes to another place until its first byte, every call of it is settled, and a client that leaves ends it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import connections

from runs.breakers import shared as breakers
from runs.chat.calling import ChatCalls, ChatFailed, Desk
from runs.chat.prepare import AGENTS_OUTPUT_TOKENS, STANDING_OUTPUT_TOKENS, output_limit
from runs.chat.prepared import Chat
from runs.chat.several import SeveralCalls
from runs.chat.shapes import Automatic, ChatAsk, Face, Outcome
from runs.chat.till import Till
from runs.models import Balance, Cap, LedgerEntry, Reservation
from runs.places.lookup import Places, Spot
from runs.providers.call import CallProgress
from runs.providers.faults import CallFailed, FaultCode
from runs.shapes import ChatDelta, ChatRequest, ChatResult, Endpoint, ModelChoice, Payer, Protocol
from tests.runs.fakes import CALL_NANO, FakeModels, answer, endpoint_of, failure, one_after_another

pytestmark = pytest.mark.django_db(transaction=True)

ONE, TWO = "acme/one", "acme/two"
ASK = ChatAsk("auto", Automatic(), ({"role": "user", "content": "x"},), max_output_tokens=100, is_streaming=True)


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.chat.calling._FIRST_PAUSE_S", 0.01)


@dataclass
class Speaking(FakeModels):
    """Says a first piece before whatever comes."""

    async def call(self, *args: Any, on_delta: Any = None, progress: CallProgress | None = None) -> ChatResult:
        on_delta(ChatDelta(text="an "))
        return await super().call(*args, on_delta=on_delta, progress=progress)


def spot(model_id: str = ONE, connection: str = "acme") -> Spot:
    return Spot(ModelChoice(model_id), endpoint_of(model_id, connection), f"secret of {connection}")


def chat(*spots: Spot, **fields: Any) -> Chat:
    known: dict[str, Any] = {
        "chat_id": uuid.uuid4(),
        "ask": ASK,
        "spots": spots or (spot(),),
        "payer": Payer(user_id=5, key_id=7, mode="chat", category="coding"),
        "prompt_tokens": 10,
        "reason": "it leads",
        "session": "s",
        "timeout_s": 5.0,
    }
    return Chat(**{**known, **fields})


def with_desk(models: FakeModels, work: Callable[[Desk], Awaitable[Any]]) -> Any:
    async def do() -> Any:
        with ThreadPoolExecutor(1) as reads, ThreadPoolExecutor(1) as writes:
            loop = asyncio.get_running_loop()
            till = Till(writes)

            async def off_loop(look: Callable[[], tuple[Spot, ...]]) -> tuple[Spot, ...]:
                return await loop.run_in_executor(reads, look)

            try:
                return await work(Desk(models.call, till, Places(reads, is_simulated=False), off_loop))
            finally:
                await till.close()
                for pool in (reads, writes):
                    await loop.run_in_executor(pool, connections.close_all)

    return asyncio.run(do())


def have(work: Chat, models: FakeModels) -> tuple[Outcome | ChatFailed, list[str]]:
    """What came of the chat, and the pieces that its client got."""
    pieces: list[str] = []

    async def do(desk: Desk) -> Outcome | ChatFailed:
        try:
            return await ChatCalls(work, desk, lambda delta: pieces.append(delta.text)).run()
        except ChatFailed as failed:
            return failed

    return with_desk(models, do), pieces


def lines() -> list[tuple[str, int]]:
    return sorted(LedgerEntry.objects.values_list("status", "cost_nano_usd"))


def by_model(**said: ChatResult | CallFailed) -> Callable[[ChatRequest, Endpoint], ChatResult | CallFailed]:
    return lambda _request, endpoint: said[endpoint.model_id.removeprefix("acme/")]


def test_an_answer_is_paid_for_by_person_key_and_site() -> None:
    outcome, _ = have(chat(), FakeModels())
    assert isinstance(outcome, Outcome)
    assert (outcome.model_id, outcome.cost_nano_usd, outcome.reason) == (ONE, CALL_NANO, "it leads")
    entry = LedgerEntry.objects.get()
    assert (entry.purpose, entry.mode, entry.user_id, entry.key_id, entry.run_id) == ("chat", "chat", 5, 7, None)
    assert entry.category == "coding"
    spent = dict(Balance.objects.values_list("scope", "spent_nano_usd"))
    assert spent == {"site": CALL_NANO, "user:5": CALL_NANO, "key:7": CALL_NANO}


def test_before_the_first_byte_the_next_place_goes_on() -> None:
    models = FakeModels(script=one_after_another(failure(FaultCode.NO_CREDIT), answer("at last")))
    outcome, _ = have(chat(spot(), spot(connection="other")), models)
    assert isinstance(outcome, Outcome)
    assert outcome.result is not None
    assert (outcome.result.text, outcome.attempt_count) == ("at last", 2)
    assert lines() == [("failed", 0), ("ok", CALL_NANO)]


def test_a_spare_says_for_whom_it_stands_in() -> None:
    models = FakeModels(script=by_model(one=failure(FaultCode.MODEL_UNKNOWN), two=answer()))
    outcome, _ = have(chat(spot(), spot(TWO)), models)
    assert isinstance(outcome, Outcome)
    assert outcome.model_id == TWO
    assert "acme/two stands in: it is model_unknown" in outcome.reason


def test_spares_are_looked_for_only_when_all_else_failed() -> None:
    models = FakeModels(script=by_model(one=failure(FaultCode.MODEL_UNKNOWN), two=answer()))
    outcome, _ = have(chat(find_more=lambda: (spot(TWO),)), models)
    assert isinstance(outcome, Outcome)
    assert outcome.model_id == TWO
    unused = chat(spot(connection="other"), find_more=lambda: pytest.fail("nobody asked for it"))
    assert isinstance(have(unused, FakeModels())[0], Outcome)


def test_a_passing_fault_of_the_only_place_is_tried_once_more() -> None:
    models = FakeModels(script=one_after_another(failure(FaultCode.OVERLOADED), answer()))
    assert isinstance(have(chat(), models)[0], Outcome)
    failed, _ = have(chat(), FakeModels(script=one_after_another(failure(FaultCode.RATE_LIMITED, retry_after_s=60))))
    assert isinstance(failed, ChatFailed)
    assert (failed.failure.status, failed.failure.retry_after_s) == (429, 60)


def test_after_the_first_byte_nobody_else_is_asked() -> None:
    models = Speaking(script=one_after_another(failure(FaultCode.CUT_OFF, may_be_billed=True), answer()))
    failed, pieces = have(chat(spot(), spot(TWO)), models)
    assert isinstance(failed, ChatFailed)
    assert (failed.failure.code, pieces, len(models.calls)) == ("CUT_OFF", ["an "], 1)


def test_a_client_that_waits_for_the_whole_gets_it_from_another_place_all_the_same() -> None:
    models = Speaking(script=one_after_another(failure(FaultCode.CUT_OFF, may_be_billed=True), answer()))
    whole = replace(ASK, is_streaming=False)
    outcome, _ = have(chat(spot(), spot(TWO), ask=whole), models)
    assert isinstance(outcome, Outcome)
    # What the first may bill is charged as set aside, and told: 10 tokens and 100 at $1 a million.
    assert outcome.cost_nano_usd == CALL_NANO + 110_000


def test_a_refusal_that_no_other_place_would_mend_is_told_at_once() -> None:
    models = FakeModels(script=one_after_another(failure(FaultCode.CONTENT_FILTERED), answer()))
    failed, _ = have(chat(spot(), spot(TWO)), models)
    assert isinstance(failed, ChatFailed)
    assert (failed.failure.status, len(models.calls)) == (400, 1)


@pytest.mark.parametrize("scope", ["site", "user:5", "key:7"])
def test_no_call_leaves_beyond_a_cap(scope: str) -> None:
    Cap.objects.create(scope=scope, window="day", cap_nano_usd=1_000, set_by="test")
    models = FakeModels()
    failed, _ = have(chat(spot(), spot(TWO)), models)
    assert isinstance(failed, ChatFailed)
    assert (failed.failure.status, failed.failure.code, models.calls) == (402, "CAP_EXCEEDED", [])
    assert "raise the cap" in failed.failure.message


def test_a_place_that_kept_failing_is_left_alone() -> None:
    for _ in range(10):
        breakers.note_fault(endpoint_of(ONE), failure(FaultCode.PROVIDER_FAULT).fault)
    models = FakeModels()
    failed, _ = have(chat(), models)
    assert isinstance(failed, ChatFailed)
    assert (failed.failure.code, failed.failure.status, models.calls) == ("BREAKER_OPEN", 503, [])
    assert isinstance(have(chat(spot(), spot(connection="other")), models)[0], Outcome)


def test_faults_are_told_to_the_breakers() -> None:
    have(chat(), FakeModels(script=one_after_another(failure(FaultCode.KEY_REFUSED))))
    assert breakers.is_open(endpoint_of(TWO))  # the whole connection


def test_a_client_that_leaves_ends_the_call_and_what_was_reserved_is_settled() -> None:
    models = FakeModels(slow="x")

    async def leave(desk: Desk) -> None:
        running = asyncio.ensure_future(ChatCalls(chat(), desk, lambda _delta: None).run())
        while not models.calls:  # noqa: ASYNC110  the fake rings no bell
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with_desk(models, leave)
    assert models.stopped == ["x"]
    assert lines() == [("uncertain", 110_000)]  # nothing had come: nobody knows what it cost
    assert not Reservation.objects.filter(state="open").exists()


def test_leave_that_nobody_waits_for_any_more_is_given_back() -> None:
    async def leave(desk: Desk) -> None:
        running = asyncio.ensure_future(ChatCalls(chat(), desk, lambda _delta: None).run())
        while not desk.till._working:  # noqa: ASYNC110  the till rings no bell
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    models = FakeModels()
    with_desk(models, leave)
    assert models.calls == []
    assert list(Reservation.objects.values_list("state", flat=True)) == ["released"]


def test_many_chats_at_once_share_the_ledgers_transactions() -> None:
    async def all_at_once(desk: Desk) -> list[Outcome]:
        return list(await asyncio.gather(*(ChatCalls(chat(), desk, lambda _delta: None).run() for _ in range(40))))

    with_desk(FakeModels(delay_s=0.05), all_at_once)
    assert lines() == [("ok", CALL_NANO)] * 40


# --- several answers -------------------------------------------------------------------------


def have_several(work: Chat, models: FakeModels) -> tuple[Outcome | ChatFailed, list[int]]:
    """What came of a chat with several answers, and whose piece came when."""
    order: list[int] = []

    async def do(desk: Desk) -> Outcome | ChatFailed:
        try:
            return await SeveralCalls(work, desk, lambda number, _delta: order.append(number)).run()
        except ChatFailed as failed:
            return failed

    return with_desk(models, do), order


def test_several_answers_are_had_side_by_side_and_each_is_paid_for() -> None:
    three = replace(ASK, choice_count=3, extra={"seed": 7})
    models = Speaking(script=one_after_another(answer("a"), answer("b"), answer("c")), delay_s=0.05)
    outcome, order = have_several(chat(ask=three), models)
    assert isinstance(outcome, Outcome)
    assert outcome.result is not None
    assert sorted([outcome.result.text, *(item.text for item in outcome.other_results)]) == ["a", "b", "c"]
    assert (sorted(order), models.most_open) == ([0, 1, 2], 3)
    assert (outcome.cost_nano_usd, outcome.result.usage.total_tokens) == (3 * CALL_NANO, 90)
    assert lines() == [("ok", CALL_NANO)] * 3
    assert sorted(str(request.extra["seed"]) for _, request in models.calls) == ["7", "8", "9"]
    keys = {request.idempotency_key for _, request in models.calls}
    assert len(keys) == 3  # one key would have a provider answer thrice with the same


def test_where_not_all_answers_can_be_paid_none_is_asked_for() -> None:
    Cap.objects.create(scope="site", window="day", cap_nano_usd=250_000, set_by="test")  # two calls of 110,000
    models = FakeModels()
    failed, _ = have_several(chat(ask=replace(ASK, choice_count=3)), models)
    assert isinstance(failed, ChatFailed)
    assert (failed.failure.code, models.calls) == ("CAP_EXCEEDED", [])
    assert set(Reservation.objects.values_list("state", flat=True)) == {"released"}
    assert lines() == []


def test_one_answer_that_fails_ends_the_others_and_what_they_cost_is_told() -> None:
    models = FakeModels(script=one_after_another(failure(FaultCode.CONTENT_FILTERED), answer("b")), delay_s=0.02)
    failed, _ = have_several(chat(ask=replace(ASK, choice_count=2)), models)
    assert isinstance(failed, ChatFailed)
    assert failed.failure.status == 400
    assert failed.outcome.cost_nano_usd == sum(cost for _, cost in lines())
    assert not Reservation.objects.filter(state="open").exists()


def test_an_answer_that_another_model_gave_is_named() -> None:
    unknown, one = failure(FaultCode.MODEL_UNKNOWN), answer("one")
    models = FakeModels(script=one_after_another(one, unknown, answer("two")))
    outcome, _ = have_several(chat(spot(), spot(TWO), ask=replace(ASK, choice_count=2)), models)
    assert isinstance(outcome, Outcome)
    other = {ONE: TWO, TWO: ONE}[outcome.model_id]
    assert outcome.reason.endswith(f"Answer 2 is by {other}.")


@pytest.mark.parametrize(
    ("face", "place", "handed_on"),
    [
        (Face.RESPONSES, {}, {"top_p"}),
        (Face.RESPONSES, {"provider": "openrouter"}, {"top_p", "reasoning_effort", "verbosity"}),
        (Face.RESPONSES, {"protocol": Protocol.ANTHROPIC}, {"top_p", "reasoning_effort", "verbosity"}),
        (Face.OPENAI, {}, {"top_p", "reasoning_effort", "verbosity"}),
    ],
)
def test_agents_that_say_to_everybody_how_hard_to_think_are_not_refused_for_it(
    face: Face, place: dict[str, Any], handed_on: set[str]
) -> None:
    ask = replace(ASK, face=face, extra={"reasoning_effort": "high", "verbosity": "low", "top_p": 0.5})
    where = Spot(ModelChoice(ONE), replace(endpoint_of(ONE), **place), "secret of acme")
    models = FakeModels()
    have(chat(where, ask=ask), models)
    ((_, request),) = models.calls
    assert set(request.extra) == handed_on


@pytest.mark.parametrize(
    ("face", "asked", "context", "most"),
    [
        (Face.OPENAI, None, None, STANDING_OUTPUT_TOKENS),
        (Face.RESPONSES, None, None, AGENTS_OUTPUT_TOKENS),
        (Face.RESPONSES, None, 20_000, 19_990),  # beside the ten tokens of the prompt
        (Face.RESPONSES, 50, None, 50),
    ],
)
def test_an_answer_that_nobody_bounds_may_be_longer_for_agents(
    face: Face, asked: int | None, context: int | None, most: int
) -> None:
    ask = replace(ASK, face=face, max_output_tokens=asked)
    assert output_limit(ask, ModelChoice(ONE, context_length_tokens=context), 10) == most
