"""A run's budget is never overrun, and what it bought is kept."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from runs.keeping.serial import node_to_json
from runs.ledger import run_money
from runs.models import Artifact, Event, LedgerEntry, Node, Reservation
from runs.shapes import (
    ChatRequest,
    ChatResult,
    Endpoint,
    Feed,
    NodeSpec,
    NodeStatus,
    Purpose,
    RunStatus,
    Usage,
)
from runs.tokens.estimate import estimate_tokens
from tests.runs.fakes import (
    CALL_NANO,
    MODEL,
    FakeModels,
    answer,
    drive,
    make_run,
    nodes_of,
    one_after_another,
    serve_models,
    spec,
)

pytestmark = pytest.mark.django_db(transaction=True)
# What is set aside for a call: the prompt's estimate and a hundred tokens at $1 a million, about 120,000.
RESERVED_NANO = 130_000


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_models(monkeypatch)


def task(number: int, **fields: object) -> object:
    return spec(f"task-{number}", max_output_tokens=100, **fields)


def test_reservations_of_calls_under_way_only_make_the_others_wait() -> None:
    """Room for two at a time; ten calls that cost a quarter of what was set aside all pass."""
    cap = 10 * CALL_NANO * 2
    models = FakeModels(delay_s=0.01)
    run_id = make_run([task(number) for number in range(10)], cap_nano_usd=cap)  # type: ignore[misc]
    run = drive(run_id, models)
    assert run.status == RunStatus.COMPLETED, run.error
    assert len(models.calls) == 10
    assert models.most_open <= cap // 110_000
    assert run_money([run_id])[run_id].spent_nano_usd == 10 * CALL_NANO


def test_at_four_fifths_nothing_new_starts_but_the_merge() -> None:
    merge = spec("merge", *(f"task-{number}" for number in range(120)), purpose=Purpose.MERGE, feed=Feed.CANDIDATES)
    models = FakeModels()
    cap = 100 * CALL_NANO
    nodes = [*(task(number) for number in range(120)), merge]
    run_id = make_run(nodes, final="merge", cap_nano_usd=cap, max_parallel_nodes=1)  # type: ignore[arg-type]
    run = drive(run_id, models)
    assert run.status == RunStatus.BUDGET_EXHAUSTED
    statuses = [node.status for node in nodes_of(run_id).values()]
    assert NodeStatus.CANCELED in statuses
    assert statuses.count(NodeStatus.QUEUED) == 0
    assert len(models.calls) == pytest.approx(80 + 1, abs=2)
    assert Event.objects.filter(run=run, kind="run.budget_low").count() == 1
    merged = Artifact.objects.get(run=run, node_key="merged")
    assert merged.is_partial
    assert "answer to: prompt of task-0" in merged.content
    money = run_money([run_id])[run_id]
    assert money.spent_nano_usd <= cap
    assert money.reserved_nano_usd == 0


def test_a_cap_that_lets_nothing_through_ends_the_run_without_a_call() -> None:
    models = FakeModels()
    run_id = make_run([spec("a")], final="a", cap_nano_usd=0)
    Node.objects.filter(run_id=run_id).update(model_id="acme/one")
    run = drive(run_id, models)
    assert models.calls == []
    assert (run.status, run.stop_reason) == (RunStatus.BUDGET_EXHAUSTED, "budget_exhausted")
    assert run.error
    assert Node.objects.get(run=run).model_id == "acme/one"  # it can be seen who was not asked


def test_when_the_money_is_gone_what_there_is_is_put_together_without_a_call() -> None:
    merge = spec("merge", "task-1", "task-2", purpose=Purpose.MERGE, feed=Feed.CANDIDATES)
    first = task(1)
    nodes = [first, task(2), merge]
    run_id = make_run(nodes, final="merge", cap_nano_usd=RESERVED_NANO, max_parallel_nodes=1)  # type: ignore[arg-type]
    run = drive(run_id, FakeModels())
    assert run.status == RunStatus.BUDGET_EXHAUSTED
    merged = Artifact.objects.get(run=run, node_key="merged")
    assert "answer to: prompt of task-1" in merged.content
    assert merged.is_partial


def test_a_merge_is_rather_made_shorter_than_left_out() -> None:
    """What is set aside for a merge of a thousand tokens would not fit; that for one a little shorter does."""
    merge = spec("merge", "task-1", purpose=Purpose.MERGE, feed=Feed.CANDIDATES, max_output_tokens=1_000)
    models = FakeModels()
    run_id = make_run([task(1), merge], final="merge", cap_nano_usd=1_000_000)  # type: ignore[list-item]
    run = drive(run_id, models)
    assert (run.status, run.error) == (RunStatus.COMPLETED, "")
    limit = models.calls[-1][1].max_output_tokens
    assert 600 <= limit < 1_000
    told = Event.objects.get(run=run, kind="node.shortened")
    assert (told.node_key, told.data) == ("merge", {"maxOutputTokens": limit})
    reserved = LedgerEntry.objects.get(run_id=run_id, node_key="merge").reserved_nano_usd
    assert 1_000_000 - CALL_NANO - 2_000 < reserved <= 1_000_000 - CALL_NANO, "to the last token that fits"


def test_a_merge_that_is_cut_off_by_the_money_is_kept_and_marked() -> None:
    merge = spec("merge", "task-1", purpose=Purpose.MERGE, feed=Feed.CANDIDATES, max_output_tokens=1_000)
    said = one_after_another(answer("found this"), answer("found this, and furth", finish_reason="length"))
    run_id = make_run([task(1), merge], final="merge", cap_nano_usd=1_000_000)  # type: ignore[list-item]
    run = drive(run_id, FakeModels(script=said))
    merged = Artifact.objects.get(run=run, node_key="merged")
    assert (merged.content, merged.is_partial) == ("found this, and furth", True)
    assert nodes_of(run_id)["merge"].error_code == "cut_off"


def test_too_little_for_any_merge_leaves_the_answers_side_by_side() -> None:
    merge = spec("merge", "task-1", purpose=Purpose.MERGE, feed=Feed.CANDIDATES, max_output_tokens=1_000)
    models = FakeModels()
    run_id = make_run([task(1), merge], final="merge", cap_nano_usd=700_000)  # type: ignore[list-item]
    run = drive(run_id, models)
    assert len(models.calls) == 1
    assert run.status == RunStatus.BUDGET_EXHAUSTED
    assert "answer to: prompt of task-1" in Artifact.objects.get(run=run, node_key="merged").content


def test_every_call_is_in_the_ledger_and_no_money_stays_set_aside() -> None:
    run_id = make_run([task(number) for number in range(60)])  # type: ignore[misc]
    drive(run_id, FakeModels(delay_s=0.01))
    assert LedgerEntry.objects.filter(run_id=run_id, status="ok").count() == 60
    assert set(Reservation.objects.values_list("state", flat=True)) == {"settled"}
    assert run_money([run_id])[run_id].reserved_nano_usd == 0


# --- what is kept for the end --------------------------------------------------------------

PRICED = replace(MODEL, prompt_usd_per_mtok=Decimal(1), completion_usd_per_mtok=Decimal(1))


def long_answer(request: ChatRequest, _endpoint: Endpoint) -> ChatResult:
    """Every answer is as long as it may be, and words are tokens."""
    text = "word " * request.max_output_tokens
    tokens = estimate_tokens(request.messages)
    return ChatResult(text, Usage(fresh_input_tokens=tokens, output_tokens=request.max_output_tokens))


def priced_task(number: int) -> NodeSpec:
    return spec(f"task-{number}", model=PRICED, max_output_tokens=1_000)


def priced_merge(count: int) -> NodeSpec:
    keys = [f"task-{number}" for number in range(count)]
    fields = {"purpose": Purpose.MERGE, "feed": Feed.CANDIDATES, "least_inputs": 1, "max_output_tokens": 4_000}
    return spec("merge", *keys, model=PRICED, **fields)


@pytest.mark.parametrize("slots", [1, 5])
def test_answers_never_take_the_money_of_the_merge_that_reads_them(slots: int) -> None:
    """Ten answers of a thousand tokens each, and a cap that would let five through with nothing left."""
    nodes = [*(priced_task(number) for number in range(10)), priced_merge(10)]
    models = FakeModels(script=long_answer, delay_s=0.01)
    cap = 5_400_000
    run_id = make_run(nodes, final="merge", cap_nano_usd=cap, max_parallel_nodes=slots)
    run = drive(run_id, models)
    done = nodes_of(run_id)
    assert done["merge"].status == NodeStatus.COMPLETED, done["merge"].error
    answers = [node for key, node in done.items() if key != "merge" and node.status == NodeStatus.COMPLETED]
    assert 1 <= len(answers) <= 3
    left_out = [node.error for node in done.values() if node.error_code == "budget_exhausted"]
    assert any("is kept to bring the answers together" in error for error in left_out)
    assert (run.status, run.stop_reason) == (RunStatus.BUDGET_EXHAUSTED, "budget_exhausted")
    merged = Artifact.objects.get(run=run, node_key="merged")
    assert (merged.content.split()[0], merged.is_partial) == ("word", True)
    assert run_money([run_id])[run_id].spent_nano_usd <= cap


def test_what_is_kept_only_makes_answers_wait_that_turn_out_short() -> None:
    """Side by side they might get too long for the merge; one after the other all of them fit."""
    nodes = [*(priced_task(number) for number in range(5)), priced_merge(5)]
    models = FakeModels(delay_s=0.01)
    run_id = make_run(nodes, final="merge", cap_nano_usd=3_400_000)
    run = drive(run_id, models)
    assert (run.status, run.error) == (RunStatus.COMPLETED, "")
    assert len(models.calls) == 6


def test_under_a_cap_too_small_for_any_merge_the_money_buys_answers() -> None:
    nodes = [*(priced_task(number) for number in range(2)), priced_merge(2)]
    models = FakeModels(script=long_answer)
    run_id = make_run(nodes, final="merge", cap_nano_usd=2_200_000, max_parallel_nodes=1)
    dear = replace(PRICED, prompt_usd_per_mtok=Decimal(1_000), completion_usd_per_mtok=Decimal(1_000))
    Node.objects.filter(run_id=run_id, key="merge").update(spec=node_to_json(replace(nodes[-1], model=dear)))
    run = drive(run_id, models)
    assert run.status == RunStatus.BUDGET_EXHAUSTED
    assert [nodes_of(run_id)[key].status for key in ("task-0", "task-1")] == [NodeStatus.COMPLETED] * 2


# --- more than was set aside ---------------------------------------------------------------


def test_what_a_search_costs_beyond_what_was_set_aside_is_booked_told_and_ends_the_run() -> None:
    """The provider put a hundred thousand tokens of pages into the prompt: nobody can know that before."""
    found = ChatResult("found", Usage(fresh_input_tokens=100_000, output_tokens=20))
    models = FakeModels(script=one_after_another(found, answer()))
    cap = 50_000_000
    nodes = [spec("search", max_output_tokens=100, uses_web_search=True), spec("next", "search", max_output_tokens=100)]
    run = drive(make_run(nodes, final="next", cap_nano_usd=cap), models)
    line = LedgerEntry.objects.get(run_id=run.pk)
    assert (line.cost_nano_usd, line.reserved_nano_usd < 10_000_000) == (100_020_000, True)
    money = run_money([run.pk])[run.pk]
    assert (money.spent_nano_usd, money.reserved_nano_usd) == (100_020_000, 0)
    assert money.overrun_nano_usd == line.cost_nano_usd - line.reserved_nano_usd
    told = Event.objects.get(run=run, kind="money.overrun")
    assert (told.node_key, told.data["costUsd"]) == ("search", 0.10002)
    assert "cost $0.1" in told.message
    assert len(models.calls) == 1, "the cap is passed: nothing further goes out"
    assert run.status == RunStatus.BUDGET_EXHAUSTED
    assert nodes_of(run.pk)["search"].status == NodeStatus.COMPLETED, "what was paid for is kept"


def test_calls_that_cost_no_more_than_was_set_aside_are_no_overrun() -> None:
    run = drive(make_run([task(1)]), FakeModels())  # type: ignore[list-item]
    assert run_money([run.pk])[run.pk].overrun_nano_usd == 0
    assert not Event.objects.filter(run=run, kind="money.overrun").exists()
