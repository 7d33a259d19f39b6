"""A site that is traced: what a collector hears of a chat and a run, and that a deaf one harms nobody."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.runs.chat.served import FAILING, Served, served_site
from tests.site import wait_until
from tests.tracing.collector import Collector, running_collector

pytestmark = pytest.mark.faults

SECRET_WORDS = "the heron stands in the reeds"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
RUN_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADER_TRACE_ID = "5b8aa5a2d2c872e8321cf37308d69df2"
META_TRACE_ID = "7d3efb1b173fecfa6cd1a0b4e7a3c001"
PARENT_ID = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Served]:
    environment = {
        "SMARTSPAWN_RATE_LIMIT": "off",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with served_site(tmp_path_factory.mktemp("traced"), environment=environment, latency="5ms") as running:
        yield running


def post(served: Served, path: str, body: object, **headers: str) -> Any:
    told = {"Authorization": f"Bearer {served.token}", "Content-Type": "application/json", **headers}
    request = urllib.request.Request(f"{served.site.address}{path}", json.dumps(body).encode(), told)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as response:
        return json.load(response)


def test_a_chat_and_its_call_join_the_callers_trace_and_no_word_is_told(served: Served, collector: Collector) -> None:
    body = {"model": served.models[0], "messages": [{"role": "user", "content": SECRET_WORDS}]}
    answer = post(served, "/v1/chat/completions", body, traceparent=f"00-{TRACE_ID}-{PARENT_ID}-01")
    wait_until(lambda: collector.named("POST /v1/chat"), within_s=15, what="the chat's span")
    (chat,) = collector.named("POST /v1/chat")
    (call,) = [span for span in collector.named("chat ") if span.parent_id == chat.span_id]
    assert (chat.trace_id, chat.parent_id) == (TRACE_ID, PARENT_ID)
    assert chat.attributes["smartspawn.cost_usd"] == pytest.approx(float(answer["smartspawn"]["cost_usd"]))
    told = call.attributes
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == told["gen_ai.system"] == "custom"
    assert told["gen_ai.request.model"] == served.models[0]
    assert told["gen_ai.usage.input_tokens"] == answer["usage"]["prompt_tokens"]
    assert told["gen_ai.usage.output_tokens"] == answer["usage"]["completion_tokens"]
    assert told["gen_ai.response.finish_reasons"] == ["stop"]
    assert told["server.address"] == "127.0.0.1"
    assert not any(SECRET_WORDS.encode() in raw or b"[simulated]" in raw for raw in collector.raw)
    assert served.token.encode() not in b"".join(collector.raw)


def test_a_failed_chat_is_an_error_by_its_kind(served: Served, collector: Collector) -> None:
    with pytest.raises(urllib.error.HTTPError):
        post(served, "/v1/chat/completions", {"model": FAILING, "messages": [{"role": "user", "content": "Hello"}]})
    wait_until(
        lambda: [span for span in collector.named("POST /v1") if span.is_error], within_s=15, what="the failed chat"
    )
    (chat,) = [span for span in collector.named("POST /v1") if span.is_error]
    calls = [span for span in collector.named("chat ") if span.parent_id == chat.span_id]
    assert calls
    assert {span.attributes["error.type"] for span in calls} == {"provider_fault"}
    assert all(span.event_count == 0 for span in collector.spans)  # an exception's message may quote a prompt


def test_a_run_is_traced_from_the_worker_down_to_its_calls(served: Served, collector: Collector) -> None:
    body = {"mode": "collective", "task": SECRET_WORDS, "simulate": True}
    post(served, "/api/runs", body, traceparent=f"00-{RUN_TRACE_ID}-{PARENT_ID}-01")
    wait_until(lambda: collector.named("run collective"), within_s=30, what="the run's span")
    (run,) = collector.named("run collective")
    assert (run.trace_id, run.parent_id) == (RUN_TRACE_ID, PARENT_ID)  # the caller's, though another process did it
    nodes = [span for span in collector.named("node ") if span.parent_id == run.span_id]
    calls = [span for node in nodes for span in collector.named("chat ") if span.parent_id == node.span_id]
    assert len(nodes) == len(calls) >= 3
    assert {node.attributes["smartspawn.node.purpose"] for node in nodes} > {"merge"}
    assert {call.trace_id for call in calls} == {run.trace_id}
    assert run.process_id not in {span.process_id for span in collector.named("POST /v1")}
    assert run.attributes["smartspawn.simulated"] is True
    assert not any(SECRET_WORDS.encode() in raw for raw in collector.raw)


def create_over_mcp(served: Served, name: str, *, headers: dict[str, str], meta: Any = None) -> None:
    """Have an agent start a run."""

    async def talk() -> None:
        told = {"Authorization": f"Bearer {served.token}", **headers}
        async with (
            httpx2.AsyncClient(headers=told, timeout=60) as http,
            Client(streamable_http_client(f"{served.site.address}/mcp", http_client=http)) as client,
        ):
            asked = {"mode": name, "task": SECRET_WORDS, "simulate": True, "forceNew": True}
            result = await client.call_tool("smartspawn_run_create", asked, meta=meta)
            assert not result.is_error, result.content

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("mode", "headers", "meta", "trace_id"),
    [
        ("single", {"traceparent": f"00-{HEADER_TRACE_ID}-{PARENT_ID}-01"}, None, HEADER_TRACE_ID),
        ("cascade", {}, {"traceparent": f"00-{META_TRACE_ID}-{PARENT_ID}-01"}, META_TRACE_ID),
    ],
)
def test_a_run_that_an_agent_starts_over_mcp_joins_the_agents_trace(
    served: Served, collector: Collector, mode: str, headers: dict[str, str], meta: Any, trace_id: str
) -> None:
    create_over_mcp(served, mode, headers=headers, meta=meta)
    wait_until(lambda: collector.named(f"run {mode}"), within_s=30, what="the run's span")
    (run,) = collector.named(f"run {mode}")
    assert (run.trace_id, run.parent_id) == (trace_id, PARENT_ID)
    assert not any(SECRET_WORDS.encode() in raw for raw in collector.raw)
