"""A driver starts each node when its own inputs are there, and brings the run to its end."""

from __future__ import annotations

import pytest

from runs.models import Artifact, Event, LedgerEntry, Reservation
from runs.shapes import Feed, NodeStatus, RunStatus
from tests.runs.fakes import CALL_NANO, FakeModels, drive, make_run, nodes_of, serve_models, spec

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_models(monkeypatch)


def test_a_run_of_one_node_ends_with_its_answer_its_cost_and_its_events() -> None:
    run_id = make_run([spec("task-1")], final="task-1")
    run = drive(run_id, FakeModels())
    assert (run.status, run.error) == (RunStatus.COMPLETED, "")
    assert Artifact.objects.get(run=run, node_key="merged").content == "answer to: prompt of task-1"
    assert Artifact.objects.get(run=run, node_key="task-1").content == "answer to: prompt of task-1"
    (node,) = nodes_of(run_id).values()
    assert (node.status, node.attempt, node.cost_nano_usd) == (NodeStatus.COMPLETED, 1, CALL_NANO)
    assert list(LedgerEntry.objects.values_list("cost_nano_usd", "status")) == [(CALL_NANO, "ok")]
    assert set(Reservation.objects.values_list("state", flat=True)) == {"settled"}
    kinds = list(Event.objects.filter(run=run).order_by("seq").values_list("kind", flat=True))
    assert kinds == ["run.started", "node.started", "node.completed", "run.completed"]


def test_a_node_reads_what_it_depends_on() -> None:
    models = FakeModels()
    run_id = make_run([spec("a"), spec("b", "a", feed=Feed.CONTEXT)], final="b")
    drive(run_id, models)
    assert models.prompts[0] == "prompt of a"
    assert "answer to: prompt of a" in models.prompts[1]
