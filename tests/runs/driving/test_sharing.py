"""Several processes work on one large run, and no node is done twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from runs.control import cancel_run
from runs.ledger import run_money
from runs.models import Artifact, Event, LedgerEntry, Node, Reservation, Run
from runs.shapes import Feed, NodeStatus, Purpose, RunStatus
from runs.tasks import help_run
from smartspawn.access.shapes import Actor, Role
from tests.runs.fakes import CALL_NANO, FakeModels, host_of, make_run, nodes_of, serve_models, spec
from tests.runs.keeping.test_leases import off_loop

pytestmark = pytest.mark.django_db(transaction=True)
ADMIN = Actor(label="admin", role=Role.ADMIN)
COUNT = 60


@pytest.fixture(autouse=True)
def _many(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    serve_models(monkeypatch)
    monkeypatch.setattr("runs.driving.sharing.LEAST_NODES", COUNT)
    monkeypatch.setattr("runs.driving.sharing.LEAST_SHARE", 2)
    monkeypatch.setattr("runs.driving.execute.LOOK_EVERY_S", 0.05)
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "workers": 2}


def together(run_id: UUID, driver: FakeModels, helper: FakeModels, *, share: int = 2) -> None:
    """A driver and, a moment later, a helper."""

    async def do() -> None:
        async with host_of(driver) as first, host_of(helper) as second:
            driving = asyncio.ensure_future(first.drive(run_id))
            while not driver.calls:
                assert not driving.done()
                await asyncio.sleep(0.01)
            helping = asyncio.ensure_future(second.help(run_id, share))
            assert await driving
            assert await helping

    asyncio.run(do())


def many(*more: object) -> list[object]:
    return [*(spec(f"task-{number}") for number in range(COUNT)), *more]


def test_driver_and_helper_do_each_node_once_between_them() -> None:
    driver, helper = FakeModels(delay_s=0.05), FakeModels(delay_s=0.05)
    run_id = make_run(many(), max_parallel_nodes=4)  # type: ignore[arg-type]
    together(run_id, driver, helper)
    assert Run.objects.get(pk=run_id).status == RunStatus.COMPLETED
    assert set(Counter([*driver.prompts, *helper.prompts]).values()) == {1}
    assert len(driver.prompts) + len(helper.prompts) == COUNT
    assert min(len(driver.prompts), len(helper.prompts)) > COUNT // 6
    assert driver.most_open <= 2
    assert {node.status for node in nodes_of(run_id).values()} == {NodeStatus.COMPLETED}
    completed = Event.objects.filter(run_id=run_id, kind="node.completed").values_list("node_key", flat=True)
    assert sorted(completed) == sorted(nodes_of(run_id))
    assert LedgerEntry.objects.filter(status="ok").count() == COUNT
    assert run_money([run_id])[run_id].spent_nano_usd == COUNT * CALL_NANO


def test_what_a_helper_wrote_is_merged_too() -> None:
    keys = [f"task-{number}" for number in range(COUNT)]
    merge = spec("merge", *keys, purpose=Purpose.MERGE, feed=Feed.CANDIDATES)
    driver, helper = FakeModels(delay_s=0.03), FakeModels(delay_s=0.03)
    run_id = make_run(many(merge), final="merge", max_parallel_nodes=4)  # type: ignore[arg-type]
    together(run_id, driver, helper)
    assert helper.prompts
    merged = Artifact.objects.get(run_id=run_id, node_key="merged").content
    assert all(f"answer to: {prompt}" in merged for prompt in helper.prompts)


def test_a_large_run_rings_for_help_and_takes_the_share_back_when_nobody_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runs.driving.execute.COME_WITHIN", timedelta(seconds=0.2))
    models = FakeModels(delay_s=0.05)
    run_id = make_run(many(), max_parallel_nodes=4)  # type: ignore[arg-type]

    async def do() -> None:
        async with host_of(models) as host:
            assert await host.drive(run_id)

    asyncio.run(do())
    (ring,) = [row.task for row in OrmQ.objects.all()]
    assert (ring["func"], ring["args"][:2]) == ("runs.tasks.help_run", (str(run_id), 2))
    assert models.most_open == 4


def test_help_that_comes_too_late_is_not_wanted() -> None:
    long_ago = timezone.now() - timedelta(minutes=1)
    assert help_run(str(make_run(many())), 2, long_ago.isoformat()) == "too late"  # type: ignore[arg-type]


def test_what_a_dead_helper_had_in_hand_is_done_by_the_driver() -> None:
    run_id = make_run(many(), max_parallel_nodes=4)  # type: ignore[arg-type]
    driver = FakeModels(delay_s=0.02)
    now = timezone.now()
    last = Node.objects.filter(run_id=run_id, key=f"task-{COUNT - 1}")
    last.update(lease_token="11111111-1111-1111-1111-111111111111", lease_until=now + timedelta(seconds=60))

    async def do() -> None:
        async with host_of(driver) as first:
            driving = asyncio.ensure_future(first.drive(run_id))
            while len(driver.calls) < COUNT - 1:
                assert not driving.done()
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)
            assert not driving.done(), "the driver did not wait for its helper"
            await off_loop(lambda: last.update(lease_until=now - timedelta(seconds=1)))
            assert await driving

    asyncio.run(do())
    assert Run.objects.get(pk=run_id).status == RunStatus.COMPLETED
    assert len(driver.prompts) == COUNT


def test_a_cancel_reaches_the_helper_too() -> None:
    driver, helper = FakeModels(delay_s=30), FakeModels(delay_s=30)
    run_id = make_run(many(), max_parallel_nodes=4)  # type: ignore[arg-type]

    async def do() -> None:
        async with host_of(driver) as first, host_of(helper) as second:
            driving = asyncio.ensure_future(first.drive(run_id))
            while not driver.calls:
                assert not driving.done()
                await asyncio.sleep(0.01)
            helping = asyncio.ensure_future(second.help(run_id, 2))
            while not helper.calls:
                assert not helping.done()
                await asyncio.sleep(0.01)
            await off_loop(lambda: cancel_run(run_id=run_id, actor=ADMIN))
            async with asyncio.timeout(5):
                await asyncio.gather(driving, helping)

    asyncio.run(do())
    assert Run.objects.get(pk=run_id).status == RunStatus.CANCELED
    assert {node.status for node in nodes_of(run_id).values()} == {NodeStatus.CANCELED}
    assert len(helper.stopped) == helper.most_open
    assert not Reservation.objects.filter(state="open").exists()
