"""Letting a run start, stopping it, having parts of it done again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from runs.control import approve_run, cancel_run, dependents, retry_run
from runs.keeping.artifacts import NewArtifact, write_artifacts
from runs.keeping.events import list_events
from runs.ledger import run_money
from runs.models import Artifact, Node, Run
from runs.shapes import NodeStatus, RunStatus
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import Conflict, InvalidParam, NotFound
from tests.runs.rows import make_node, make_run, make_user

pytestmark = pytest.mark.django_db


def kinds(run: Run) -> list[str]:
    return [event.kind for event in list_events(run.pk)]


def test_a_run_that_waits_starts_with_a_yes_and_says_whose() -> None:
    ann = make_user()
    run = make_run(ann, status=RunStatus.AWAITING_APPROVAL)
    approve_run(run_id=run.pk, actor=ann.as_actor())
    run.refresh_from_db()
    assert (run.status, run.approved_by) == (RunStatus.QUEUED, "ann")
    assert kinds(run) == ["run.approved"]
    assert OrmQ.objects.count() == 1


def test_a_second_yes_changes_nothing() -> None:
    ann = make_user()
    run = make_run(ann, status=RunStatus.AWAITING_APPROVAL)
    for _ in range(2):
        approve_run(run_id=run.pk, actor=ann.as_actor())
    assert kinds(run) == ["run.approved"]
    assert OrmQ.objects.count() == 1


def test_a_run_that_ended_cannot_be_approved() -> None:
    ann = make_user()
    run = make_run(ann, status=RunStatus.CANCELED)
    with pytest.raises(Conflict, match="has ended"):
        approve_run(run_id=run.pk, actor=ann.as_actor())


def test_somebody_elses_run_is_not_there() -> None:
    run = make_run(make_user("ann"), status=RunStatus.AWAITING_APPROVAL)
    for change in (approve_run, cancel_run):
        with pytest.raises(NotFound):
            change(run_id=run.pk, actor=make_user(f"bob {change.__name__}").as_actor())
    run.refresh_from_db()
    assert run.status == RunStatus.AWAITING_APPROVAL


def test_an_admin_may_stop_anybodys_run() -> None:
    run = make_run(make_user("ann"))
    cancel_run(run_id=run.pk, actor=make_user("root", Role.ADMIN).as_actor())
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELED


def test_a_run_that_nobody_drives_is_canceled_at_once_with_all_its_nodes() -> None:
    ann = make_user()
    run = make_run(ann)
    make_node(run, "task-1", NodeStatus.COMPLETED)
    make_node(run, "task-2")
    cancel_run(run_id=run.pk, actor=ann.as_actor())
    run.refresh_from_db()
    assert (run.status, run.stop_reason) == (RunStatus.CANCELED, "canceled")
    assert [node.status for node in run.nodes.order_by("position")] == ["completed", "canceled"]
    assert kinds(run) == ["run.cancel_requested", "run.canceled"]


def test_a_run_that_is_driven_is_only_asked_to_stop() -> None:
    ann = make_user()
    later = timezone.now() + timedelta(seconds=30)
    run = make_run(ann, status=RunStatus.RUNNING, lease_token=uuid4(), lease_until=later)
    make_node(run, status=NodeStatus.RUNNING)
    cancel_run(run_id=run.pk, actor=ann.as_actor())
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING
    assert run.cancel_requested_at is not None
    assert kinds(run) == ["run.cancel_requested"]


def test_a_run_whose_driver_is_dead_is_canceled_and_the_driver_shut_out() -> None:
    ann = make_user()
    before = timezone.now() - timedelta(seconds=1)
    run = make_run(ann, status=RunStatus.RUNNING, lease_token=uuid4(), lease_until=before)
    make_node(run, status=NodeStatus.RUNNING)
    cancel_run(run_id=run.pk, actor=ann.as_actor())
    run.refresh_from_db()
    assert (run.status, run.lease_token) == (RunStatus.CANCELED, None)


def test_canceling_twice_or_after_the_end_changes_nothing() -> None:
    ann = make_user()
    run = make_run(ann)
    for _ in range(2):
        cancel_run(run_id=run.pk, actor=ann.as_actor())
    ended = make_run(ann, status=RunStatus.COMPLETED)
    cancel_run(run_id=ended.pk, actor=ann.as_actor())
    ended.refresh_from_db()
    assert kinds(run) == ["run.cancel_requested", "run.canceled"]
    assert (ended.status, ended.cancel_requested_at) == (RunStatus.COMPLETED, None)


def failed_run(cap_nano_usd: int | None = None) -> Run:
    """a failed, b waits for it, c did well, merge waits for b and c."""
    run = make_run(
        make_user(),
        status=RunStatus.FAILED,
        error="1 node failed",
        error_code="NODE_FAILED",
        cap_nano_usd=cap_nano_usd,
    )
    make_node(run, "a", NodeStatus.FAILED, attempt=3, error="no answer", error_code="TIMEOUT")
    make_node(run, "b", NodeStatus.SKIPPED, depends_on=["a"])
    make_node(run, "c", NodeStatus.COMPLETED, attempt=1)
    make_node(run, "merge", NodeStatus.SKIPPED, depends_on=["b", "c"])
    write_artifacts(run.pk, [NewArtifact("c", "raw", "kept"), NewArtifact("merged", "merged", "old")])
    return run


def test_what_failed_is_done_again_with_all_that_waits_for_it_and_nothing_else() -> None:
    run = failed_run()
    assert run.user is not None
    retry_run(run_id=run.pk, actor=run.user.as_actor())
    run.refresh_from_db()
    assert (run.status, run.error, run.finished_at) == (RunStatus.QUEUED, "", None)
    assert {node.key: node.status for node in run.nodes.all()} == {
        "a": "queued",
        "b": "queued",
        "c": "completed",
        "merge": "queued",
    }
    assert set(Artifact.objects.filter(run=run).values_list("node_key", flat=True)) == {"c"}
    assert OrmQ.objects.count() == 1


def test_attempts_go_on_counting_so_that_no_call_has_the_id_of_another() -> None:
    run = failed_run()
    assert run.user is not None
    retry_run(run_id=run.pk, actor=run.user.as_actor())
    node = Node.objects.get(run=run, key="a")
    assert (node.attempt, node.attempt_base, node.error) == (3, 3, "")


def test_a_single_node_can_be_named_even_one_that_did_well() -> None:
    run = failed_run()
    assert run.user is not None
    retry_run(run_id=run.pk, actor=run.user.as_actor(), node_keys=["c"])
    assert {node.key for node in run.nodes.filter(status=NodeStatus.QUEUED)} == {"c", "merge"}


def test_a_node_that_does_not_exist_is_named() -> None:
    run = failed_run()
    assert run.user is not None
    with pytest.raises(NotFound, match="no node 'z'"):
        retry_run(run_id=run.pk, actor=run.user.as_actor(), node_keys=["z"])


def test_a_run_under_way_is_not_retried() -> None:
    ann = make_user()
    run = make_run(ann, status=RunStatus.RUNNING)
    with pytest.raises(Conflict, match="has not ended"):
        retry_run(run_id=run.pk, actor=ann.as_actor())


def test_a_run_without_a_failure_says_that_there_is_nothing_to_repeat() -> None:
    ann = make_user()
    run = make_run(ann, status=RunStatus.COMPLETED)
    make_node(run, status=NodeStatus.COMPLETED)
    with pytest.raises(InvalidParam, match="No node of this run failed"):
        retry_run(run_id=run.pk, actor=ann.as_actor())


def test_the_cap_can_be_raised_with_a_retry_but_not_lowered() -> None:
    run = failed_run(cap_nano_usd=1_000_000_000)
    assert run.user is not None
    with pytest.raises(InvalidParam, match="raised here, not lowered"):
        retry_run(run_id=run.pk, actor=run.user.as_actor(), max_usd=Decimal("0.5"))
    retry_run(run_id=run.pk, actor=run.user.as_actor(), max_usd=Decimal(3))
    assert run_money([run.pk])[run.pk].cap_nano_usd == 3_000_000_000


def test_dependents_are_found_through_every_step() -> None:
    run = make_run()
    nodes = {
        "a": make_node(run, "a"),
        "b": make_node(run, "b", depends_on=["a"]),
        "c": make_node(run, "c", depends_on=["b"]),
        "d": make_node(run, "d"),
    }
    assert dependents(nodes, {"a"}) == {"b", "c"}
    assert dependents(nodes, {"d"}) == set()


def test_a_run_without_a_cap_gets_the_one_that_a_retry_names() -> None:
    run = failed_run()
    assert run.user is not None
    retry_run(run_id=run.pk, actor=run.user.as_actor(), max_usd=Decimal(1))
    run.refresh_from_db()
    assert run.cap_nano_usd == 1_000_000_000
    assert run_money([run.pk])[run.pk].cap_nano_usd == 1_000_000_000


def test_what_a_node_lost_before_does_not_count_after_a_retry() -> None:
    ann = make_user()
    run = make_run(ann, status=RunStatus.FAILED, drive_count=100)
    node = make_node(run, "task-1", NodeStatus.FAILED, lost_count=5)
    retry_run(run_id=run.pk, actor=ann.as_actor())
    run.refresh_from_db()
    node.refresh_from_db()
    assert (run.drive_count, node.lost_count) == (0, 0)
