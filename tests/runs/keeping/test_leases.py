"""One driver at a time; what a dead one left is gone on with, and nothing that was finished is done again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from runs.control import cancel_run
from runs.driving.host import driver_name
from runs.driving.sweep import MOST_DRIVES, sweep_runs
from runs.keeping.claims import LEASE, MOST_LOSSES, LeaseLost, give_up_lease, take_run
from runs.keeping.commit import Group, NodeResult, write_group
from runs.ledger import run_money
from runs.models import Artifact, Event, LedgerEntry, Node, Reservation, Run
from runs.shapes import CallStatus, NodeStatus, RunStatus, Settlement, Usage
from smartspawn.access.shapes import Actor, Role
from tests.runs.fakes import FakeModels, drive, host_of, make_run, nodes_of, serve_models, spec

pytestmark = pytest.mark.django_db(transaction=True)
ADMIN = Actor(label="admin", role=Role.ADMIN)


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_models(monkeypatch)


def off_loop(work: Callable[[], object]) -> object:
    """In a thread of the test's own, as a web process would."""

    def tidy() -> object:
        try:
            return work()
        finally:
            connection.close()

    return asyncio.get_running_loop().run_in_executor(None, tidy)


def drive_until(run_id: UUID, models: FakeModels, is_reached: Callable[[], bool]) -> None:
    """Drive, and vanish without a word when the condition holds: nothing is written after that."""

    async def do() -> None:
        async with host_of(models) as host:
            driving = asyncio.ensure_future(host.drive(run_id))
            while not is_reached():
                assert not driving.done(), "the run ended before the moment came"
                await asyncio.sleep(0.005)
            driver = host._drivers[run_id]
            driver._writer._write = _never  # type: ignore[assignment]
            await asyncio.sleep(0.05)
            driver._close = _nothing  # type: ignore[method-assign]
            driver._fail(RuntimeError("killed"))
            with pytest.raises(RuntimeError, match="killed"):
                await driving

    asyncio.run(do())


async def _never(_group: Group) -> object:
    await asyncio.sleep(0)
    raise RuntimeError("killed")


async def _nothing() -> None:
    return


def end_lease(run_id: UUID) -> None:
    """As if thirty seconds had passed since the driver's last sign."""
    past = timezone.now() - timedelta(seconds=1)
    Run.objects.filter(pk=run_id).update(lease_until=past)
    Node.objects.filter(run_id=run_id, lease_until__isnull=False).update(lease_until=past)


# --- one at a time -----------------------------------------------------------------------------------


def test_a_run_is_driven_by_one_at_a_time() -> None:
    run_id = make_run([spec("a")])
    first = take_run(run_id, "one")
    assert first is not None
    assert take_run(run_id, "two") is None
    end_lease(run_id)
    second = take_run(run_id, "two")
    assert second is not None
    assert second.is_resumed
    kinds = list(Event.objects.filter(run_id=run_id).order_by("seq").values_list("kind", flat=True))
    assert kinds == ["run.started", "run.resumed"]


@pytest.mark.parametrize("status", [RunStatus.AWAITING_APPROVAL, RunStatus.COMPLETED, RunStatus.CANCELED])
def test_a_run_that_waits_for_a_person_or_has_ended_is_not_driven(status: RunStatus) -> None:
    run_id = make_run([spec("a")])
    Run.objects.filter(pk=run_id).update(status=status)
    assert take_run(run_id, "one") is None


def test_a_driver_that_was_given_up_writes_no_result_but_books_its_money() -> None:
    run_id = make_run([spec("a")])
    first = take_run(run_id, "one")
    assert first is not None
    drive_started(run_id, first.token)
    end_lease(run_id)
    assert take_run(run_id, "two") is not None
    (node,) = nodes_of(run_id).values()
    late = NodeResult(node.pk, "a", NodeStatus.COMPLETED, started_at=timezone.now(), output="late")
    paid = Settlement(Reservation.objects.get().call_id, CallStatus.OK, Usage(output_tokens=1), 700)
    with pytest.raises(LeaseLost):
        write_group(first, Group(results=[late], settlements=[paid]))
    assert nodes_of(run_id)["a"].status == NodeStatus.QUEUED
    assert not Artifact.objects.filter(run_id=run_id, node_key="a").exists()
    assert LedgerEntry.objects.get().cost_nano_usd == 700


def test_a_result_counts_only_from_the_one_who_holds_the_node() -> None:
    run_id = make_run([spec("a"), spec("b"), spec("c")])
    lease = take_run(run_id, "one")
    assert lease is not None
    Node.objects.filter(run_id=run_id, key="b").update(lease_token=uuid.uuid4())
    Node.objects.filter(run_id=run_id, key="c").update(status=NodeStatus.COMPLETED)
    nodes = nodes_of(run_id)
    results = [NodeResult(nodes[key].pk, key, NodeStatus.FAILED, error="mine") for key in "abc"]
    written = write_group(lease, Group(results=results))
    assert written.strangers == {nodes["b"].pk, nodes["c"].pk}
    assert {key: node.error for key, node in nodes_of(run_id).items()} == {"a": "mine", "b": "", "c": ""}


def drive_started(run_id: UUID, token: UUID) -> None:
    """The node has its leave, as after a first group."""
    from runs.keeping.claims import Lease, call_id
    from runs.keeping.commit import Ask
    from runs.shapes import CallQuote, Payer, Purpose
    from tests.runs.fakes import endpoint_of

    (node,) = nodes_of(run_id).values()
    quote = CallQuote(
        call_id(run_id, "a", 1), Payer(run_id=run_id), endpoint_of("acme/one"), "a", 1, Purpose.TASK, 1_000
    )
    write_group(Lease(run_id, token, is_resumed=False), Group(asks=[Ask(node.pk, quote)], started=[node.pk]))


# --- after a death -----------------------------------------------------------------------------------


def test_finished_nodes_are_not_done_again_and_lost_ones_are() -> None:
    run_id = make_run([spec("a"), spec("b", "a"), spec("c", "b")], final="c")
    slow = FakeModels(slow="prompt of b")
    drive_until(run_id, slow, lambda: slow.prompts[-1:] == ["prompt of b"])
    assert nodes_of(run_id)["a"].status == NodeStatus.COMPLETED
    assert nodes_of(run_id)["b"].status in (NodeStatus.QUEUED, NodeStatus.RUNNING)
    end_lease(run_id)
    after = FakeModels()
    run = drive(run_id, after)
    assert run.status == RunStatus.COMPLETED
    assert after.prompts == ["prompt of b", "prompt of c"]
    node = nodes_of(run_id)["b"]
    assert (node.attempt, node.lost_count) == (2, 1)
    assert Artifact.objects.get(run=run, node_key="merged").content == "answer to: prompt of c"


def test_a_call_that_was_lost_is_charged_as_uncertain_and_said_to_be() -> None:
    run_id = make_run([spec("a")], final="a")
    slow = FakeModels(delay_s=5)
    drive_until(run_id, slow, lambda: slow.open_now == 1)
    end_lease(run_id)
    drive(run_id, FakeModels())
    assert sorted(LedgerEntry.objects.values_list("status", flat=True)) == ["ok", "uncertain"]
    assert not Reservation.objects.filter(state="open").exists()
    assert Event.objects.filter(run_id=run_id, kind="money.uncertain", node_key="a").count() == 1
    node = nodes_of(run_id)["a"]
    assert node.is_cost_uncertain
    assert node.cost_nano_usd == run_money([run_id])[run_id].spent_nano_usd


def test_nodes_are_not_blamed_for_drivers_that_were_killed_over_them() -> None:
    """Seven kills in a row, each before anything is done."""
    run_id = make_run([spec(name) for name in "abcdef"], max_parallel_nodes=4)
    at_once = []
    for _ in range(MOST_LOSSES - 1):
        stuck = FakeModels(delay_s=30)
        drive_until(run_id, stuck, lambda stuck=stuck: stuck.open_now)  # type: ignore[misc]
        at_once.append(stuck.most_open)
        end_lease(run_id)
    assert at_once[2:] == [1, 1, 1, 1, 1], "after two deaths over the same nodes one is tried by itself"
    models = FakeModels()
    assert drive(run_id, models).status == RunStatus.COMPLETED
    assert sorted(models.prompts) == [f"prompt of {name}" for name in "abcdef"]


def test_a_node_that_kills_its_drivers_is_found_and_given_up_and_all_others_are_done() -> None:
    names = ["one", "two", "poison", "three", "four"]
    run_id = make_run([spec(name) for name in names], max_parallel_nodes=4)
    beside: list[int] = []
    while nodes_of(run_id)["poison"].status != NodeStatus.FAILED:
        models = FakeModels(delay_s=0.1, slow="prompt of poison")

        def dies(models: FakeModels = models) -> bool:
            return "prompt of poison" in models.prompts

        drive_until(run_id, models, dies)
        beside.append(models.most_open)
        end_lease(run_id)
        if len(beside) == MOST_LOSSES:
            break
    assert drive(run_id, FakeModels()).status == RunStatus.COMPLETED
    nodes = nodes_of(run_id)
    assert (nodes["poison"].status, nodes["poison"].error_code) == (NodeStatus.FAILED, "lost")
    assert all(nodes[name].status == NodeStatus.COMPLETED for name in names if name != "poison")
    assert (len(beside), beside[-3:]) == (MOST_LOSSES, [1, 1, 1]), "it died alone"


def test_a_process_that_stops_in_good_order_loses_nothing_and_the_next_one_goes_on() -> None:
    run_id = make_run([spec(f"task-{number}") for number in range(6)], max_parallel_nodes=2)
    models = FakeModels(delay_s=0.15)

    async def do() -> None:
        async with host_of(models) as host:
            driving = asyncio.ensure_future(host.drive(run_id))
            while len(models.calls) < 4:
                assert not driving.done()
                await asyncio.sleep(0.01)
            driving.cancel()
            await driving

    asyncio.run(do())
    run = Run.objects.get(pk=run_id)
    assert run.status == RunStatus.RUNNING
    assert run.lease_until is not None
    assert run.lease_until <= timezone.now()
    assert not Reservation.objects.filter(state="open").exists()
    assert all(node.lost_count == 0 for node in nodes_of(run_id).values())
    left = {f"prompt of {key}" for key, node in nodes_of(run_id).items() if node.status == NodeStatus.QUEUED}
    assert left
    after = FakeModels()
    assert drive(run_id, after).status == RunStatus.COMPLETED
    assert set(after.prompts) == left
    assert {node.status for node in nodes_of(run_id).values()} == {NodeStatus.COMPLETED}


# --- ends before the end -----------------------------------------------------------------------------


def test_a_canceled_run_closes_its_calls_within_a_second_and_starts_nothing_new() -> None:
    run_id = make_run([spec("a"), spec("b", "a"), spec("c")], final="b")
    models = FakeModels(delay_s=30)

    async def do() -> float:
        async with host_of(models) as host:
            driving = asyncio.ensure_future(host.drive(run_id))
            while models.open_now < 2:
                assert not driving.done()
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            began = time.monotonic()
            await off_loop(lambda: cancel_run(run_id=run_id, actor=ADMIN))
            await driving
            return time.monotonic() - began

    assert asyncio.run(do()) < 1.5
    run = Run.objects.get(pk=run_id)
    assert (run.status, run.stop_reason, run.error) == (RunStatus.CANCELED, "canceled", "")
    assert sorted(models.stopped) == ["prompt of a", "prompt of c"]
    assert {node.status for node in nodes_of(run_id).values()} == {NodeStatus.CANCELED}
    assert not Reservation.objects.filter(state="open").exists()
    assert list(Event.objects.filter(run=run).order_by("seq").values_list("kind", flat=True))[-1] == "run.canceled"


def test_a_run_that_writes_all_the_time_sees_its_cancellation_too() -> None:
    run_id = make_run([spec(f"task-{number}") for number in range(400)], max_parallel_nodes=1)
    models = FakeModels(delay_s=0.03)

    async def do() -> None:
        async with host_of(models) as host:
            driving = asyncio.ensure_future(host.drive(run_id))
            while len(models.calls) < 3:
                assert not driving.done()
                await asyncio.sleep(0.01)
            await off_loop(lambda: cancel_run(run_id=run_id, actor=ADMIN))
            await driving

    asyncio.run(do())
    assert Run.objects.get(pk=run_id).status == RunStatus.CANCELED
    assert len(models.calls) < 100


def test_a_run_whose_time_is_over_fails_and_keeps_what_there_is() -> None:
    run_id = make_run([spec("quick"), spec("slow", "quick")], final="slow", run_timeout_s=1.0)

    class Models(FakeModels):
        async def call(self, *args: object, **options: object) -> object:  # type: ignore[override]
            self.delay_s = 30.0 if self.calls else 0.0
            return await super().call(*args, **options)  # type: ignore[arg-type]

    run = drive(run_id, Models())
    assert (run.status, run.stop_reason) == (RunStatus.FAILED, "timed_out")
    merged = Artifact.objects.get(run=run, node_key="merged")
    assert (merged.content, merged.is_partial) == ("## Title of quick\n\nanswer to: prompt of quick", True)


def test_a_run_that_was_canceled_while_its_driver_was_dead_ends_as_canceled() -> None:
    run_id = make_run([spec("a")])
    Run.objects.filter(pk=run_id).update(cancel_requested_at=timezone.now())
    models = FakeModels()
    assert drive(run_id, models).status == RunStatus.CANCELED
    assert models.calls == []


# --- the sweeper -------------------------------------------------------------------------------------


def rung() -> list[str]:
    return [str(row.task["args"][0]) for row in OrmQ.objects.all()]


def test_the_sweeper_rings_once_for_a_run_whose_driver_is_gone() -> None:
    run_id = make_run([spec("a")])
    take_run(run_id, "one")
    assert sweep_runs().rung == 0
    end_lease(run_id)
    assert sweep_runs().rung == 1
    assert sweep_runs().rung == 0, "the ring is on its way"
    assert rung() == [str(run_id)]


def test_a_driver_whose_process_is_gone_from_this_machine_is_not_waited_for() -> None:
    run_id = make_run([spec("a")])
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    take_run(run_id, driver_name("worker").replace(str(os.getpid()), str(dead.pid)))
    assert sweep_runs().rung == 1
    lease = take_run(run_id, driver_name("worker"))
    assert lease is not None
    assert lease.is_resumed
    assert sweep_runs().rung == 0, "this process lives"


def test_a_ring_that_nobody_answered_is_repeated() -> None:
    run_id = make_run([spec("a")])
    Run.objects.filter(pk=run_id).update(rung_at=timezone.now() - timedelta(minutes=2))
    assert sweep_runs().rung == 1
    assert rung() == [str(run_id)]


def test_a_run_that_is_about_to_be_driven_where_it_was_made_is_left_alone() -> None:
    run_id = make_run([spec("a")])
    assert sweep_runs().rung == 0
    Run.objects.filter(pk=run_id).update(created_at=timezone.now() - timedelta(minutes=2))
    assert sweep_runs().rung == 1


def test_a_run_that_nobody_could_end_is_given_up() -> None:
    run_id = make_run([spec("a")])
    take_run(run_id, "one")
    end_lease(run_id)
    Run.objects.filter(pk=run_id).update(drive_count=MOST_DRIVES)
    assert sweep_runs().given_up == 1
    run = Run.objects.get(pk=run_id)
    assert (run.status, run.error_code) == (RunStatus.FAILED, "lost")
    assert nodes_of(run_id)["a"].status == NodeStatus.CANCELED


def test_leave_that_an_ended_run_left_open_does_not_stay_open() -> None:
    run_id = make_run([spec("a")])
    lease = take_run(run_id, "one")
    assert lease is not None
    drive_started(run_id, lease.token)
    Run.objects.filter(pk=run_id).update(status=RunStatus.CANCELED, lease_token=None, lease_until=None)
    assert sweep_runs().uncertain_calls == 0, "its driver may still be closing the call"
    Reservation.objects.update(opened_at=timezone.now() - timedelta(minutes=2))
    assert sweep_runs().uncertain_calls == 1
    assert not Reservation.objects.filter(state="open").exists()


def test_a_lease_that_was_given_up_is_free_at_once() -> None:
    run_id = make_run([spec("a")])
    lease = take_run(run_id, "one")
    assert lease is not None
    assert Run.objects.get(pk=run_id).lease_until > timezone.now() + LEASE / 2  # type: ignore[operator]
    give_up_lease(lease)
    assert take_run(run_id, "two") is not None
