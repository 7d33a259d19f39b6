"""What the queue runs: a rung run is driven, others that wait meanwhile are taken on, and a stop hands all over."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction

from runs.driving.ringing import ring
from runs.models import Node, Reservation, Run
from runs.nodes.outside import Outside
from runs.shapes import NodeStatus, RunStatus
from runs.tasks import drive_run, sweep
from smartspawn.heartbeat import BEATS_DIR_VARIABLE, announce_stop
from tests.queue import run_queue
from tests.runs.fakes import FakeModels, make_run, serve_models, spec

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> FakeModels:
    serve_models(monkeypatch)
    made = FakeModels()

    @asynccontextmanager
    async def open_fake() -> AsyncIterator[Outside]:
        yield made.outside()

    monkeypatch.setattr("runs.driving.host.open_outside", open_fake)
    return made


def rung_run(*keys: str) -> UUID:
    run_id = make_run([spec(key) for key in keys])
    with transaction.atomic():
        ring(run_id)
    return run_id


def test_a_rung_run_is_driven_and_a_second_ring_does_no_harm(models: FakeModels) -> None:
    run_id = rung_run("a")
    with transaction.atomic():
        ring(run_id)
    assert run_queue() == ["1 driven", "not to be driven, or driven by another"]
    assert Run.objects.get(pk=run_id).status == RunStatus.COMPLETED
    assert len(models.calls) == 1


def test_a_busy_worker_takes_on_runs_that_wait(models: FakeModels, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second begins before the first has ended: their calls are open at the same time."""
    monkeypatch.setattr("runs.tasks.LOOK_EVERY_S", 0.05)
    models.delay_s = 0.5
    first, second = rung_run("a"), rung_run("b")
    assert drive_run(str(first)) == "2 driven"
    assert {Run.objects.get(pk=run_id).status for run_id in (first, second)} == {RunStatus.COMPLETED}
    assert models.most_open == 2


def test_no_more_runs_are_driven_at_once_than_allowed(
    models: FakeModels, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.MAX_PARALLEL_RUNS = 2  # type: ignore[attr-defined]
    monkeypatch.setattr("runs.tasks.LOOK_EVERY_S", 0.02)
    models.delay_s = 0.3
    runs = [rung_run(f"n{number}") for number in range(5)]
    drive_run(str(runs[0]))
    assert models.most_open == 2


def test_a_queue_that_stops_hands_its_run_over(
    models: FakeModels, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(BEATS_DIR_VARIABLE, str(tmp_path))
    announce_stop(tmp_path)
    models.delay_s = 30
    run_id = rung_run("a")
    began = time.monotonic()
    drive_run(str(run_id))
    assert time.monotonic() - began < 4
    assert Node.objects.get(run_id=run_id).status == NodeStatus.QUEUED
    assert not Reservation.objects.filter(state="open").exists()
    (tmp_path / "stopping").unlink()
    models.delay_s = 0
    run_queue()
    assert Run.objects.get(pk=run_id).status == RunStatus.COMPLETED


def test_the_schedules_task_says_what_it_found(models: FakeModels) -> None:
    assert sweep() == "0 rung again, 0 given up, 0 calls uncertain, 0 bills booked"
