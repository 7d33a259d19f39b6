"""A run's budget is never overrun, and what it bought is kept."""

from __future__ import annotations

import pytest

from runs.ledger import run_money
from runs.models import Artifact, Event, LedgerEntry, Node, Reservation
from runs.shapes import Feed, NodeStatus, Purpose, RunStatus
from tests.runs.fakes import (
    CALL_NANO,
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
