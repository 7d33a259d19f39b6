"""The web process drives runs itself for those who wait on the line, and hands over what it cannot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from django_q.models import OrmQ

from runs.driving.inline import InlineHost
from runs.models import Event, Reservation, Run
from runs.nodes.outside import Outside
from runs.shapes import NodeStatus, RunStatus
from tests.runs.fakes import FakeModels, drive, make_run, nodes_of, serve_models, spec

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


def rung() -> list[str]:
    return [str(row.task["args"][0]) for row in OrmQ.objects.all()]


async def until_called(models: FakeModels) -> None:
    while not models.open_now:  # noqa: ASYNC110 - the fake only counts
        await asyncio.sleep(0.01)


def test_a_run_is_driven_in_the_web_process_without_the_queue(models: FakeModels) -> None:
    run_id = make_run([spec("a")], final="a")

    async def do() -> bool:
        host = InlineHost()
        try:
            return await host.drive(run_id)
        finally:
            await host.close()

    assert asyncio.run(do())
    run = Run.objects.get(pk=run_id)
    assert run.status == RunStatus.COMPLETED
    assert run.driven_by.startswith("web ")
    assert rung() == []


def test_beyond_what_a_process_may_drive_a_run_goes_to_the_queue(models: FakeModels, settings: Any) -> None:
    settings.MAX_PARALLEL_RUNS = 1
    models.delay_s = 0.3
    first, second = make_run([spec("a")]), make_run([spec("b")])

    async def do() -> bool:
        host = InlineHost()
        driving = asyncio.ensure_future(host.drive(first))
        await until_called(models)
        try:
            return await host.drive(second)
        finally:
            await driving
            await host.close()

    assert asyncio.run(do()) is False
    assert rung() == [str(second)]
    assert Run.objects.get(pk=second).status == RunStatus.QUEUED


def test_a_server_that_stops_hands_its_runs_to_a_worker(models: FakeModels) -> None:
    models.delay_s = 30
    run_id = make_run([spec("a"), spec("b")])

    async def do() -> float:
        host = InlineHost()
        waiting = asyncio.ensure_future(host.drive(run_id))
        await until_called(models)
        began = time.monotonic()
        await host.close()
        assert await waiting
        return time.monotonic() - began

    assert asyncio.run(do()) < 2
    assert sorted(models.stopped) == ["prompt of a", "prompt of b"]
    assert not Reservation.objects.filter(state="open").exists()
    assert {node.status for node in nodes_of(run_id).values()} == {NodeStatus.QUEUED}
    assert rung() == [str(run_id)]
    models.delay_s = 0
    assert drive(run_id, models).status == RunStatus.COMPLETED


def test_a_caller_who_leaves_does_not_end_the_run(models: FakeModels) -> None:
    models.delay_s = 0.3
    run_id = make_run([spec("a")])

    async def do() -> None:
        host = InlineHost()
        caller = asyncio.ensure_future(host.drive(run_id))
        await until_called(models)
        caller.cancel()
        await asyncio.sleep(0.6)
        await host.close()

    asyncio.run(do())
    assert Run.objects.get(pk=run_id).status == RunStatus.COMPLETED


def test_a_word_in_the_same_process_ends_a_run_at_once(models: FakeModels) -> None:
    models.delay_s = 30
    run_id = make_run([spec("a")])

    async def do() -> float:
        host = InlineHost()
        driving = asyncio.ensure_future(host.drive(run_id))
        await until_called(models)
        began = time.monotonic()
        host.cancel(run_id)
        await driving
        await host.close()
        return time.monotonic() - began

    assert asyncio.run(do()) < 0.5
    assert Run.objects.get(pk=run_id).status == RunStatus.CANCELED
    assert kinds(run_id)[-2:] == ["node.canceled", "run.canceled"]


def kinds(run_id: UUID) -> list[str]:
    return list(Event.objects.filter(run_id=run_id).order_by("seq").values_list("kind", flat=True))
