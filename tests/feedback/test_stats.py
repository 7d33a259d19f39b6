"""What the log of work adds up to, in cents counted by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.shapes import Category
from feedback.log import log_spawn, sync_runs
from feedback.models import Spawn
from feedback.queries import spawn_stats
from feedback.record import rate
from feedback.retention import prune_unnamed
from feedback.shapes import Said, SpawnMode, SpawnNote, Subject
from runs.models import Node, Run
from runs.shapes import NodeStatus
from smartspawn.access.models import User
from smartspawn.access.shapes import ANONYMOUS, Actor
from tests.factories import make_snapshot, publish_snapshot
from tests.feedback.work import finished
from tests.routing.conftest import entry, models
from tests.runs.rows import make_node

pytestmark = pytest.mark.django_db
BIG_NANO = 2000 * 5_000 + 2000 * 20_000  # $5 and $20 for a million
OPUS_NANO = 2000 * 15_000 + 2000 * 60_000


def log(actor: Actor, model_id: str = "openai/big", **fields: Any) -> Spawn:
    return log_spawn(note=SpawnNote(model_id, Category.CODING, **fields), actor=actor)


def test_the_ancestors_figures_come_to_the_cent(client: Client, ann: User, actor: Actor) -> None:
    publish_snapshot(make_snapshot(*models(), entry("anthropic/claude-opus-4.6", 90, "15")))
    log(actor, mode=SpawnMode.CASCADE, role="cascade_cheap")
    log(actor, mode=SpawnMode.CASCADE, role="cascade_cheap")
    log(actor, mode=SpawnMode.CASCADE, role="cascade_premium")
    log(actor, "home/made")
    client.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")

    data = client.get("/api/spawn-log/stats").json()["data"]

    assert data["totalSpawns"] == 4
    assert data["byModel"] == {"openai/big": 3, "home/made": 1}
    assert data["byMode"] == {"cascade": 3, "single": 1}
    assert data["totalEstimatedCost"] == 0.15
    assert data["opusCostEstimate"] == 0.45
    assert data["savings"] == 0.3
    assert data["unknownCost"] == 1
    assert data["cascade"] == {
        "total": 2,
        "cheapOnly": 1,
        "withPremium": 1,
        "escalationRate": 0.5,
        "avgSavingsPerCascade": 0.1,
    }
    assert data["topModels"][0] == {"model": "openai/big", "count": 3, "avgCost": 0.05}
    assert sum(day["spawns"] for day in data["daily"]) == 4
    assert (data["estimated"], data["measured"]) == (4, 0)


def test_a_day_is_twenty_four_hours(actor: Actor) -> None:
    for hours in (1, 23, 25):
        Spawn.objects.filter(pk=log(actor).pk).update(at=timezone.now() - timedelta(hours=hours))

    assert spawn_stats(actor, days=1).total == 2
    assert spawn_stats(actor, days=2).total == 3


def test_without_a_price_to_compare_with_nothing_is_said_of_savings(actor: Actor) -> None:
    log(actor)

    found = spawn_stats(actor, days=7)

    assert (found.cost_nano_usd, found.reference_nano_usd, found.savings_nano_usd) == (BIG_NANO, None, None)


def test_everybody_has_a_log_of_their_own(actor: Actor) -> None:
    log(actor)
    log(ANONYMOUS)
    log(ANONYMOUS)

    assert (spawn_stats(actor, days=7).total, spawn_stats(ANONYMOUS, days=7).total) == (1, 2)


def test_our_own_runs_log_themselves_measured_and_once(ann: User, actor: Actor) -> None:
    run = finished(ann, models=("openai/big", "google/quick"), finished_at=timezone.now())
    make_node(run, "failed", NodeStatus.FAILED, model_id="openai/small")
    Node.objects.filter(run=run).update(cost_nano_usd=777, fresh_input_tokens=50, finished_at=timezone.now())

    assert [sync_runs(), sync_runs()] == [2, 2]

    assert set(Spawn.objects.values_list("model_id", "cost_nano_usd", "is_estimate")) == {
        ("openai/big", 777, False),
        ("google/quick", 777, False),
    }
    assert Spawn.objects.count() == 2


def test_a_run_that_was_rated_first_does_not_hide_those_that_ended_before_it(ann: User, actor: Actor) -> None:
    earlier = timezone.now() - timedelta(hours=5)
    finished(ann, models=("google/quick",), finished_at=earlier)
    Node.objects.update(finished_at=earlier)
    rate(subject=Subject(finished(ann, finished_at=timezone.now()).pk), said=Said(4), actor=actor)

    sync_runs()

    assert set(Spawn.objects.values_list("model_id", flat=True)) == {"openai/big", "google/quick"}


def test_more_runs_than_fit_one_reading_are_all_logged(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedback.log._RUNS_AT_ONCE", 2)
    for minutes in range(7):
        finished(ann, finished_at=timezone.now() - timedelta(minutes=minutes))

    sync_runs()

    assert Spawn.objects.count() == 7


def test_a_node_that_was_done_again_brings_its_line_up_to_date(ann: User) -> None:
    run = finished(ann, finished_at=timezone.now())
    sync_runs()
    Node.objects.filter(run=run).update(model_id="openai/small", cost_nano_usd=5)
    sync_runs()

    assert Spawn.objects.values_list("model_id", "cost_nano_usd").get() == ("openai/small", 5)


def test_simulated_work_costs_nothing_in_the_figures(ann: User, actor: Actor) -> None:
    finished(ann, is_simulated=True, finished_at=timezone.now())
    sync_runs()

    assert Run.objects.count() == Spawn.objects.count() == 1
    assert spawn_stats(actor, days=7).total == 0


def test_measured_tokens_are_compared_at_their_own_number(ann: User, actor: Actor) -> None:
    publish_snapshot(make_snapshot(*models(), entry("anthropic/claude-opus-4.6", 90, "15")))
    run = finished(ann, finished_at=timezone.now())
    Node.objects.filter(run=run).update(cost_nano_usd=1, fresh_input_tokens=1000, output_tokens=100)
    sync_runs()

    assert spawn_stats(actor, days=7).reference_nano_usd == Decimal(1000 * 15_000 + 100 * 60_000)


def test_reports_without_a_name_are_dropped_after_a_month(actor: Actor) -> None:
    for who in (actor, ANONYMOUS):
        Spawn.objects.filter(pk=log(who).pk).update(at=timezone.now() - timedelta(days=31))

    assert prune_unnamed(timezone.now()) == 1
    assert Spawn.objects.get().user_id == actor.user_id
