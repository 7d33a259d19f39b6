from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from smartspawn import tracing
from smartspawn.checks import traces_can_be_made
from tests.site import ROOT, clean_environment, wait_until
from tests.tracing.collector import running_collector


def test_without_a_collector_nothing_is_loaded_and_nothing_noted(settings: Any) -> None:
    settings.OTEL_ENDPOINT = ""
    with tracing.span("work", {"a": 1}) as span:
        span.note({"b": 2})
        span.fail("timed_out")
    assert tracing.current() is None
    assert tracing.parent_in("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") is None
    assert tracing.outgoing_headers() == {}


def test_the_server_does_not_load_what_it_does_not_need(tmp_path: Any) -> None:
    code = "import sys, smartspawn.asgi; print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean_environment(tmp_path, DJANGO_SETTINGS_MODULE="smartspawn.settings"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_collector_without_the_packages_is_refused_with_what_to_do(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OTEL_ENDPOINT = "http://localhost:4318"
    assert traces_can_be_made() == []
    monkeypatch.setattr(tracing, "has_packages", lambda: False)
    (error,) = traces_can_be_made()
    assert "smart-spawn[otel]" in (error.hint or "")


def fail_in_a_part() -> None:
    with tracing.span("told part") as part:
        part.fail("timed_out")
        raise ValueError("a heron")


def test_what_is_traced_reaches_the_collector_and_a_provider_is_told_only_where_the_site_wants_it(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        settings.OTEL_ENDPOINT = collector.address
        with tracing.span("work", {"count": 3, "nothing": None, "long": "x" * 5_000}):
            assert tracing.outgoing_headers() == {}
            settings.OTEL_TELL_PROVIDERS = True
            told = tracing.outgoing_headers()["traceparent"]
            with pytest.raises(ValueError, match="a heron"), tracing.span("part"):
                raise ValueError("a heron")
            with pytest.raises(ValueError, match="a heron"):
                fail_in_a_part()
        wait_until(lambda: len(collector.spans) == 3, within_s=10, what="the spans")
    (work,), (part,) = collector.named("work"), collector.named("part")
    assert (part.parent_id, part.attributes, part.is_error) == (work.span_id, {"error.type": "ValueError"}, True)
    assert collector.named("told part")[0].attributes == {"error.type": "timed_out"}
    assert work.attributes == {"count": 3, "long": "x" * 200}
    assert told.startswith(f"00-{work.trace_id}-{work.span_id}-")
    assert b"heron" not in b"".join(collector.raw)
