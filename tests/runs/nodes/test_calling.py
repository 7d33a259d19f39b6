"""A call that fails is made again, elsewhere, or not at all, as its fault demands; and each is paid for once."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from runs.breakers import shared as breakers
from runs.driving.loading import MOST_DRAFTED_NODES
from runs.models import Artifact, Breaker, Event, LedgerEntry, Reservation
from runs.nodes.calling import MOST_FREE_TRIES
from runs.nodes.purse import Purse
from runs.providers.faults import FaultCode
from runs.shapes import ChatRequest, ChatResult, Citation, Endpoint, Feed, NodeStatus, RunStatus
from tests.runs.fakes import (
    CALL_NANO,
    OTHER,
    FakeModels,
    answer,
    drive,
    endpoint_of,
    failure,
    make_run,
    nodes_of,
    one_after_another,
    prompt_of,
    serve_models,
    spec,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_models(monkeypatch)
    monkeypatch.setattr("runs.nodes.calling.FIRST_PAUSE_S", 0.01)


def kinds(run_id: object) -> list[str]:
    return list(Event.objects.filter(run_id=run_id).order_by("seq").values_list("kind", flat=True))


def test_an_outage_does_not_fail_a_large_run_whose_nodes_have_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """The breaker says four minutes, which is longer than a node's time; the place is back sooner."""
    looks = iter([True] * 30)
    monkeypatch.setattr(breakers, "is_open", lambda _endpoint: next(looks, False))
    monkeypatch.setattr(breakers, "wait_s", lambda _endpoint: 240.0)
    monkeypatch.setattr("runs.nodes.calling.LOOK_AT_BREAKER_EVERY_S", 0.01)
    monkeypatch.setattr("runs.places.lookup.KEPT_S", 0.001)
    names = [f"n{number}" for number in range(MOST_DRAFTED_NODES + 1)]
    run = drive(make_run([spec(name) for name in names], node_timeout_s=60), FakeModels())
    assert run.status == RunStatus.COMPLETED
    told = Event.objects.filter(run=run, node_key="n0", kind="node.retrying").get()
    assert told.data["code"] == "breaker_open"
    assert "kept failing" in told.message


def test_after_an_outage_no_more_money_is_set_aside_than_for_the_calls_that_come_next(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """All that waited goes on at once: leave for all of it would expire long before the last one's turn."""
    settings.MAX_PARALLEL_NODES_PER_RUN = 4
    looks, open_counts = iter([True] * 60), [0]
    monkeypatch.setattr(breakers, "is_open", lambda _endpoint: next(looks, False))
    monkeypatch.setattr(breakers, "wait_s", lambda _endpoint: 240.0)
    monkeypatch.setattr("runs.nodes.calling.LOOK_AT_BREAKER_EVERY_S", 0.01)
    monkeypatch.setattr("runs.places.lookup.KEPT_S", 0.001)
    open_call = Purse.open_call

    def count(purse: Purse) -> None:
        open_call(purse)
        open_counts.append(purse.open_calls)

    monkeypatch.setattr(Purse, "open_call", count)
    names = [f"n{number}" for number in range(MOST_DRAFTED_NODES + 10)]
    run = drive(make_run([spec(name) for name in names], node_timeout_s=60), FakeModels(delay_s=0.02))
    assert run.status == RunStatus.COMPLETED
    assert max(open_counts) <= 4 + 2


def test_a_small_run_does_not_wait_longer_than_its_nodes_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakers, "is_open", lambda _endpoint: True)
    monkeypatch.setattr(breakers, "wait_s", lambda _endpoint: 240.0)
    run_id = make_run([spec("a")], node_timeout_s=60)
    assert drive(run_id, FakeModels()).status == RunStatus.FAILED
    assert nodes_of(run_id)["a"].error_code == "breaker_open"


def test_a_passing_fault_is_tried_again_and_costs_nothing() -> None:
    run_id = make_run([spec("a")], final="a")
    models = FakeModels(script=one_after_another(failure(FaultCode.PROVIDER_FAULT), answer("at last")))
    assert drive(run_id, models).status == RunStatus.COMPLETED
    node = nodes_of(run_id)["a"]
    assert (node.attempt, node.cost_nano_usd) == (2, CALL_NANO)
    assert sorted(LedgerEntry.objects.values_list("status", "cost_nano_usd")) == [("failed", 0), ("ok", CALL_NANO)]
    assert "node.retrying" in kinds(run_id)


def test_every_attempt_has_a_name_of_its_own() -> None:
    models = FakeModels(script=one_after_another(failure(FaultCode.OVERLOADED), answer()))
    drive(make_run([spec("a")]), models)
    assert len({request.idempotency_key for _, request in models.calls}) == 2
    assert {str(row.call_id) for row in Reservation.objects.all()} == {key.idempotency_key for _, key in models.calls}


def test_attempts_that_may_be_billed_are_limited() -> None:
    run_id = make_run([spec("a", max_attempts=3)], final="a")
    failed = failure(FaultCode.CUT_OFF, may_be_billed=True)
    models = FakeModels(script=one_after_another(failed))
    run = drive(run_id, models)
    assert len(models.calls) == 3
    assert run.status == RunStatus.FAILED
    assert "it is cut_off" in run.error


def test_refusals_that_cost_nothing_are_outlasted_where_there_is_nowhere_else_to_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = [failure(FaultCode.RATE_LIMITED, retry_after_s=0.0)] * (MOST_FREE_TRIES - 1)
    monkeypatch.setattr("runs.places.lookup.breakers.note_fault", lambda *_: None)
    run_id = make_run([spec("a", max_attempts=3)], final="a")
    models = FakeModels(script=one_after_another(*refused, answer("at last")))
    assert drive(run_id, models).status == RunStatus.COMPLETED
    assert nodes_of(run_id)["a"].attempt == MOST_FREE_TRIES


def test_even_those_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.places.lookup.breakers.note_fault", lambda *_: None)
    models = FakeModels(script=one_after_another(failure(FaultCode.PROVIDER_FAULT, retry_after_s=0.0)))
    assert drive(make_run([spec("a")], final="a"), models).status == RunStatus.FAILED
    assert len(models.calls) == MOST_FREE_TRIES


def test_a_place_that_keeps_refusing_is_left_for_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(_request: ChatRequest, endpoint: Endpoint) -> object:
        is_first = endpoint.model_id == "acme/one"
        return failure(FaultCode.OVERLOADED, retry_after_s=0.0) if is_first else answer()

    models = FakeModels(script=script)  # type: ignore[arg-type]
    drive(make_run([spec("a", max_attempts=2, fallbacks=(OTHER,))], final="a"), models)
    assert [model for model, _ in models.calls] == ["acme/one", "acme/one", "acme/two"]


def test_a_node_waits_for_a_place_that_is_left_alone_and_goes_on_when_it_works_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = iter([True, True])
    monkeypatch.setattr("runs.nodes.calling.LOOK_AT_BREAKER_EVERY_S", 0.01)
    monkeypatch.setattr("runs.places.lookup.KEPT_S", 0.001)
    monkeypatch.setattr(breakers, "is_open", lambda _endpoint: next(looks, False))
    monkeypatch.setattr(breakers, "wait_s", lambda _endpoint: 0.0)
    models = FakeModels()
    assert drive(make_run([spec("a")], final="a"), models).status == RunStatus.COMPLETED
    assert len(models.calls) == 1


def test_a_wait_that_the_provider_asks_for_is_kept_and_holds_no_slot() -> None:
    """With one slot, the others go on while the refused one waits."""
    asked: list[str] = []
    times: list[float] = []

    def script(request: ChatRequest, _endpoint: Endpoint) -> object:
        asked.append(prompt_of(request))
        times.append(time.monotonic())
        is_first = asked == ["prompt of a"]
        return failure(FaultCode.RATE_LIMITED, retry_after_s=0.4) if is_first else answer()

    run_id = make_run([spec("a"), spec("b"), spec("c")], max_parallel_nodes=1)
    drive(run_id, FakeModels(script=script))  # type: ignore[arg-type]
    assert asked == ["prompt of a", "prompt of b", "prompt of c", "prompt of a"]
    assert times[-1] - times[0] >= 0.4


def test_another_place_goes_on_where_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [endpoint_of("acme/one", "direct"), endpoint_of("acme/one", "router")]
    serve_models(monkeypatch, {"acme/one": places})

    def script(_request: ChatRequest, endpoint: Endpoint) -> object:
        is_direct = endpoint.connection == "direct"
        return failure(FaultCode.NO_CREDIT) if is_direct else answer(served_model="one-2026-11")

    run_id = make_run([spec("a"), spec("b", "a")], final="b")
    models = FakeModels(script=script)  # type: ignore[arg-type]
    drive(run_id, models)
    node = nodes_of(run_id)["a"]
    assert (node.connection, node.model_id, node.served_model) == ("router", "acme/one", "one-2026-11")
    assert "node.fallback" in kinds(run_id)
    assert len(models.calls) == 3, "the place without credit is not asked again"


def test_another_model_goes_on_where_the_first_is_unknown() -> None:
    def script(_request: ChatRequest, endpoint: Endpoint) -> object:
        return failure(FaultCode.MODEL_UNKNOWN) if endpoint.model_id == "acme/one" else answer()

    run_id = make_run([spec("a", fallbacks=(OTHER,))], final="a")
    drive(run_id, FakeModels(script=script))  # type: ignore[arg-type]
    assert nodes_of(run_id)["a"].model_id == "acme/two"


def test_what_only_a_person_can_mend_fails_the_node_with_advice() -> None:
    run_id = make_run([spec("a")], final="a")
    models = FakeModels(script=one_after_another(failure(FaultCode.KEY_REFUSED)))
    drive(run_id, models)
    node = nodes_of(run_id)["a"]
    assert (node.status, node.error_code) == (NodeStatus.FAILED, "key_refused")
    assert "Connections page" in node.hint
    assert len(models.calls) == 1


def test_an_address_that_is_no_api_is_left_at_once_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, right = endpoint_of("acme/one", "wrong"), endpoint_of("acme/one", "right")
    serve_models(monkeypatch, {"acme/one": [wrong, right]})

    def script(_request: ChatRequest, endpoint: Endpoint) -> object:
        return failure(FaultCode.NOT_AN_API) if endpoint.connection == "wrong" else answer()

    models = FakeModels(script=script)  # type: ignore[arg-type]
    run_id = make_run([spec("a"), spec("b", "a")], final="b")
    assert drive(run_id, models).status == RunStatus.COMPLETED
    assert len(models.calls) == 3, "the wrong place is asked once"
    breaker = Breaker.objects.get()
    assert (breaker.connection, breaker.model_id, breaker.error_code) == ("wrong", "", "not_an_api")
    assert all(node.connection == "right" for node in nodes_of(run_id).values())


def test_a_place_that_is_left_alone_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every prompt behind a dead place fails at once instead of trying for itself."""
    monkeypatch.setattr(breakers, "is_open", lambda _endpoint: True)
    monkeypatch.setattr(breakers, "wait_s", lambda _endpoint: 900.0)
    models = FakeModels()
    run_id = make_run([spec("a")], final="a")
    drive(run_id, models)
    assert models.calls == []
    assert nodes_of(run_id)["a"].error_code == "breaker_open"


def test_the_first_of_many_faults_opens_the_breaker_for_all() -> None:
    run_id = make_run([spec(f"task-{number}", max_attempts=1) for number in range(40)], max_parallel_nodes=2)
    models = FakeModels(script=one_after_another(failure(FaultCode.KEY_REFUSED)), delay_s=0.01)
    drive(run_id, models)
    assert len(models.calls) < 10
    assert Breaker.objects.filter(connection="acme").exists()


def test_an_empty_answer_is_asked_for_again() -> None:
    run_id = make_run([spec("a")], final="a")
    drive(run_id, FakeModels(script=one_after_another(answer(""), answer("Oslo"))))
    assert Artifact.objects.get(run_id=run_id, node_key="a").content == "Oslo"
    assert nodes_of(run_id)["a"].cost_nano_usd == 2 * CALL_NANO, "both answers are paid for"


def test_an_answer_that_stays_cut_off_is_kept_and_marked() -> None:
    run_id = make_run([spec("a", max_output_tokens=100)], final="a")
    models = FakeModels(script=one_after_another(answer("half of", finish_reason="length")))
    run = drive(run_id, models)
    node = nodes_of(run_id)["a"]
    assert [request.max_output_tokens for _, request in models.calls] == [100, 200]
    assert (node.status, node.is_partial, node.error_code) == (NodeStatus.COMPLETED, True, "cut_off")
    assert Artifact.objects.get(run=run, node_key="merged").is_partial


def test_a_call_that_may_have_been_billed_is_charged_as_uncertain() -> None:
    run_id = make_run([spec("a", max_attempts=1)], final="a")
    drive(run_id, FakeModels(script=one_after_another(failure(FaultCode.CUT_OFF, may_be_billed=True))))
    (entry,) = LedgerEntry.objects.all()
    reservation = Reservation.objects.get()
    assert (entry.status, entry.cost_nano_usd) == ("uncertain", reservation.amount_nano_usd)
    assert nodes_of(run_id)["a"].is_cost_uncertain
    assert "money.uncertain" in kinds(run_id)


def test_money_for_a_search_of_the_provider_is_set_aside_where_its_price_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = replace(endpoint_of("acme/one"), provider="openrouter")
    amounts = {}
    for name, place in (("known", known), ("unknown", endpoint_of("acme/one"))):
        serve_models(monkeypatch, {"acme/one": [place]})
        for searches in (False, True):
            run_id = make_run([spec("a", uses_web_search=searches)])
            drive(run_id, FakeModels())
            amounts[name, searches] = Reservation.objects.get(run_id=run_id).amount_nano_usd
    results = 6_000 * 1_000  # tokens that a search puts into the prompt, at a dollar a million
    assert amounts["known", True] - amounts["known", False] == results + 50_000_000
    assert amounts["unknown", True] - amounts["unknown", False] == results


def test_what_had_come_of_a_broken_answer_is_paid_for() -> None:
    partial = answer("half")
    failed = failure(FaultCode.CUT_OFF, may_be_billed=True, partial=partial)
    drive(make_run([spec("a")]), FakeModels(script=one_after_another(failed, answer())))
    assert sorted(LedgerEntry.objects.values_list("status", "cost_nano_usd")) == [
        ("failed", CALL_NANO),
        ("ok", CALL_NANO),
    ]


def test_a_node_gets_its_own_time_and_a_place_half_of_it_while_there_are_others() -> None:
    def script(_request: ChatRequest, endpoint: Endpoint) -> ChatResult | object:
        return failure(FaultCode.MODEL_UNKNOWN) if endpoint.model_id == "acme/one" else answer()

    models = FakeModels(script=script)  # type: ignore[arg-type]
    drive(make_run([spec("a", timeout_s=40.0, fallbacks=(OTHER,))]), models)
    first, second = (request.timeout_s for _, request in models.calls)
    assert first == 20.0
    assert 39.0 < second <= 40.0


@pytest.mark.parametrize(("taken_s", "calls"), [(39.5, 1), (20.0, 2)])
def test_a_place_that_used_its_time_is_not_asked_again_nor_another_in_the_last_moment(
    monkeypatch: pytest.MonkeyPatch, taken_s: float, calls: int
) -> None:
    """What is not done in so much time is not done in less, and is charged at what was set aside."""
    passed = [0.0]
    monkeypatch.setattr("runs.nodes.sending.time", SimpleNamespace(monotonic=lambda: passed[0]))

    def script(request: ChatRequest, _endpoint: Endpoint) -> object:
        passed[0] += taken_s if passed[0] == 0 else request.timeout_s
        return failure(FaultCode.TIMED_OUT, may_be_billed=True)

    models = FakeModels(script=script)  # type: ignore[arg-type]
    run_id = make_run([spec("a", timeout_s=40.0, fallbacks=(OTHER,))])
    drive(run_id, models)
    assert LedgerEntry.objects.count() == calls
    assert [model for model, _ in models.calls] == ["acme/one", "acme/two"][:calls]
    node = nodes_of(run_id)["a"]
    assert (node.status, node.error_code) == (NodeStatus.FAILED, "timed_out")
    assert node.error.endswith("and the 40 s that this part may take are over")


def test_signs_that_a_database_cannot_keep_harm_nobody() -> None:
    run_id = make_run([spec("a"), spec("b", "a", feed=Feed.CONTEXT), spec("c")], final="b")
    said = answer("half a \ud83d pair\x00", served_model="one\x00", citations=(Citation("https://x\x00", "\udfff"),))
    refused = failure(FaultCode.CONTENT_FILTERED)
    refused.fault = replace(refused.fault, message="\x00\ud800")

    def script(request: ChatRequest, _endpoint: Endpoint) -> object:
        return refused if prompt_of(request) == "prompt of c" else said

    run = drive(run_id, FakeModels(script=script))  # type: ignore[arg-type]
    assert run.status == RunStatus.COMPLETED, run.error
    text, sources = Artifact.objects.get(run_id=run_id, node_key="a").content.split("\n\n")
    assert text == "half a ? pair\N{REPLACEMENT CHARACTER}"
    assert sources == "Sources:\n- ?: https://x\N{REPLACEMENT CHARACTER}"
