"""The figures for monitoring: true, bounded, in the format that Prometheus reads, and not for everybody."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from runs.models import Breaker, DayTotal
from runs.shapes import NodeStatus, RunStatus
from runs.site_figures import MOST_NAMES
from smartspawn.access.shapes import Role, Scope
from smartspawn.metrics import views
from smartspawn.metrics.gather import KEPT_S, KeptMetrics, gather_text
from smartspawn.metrics.text import exposition, family
from tests.access.conftest import MakeKey, MakeUser, make_key, make_user
from tests.runs.rows import make_node, make_run

__all__ = ["make_key", "make_user"]
LINE = re.compile(r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z]+="(?:[^"\\]|\\.)*",?)*)\})? (?P<value>-?[\d.e+-]+)')


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_metrics", KeptMetrics(gather_text))


def read(text: str) -> dict[tuple[str, str], Decimal]:
    """The figures by name and labels; fails on a line that no reader would take."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            match = LINE.fullmatch(line)
            assert match, line
            found[match["name"], match["labels"] or ""] = Decimal(match["value"])
    return found


def add_total(model: str, **given: Any) -> None:
    facts = {"day": timezone.now().date(), "mode": "single", "purpose": "task", "driver": "api", "provider": "acme"}
    facts |= {"model_id": model, "status": "ok", "call_count": 1, "fresh_input_tokens": 10, "output_tokens": 5}
    DayTotal.objects.create(**{**facts, "cost_nano_usd": 1_000_000, **given})


@pytest.mark.django_db
def test_runs_nodes_calls_money_and_breakers_are_summed_over_all_processes() -> None:
    make_run(status=RunStatus.COMPLETED)
    running = make_run(status=RunStatus.RUNNING)
    make_node(running, "task-1", NodeStatus.RUNNING)
    make_node(running, "task-2", NodeStatus.QUEUED)
    make_node(running, "task-3", NodeStatus.COMPLETED)
    add_total("acme/a", call_count=3, cost_nano_usd=2_500_000)
    add_total("acme/a", day=timezone.now().date() - timedelta(days=1))
    add_total("acme/b", status="failed", cost_nano_usd=0)
    add_total("acme/simulated", is_simulated=True)
    later = timezone.now() + timedelta(minutes=1)
    Breaker.objects.create(connection="served", model_id="", open_until=later, reason="down", error_code="X")

    found = read(gather_text())
    assert found["smartspawn_runs", 'status="completed"'] == found["smartspawn_runs", 'status="running"'] == 1
    assert found["smartspawn_runs", 'status="failed"'] == 0
    assert found["smartspawn_open_nodes", 'status="running"'] == found["smartspawn_open_nodes", 'status="queued"'] == 1
    assert found["smartspawn_calls_total", 'provider="acme",status="ok"'] == 4
    assert found["smartspawn_calls_total", 'provider="acme",status="failed"'] == 1
    assert found["smartspawn_model_calls_total", 'model="acme/a",status="ok"'] == 4
    assert found["smartspawn_model_tokens_total", 'model="acme/a",status="ok"'] == 30
    assert found["smartspawn_cost_usd", 'provider="acme",status="ok"'] == Decimal("0.0035")
    assert found["smartspawn_breakers_open", 'connection="served"'] == 1
    assert found["smartspawn_queue_waiting", ""] == 0
    assert not any("simulated" in labels for _, labels in found)


@pytest.mark.django_db
def test_what_is_not_known_is_left_out_and_not_zero() -> None:
    found = read(gather_text())  # no worker was ever seen, no catalogue fetched
    assert ("smartspawn_worker_heartbeat_seconds", "") not in found
    assert ("smartspawn_catalogue_age_seconds", "") not in found


@pytest.mark.django_db
def test_names_are_bounded_and_no_figure_falls_when_a_new_one_comes() -> None:
    for number in range(MOST_NAMES + 3):
        add_total(f"acme/m{number:03}")
    before = read(gather_text())
    add_total("acme/newest", call_count=1000, cost_nano_usd=10**12)
    after = read(gather_text())
    models = {labels for name, labels in after if name == "smartspawn_model_calls_total"}
    assert len(models) == MOST_NAMES + 1
    assert after["smartspawn_model_calls_total", 'model="other",status="ok"'] == 1003
    assert all(after[key] >= value for key, value in before.items())


def test_texts_and_numbers_are_written_as_the_format_wants_them() -> None:
    told = family("x_total", "counter", "Words.", (Decimal("1E-9"), {"model": 'a"b\\c\nd'}), (None, {"model": "gone"}))
    assert exposition([told]) == (
        '# HELP x_total Words.\n# TYPE x_total counter\nx_total{model="a\\"b\\\\c\\nd"} 0.000000001\n'
    )


def test_many_askers_are_one_question_and_the_answer_grows_old() -> None:
    now, asked = [0.0], []

    def gather() -> str:
        asked.append(now[0])
        return str(len(asked))

    kept = KeptMetrics(gather, clock=lambda: now[0])
    assert [kept.get(), kept.get()] == ["1", "1"]
    now[0] = KEPT_S
    assert kept.get() == "2"


@pytest.mark.django_db
def test_strangers_learn_nothing_but_this_machine_and_a_key_for_it_do(make_user: MakeUser, make_key: MakeKey) -> None:
    away = {"REMOTE_ADDR": "192.0.2.7"}
    assert Client().get("/metrics", **away).status_code == 401
    assert Client().get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200
    page = Client().get("/metrics", headers={"origin": "https://evil.example"}, REMOTE_ADDR="127.0.0.1")
    assert page.status_code == 401
    token = make_key(make_user(role=Role.ADMIN), Scope.METRICS_READ)
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {token}"}, **away)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert read(answer.content.decode())
    other = make_key(make_user("other", role=Role.ADMIN), Scope.RUNS_READ)
    assert Client().get("/metrics", headers={"authorization": f"Bearer {other}"}, **away).status_code == 403
