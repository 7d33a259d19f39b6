"""``/healthz`` asks nobody; ``/readyz`` tells what does not work, to the machine that asks."""

from __future__ import annotations

import threading
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from smartspawn import health
from smartspawn.health import Finding, KeptReadiness, Readiness
from smartspawn.heartbeat import FORGET_AFTER, record_heartbeat, release_taken_tasks
from smartspawn.models import Heartbeat


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_readiness", KeptReadiness())


@pytest.mark.django_db
def test_health_asks_no_database(client: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert list(queries) == []


@pytest.mark.django_db
def test_a_site_without_worker_and_catalogue_is_not_ready_and_says_why(client: Client) -> None:
    response = client.get("/readyz")
    checks = response.json()["checks"]
    assert response.status_code == 503
    assert (checks["database"]["ok"], checks["queue"]["ok"], checks["catalog"]["ok"]) == (True, False, False)


@pytest.mark.django_db
@pytest.mark.parametrize(("age_s", "is_ok"), [(5, True), (29, True), (31, False), (3000, False)])
def test_the_queue_is_well_while_its_heartbeat_is_young(age_s: int, is_ok: bool) -> None:
    now = timezone.now()
    Heartbeat.objects.create(name="queue@old:1", beat_at=now - timedelta(hours=1))
    Heartbeat.objects.create(name="queue@new:2", beat_at=now - timedelta(seconds=age_s))
    Heartbeat.objects.create(name="web@new", beat_at=now)
    finding = health.check_queue(now)
    assert (finding.is_ok, finding.facts["heartbeat_age_s"]) == (is_ok, age_s)


@pytest.mark.django_db
@pytest.mark.parametrize(("waiting_s", "is_ok"), [(60, True), (899, True), (901, False)])
def test_a_task_that_waits_too_long_is_a_fault_but_one_at_work_is_not(waiting_s: int, is_ok: bool) -> None:
    now = timezone.now()
    record_heartbeat("queue@here:1")
    OrmQ.objects.create(key="smartspawn", payload="x", lock=now - timedelta(seconds=waiting_s))
    OrmQ.objects.create(key="smartspawn", payload="x", lock=now + timedelta(minutes=30))
    finding = health.check_queue(now)
    assert finding.is_ok is is_ok
    assert finding.facts["waiting_count"] == 1
    assert finding.facts["oldest_waiting_s"] == waiting_s


@pytest.mark.django_db
def test_a_database_that_fails_turns_its_checks_red_without_telling_why(client: Client) -> None:
    with patch.object(health, "record_heartbeat", side_effect=OperationalError("password of bob")):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == {"ok": False, "error": "the database does not answer"}
    assert "bob" not in response.content.decode()


@pytest.mark.django_db
def test_the_age_of_the_catalogue_counts_only_where_it_is_asked_for(settings: Settings) -> None:
    now = timezone.now()
    settings.READYZ_CATALOG_MAX_AGE_H = 0
    with patch.object(health, "catalog_revision", return_value=3):
        assert health.check_catalog(now).is_ok
        settings.READYZ_CATALOG_MAX_AGE_H = 24
        assert not health.check_catalog(now).is_ok  # nothing was ever fetched


class Counting:
    """Stands in for the checks: counts how often they ran."""

    def __init__(self) -> None:
        self.count = 0
        self.now = 0.0

    def check(self, now: object) -> Readiness:
        self.count += 1
        return Readiness(True, {"all": Finding(True)}, timezone.now())


def test_many_probes_cost_one_check_in_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting()
    monkeypatch.setattr(health, "check_readiness", counting.check)
    kept = KeptReadiness(clock=lambda: counting.now)
    for _ in range(100):
        kept.get()
    assert counting.count == 1
    counting.now = 2.1
    kept.get()
    assert counting.count == 2


def test_while_one_probe_checks_the_others_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting()
    may_end, has_begun = threading.Event(), threading.Event()
    monkeypatch.setattr(health, "check_readiness", counting.check)
    kept = KeptReadiness(clock=lambda: counting.now)
    first = kept.get()

    def slow(now: object) -> Readiness:
        has_begun.set()
        assert may_end.wait(5)
        return counting.check(now)

    monkeypatch.setattr(health, "check_readiness", slow)
    counting.now = 10.0
    thread = threading.Thread(target=kept.get)
    thread.start()
    assert has_begun.wait(5)
    assert kept.get() is first
    may_end.set()
    thread.join(5)
    assert kept.get() is not first


@pytest.mark.django_db
def test_heartbeats_of_the_dead_are_forgotten() -> None:
    Heartbeat.objects.create(name="queue@gone:1", beat_at=timezone.now() - FORGET_AFTER - timedelta(minutes=1))
    record_heartbeat("queue@here:2")
    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["queue@here:2"]


@pytest.mark.django_db
def test_only_tasks_that_are_taken_are_released() -> None:
    now = timezone.now()
    waiting = OrmQ.objects.create(key="smartspawn", payload="x", lock=now - timedelta(minutes=5))
    taken = OrmQ.objects.create(key="smartspawn", payload="x", lock=now + timedelta(minutes=30))
    foreign = OrmQ.objects.create(key="another", payload="x", lock=now + timedelta(minutes=30))
    assert release_taken_tasks() == 1
    for row in (waiting, taken, foreign):
        row.refresh_from_db()
    assert taken.lock <= timezone.now()
    assert waiting.lock == now - timedelta(minutes=5)
    assert foreign.lock > now
