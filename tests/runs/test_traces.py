"""A run that is driven later, elsewhere, is a part of the trace of whoever asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from runs.models import Run
from smartspawn import tracing
from smartspawn.access.keys import create_key
from smartspawn.access.shapes import Scope
from tests.runs.fakes import FakeModels, drive, make_run, serve_models, spec
from tests.runs.rows import make_user
from tests.site import wait_until
from tests.tracing.collector import Collector, running_collector

pytestmark = pytest.mark.django_db(transaction=True)

TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"


@pytest.fixture
def collector(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    tracing._tracer.cache_clear()  # what another test sent to is gone
    with running_collector() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.address)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        settings.OTEL_ENDPOINT = running.address
        serve_models(monkeypatch)
        yield running
    tracing._tracer.cache_clear()


def test_a_run_is_traced_below_what_it_was_asked_for_in(collector: Collector) -> None:
    run_id = make_run([spec("a")])
    Run.objects.filter(pk=run_id).update(traceparent=TRACEPARENT)
    drive(run_id, FakeModels())
    wait_until(lambda: collector.named("run "), within_s=20, what="the run's span")
    (run,) = collector.named("run ")
    assert (run.trace_id, run.parent_id) == (TRACE_ID, PARENT_ID)
    (node,) = collector.named("node ")
    assert (node.trace_id, node.parent_id) == (TRACE_ID, run.span_id)


def test_what_is_driven_where_it_is_asked_for_stays_below_that(collector: Collector) -> None:
    with tracing.span("asking"):
        assert tracing.parent_noted(TRACEPARENT) is None
        here = tracing.noted_down()
    assert tracing.parent_noted(TRACEPARENT) is not None
    wait_until(lambda: collector.named("asking"), within_s=20, what="the span")
    (asking,) = collector.named("asking")
    assert here.startswith(f"00-{asking.trace_id}-{asking.span_id}-")


def ask_for_a_run(traceparent: str) -> Run:
    key = create_key(
        actor=make_user().as_actor(), name="ci", scopes=frozenset({Scope.RUNS_WRITE, Scope.RUNS_READ}), expires_at=None
    )
    headers = {"authorization": f"Bearer {key.token}", **({"traceparent": traceparent} if traceparent else {})}
    body = {"mode": "single", "task": "Name a colour", "simulate": True}
    answer = Client(headers=headers).post("/api/runs", body, content_type="application/json")
    assert answer.status_code == 202, answer.content
    return Run.objects.get()


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize(("told", "kept"), [(TRACEPARENT, TRACEPARENT), ("no trace", ""), ("", "")])
def test_a_request_says_in_which_trace_its_run_is(world: None, told: str, kept: str) -> None:
    assert ask_for_a_run(told).traceparent == kept


def test_a_site_that_traces_nothing_keeps_no_trace(world: None, settings: Any) -> None:
    settings.OTEL_ENDPOINT = ""
    assert ask_for_a_run(TRACEPARENT).traceparent == ""
