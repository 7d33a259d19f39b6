"""The simulated provider over the wire, in all three protocols, and the bill that it keeps."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from runs.providers.call import CallProgress, ProviderDoor, open_provider_door
from runs.providers.faults import CallFailed, FaultCode
from runs.providers.pricing import price_call
from runs.shapes import ChatRequest, Protocol
from runs.simulator.scenario import Latency, Scenario
from tests.runs.providers.asking import GRANT, request
from tests.simulated import Simulated

T = TypeVar("T")
LEAVE = replace(GRANT, is_simulated=True)
TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}}},
}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulated]:
    with Simulated() as provider:
        yield provider


@pytest.fixture
def provider(running: Simulated) -> Simulated:
    """The same server for all, with its standing behaviour and an empty bill."""
    running.behave(Scenario())
    fetch(running, "/bill", method="DELETE")
    return running


def fetch(provider: Simulated, path: str, *, method: str = "GET", body: bytes | None = None) -> Any:
    asked = urllib.request.Request(f"{provider.url}{path}", method=method, data=body)
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return json.loads(answer.read())


def use(act: Callable[[ProviderDoor], Awaitable[T]]) -> T:
    async def go() -> T:
        async with open_provider_door() as door:
            return await act(door)

    return asyncio.run(go())


def call(provider: Simulated, protocol: Protocol, asked: ChatRequest, *, on_delta: Any = None) -> Any:
    return use(lambda door: door.call(LEAVE, provider.endpoint(protocol), asked, "any", on_delta=on_delta))


def fail(provider: Simulated, protocol: Protocol, asked: ChatRequest, *, on_delta: Any = None) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        call(provider, protocol, asked, on_delta=on_delta)
    return failed.value


# --- three protocols -------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("on_delta", [None, lambda _: None], ids=["whole", "stream"])
def test_it_answers_in_every_protocol_and_its_counts_are_read_back(
    provider: Simulated, protocol: Protocol, on_delta: Any
) -> None:
    provider.behave(Scenario(output_tokens=60, reasoning_tokens=7, cached_share=0.5))
    result = call(provider, protocol, request({"role": "user", "content": "word " * 80}), on_delta=on_delta)
    assert result.text.startswith("[simulated]")
    assert (result.finish_reason, result.served_model) == ("stop", "simulated/small")
    usage = result.usage
    assert (usage.fresh_input_tokens, usage.cache_read_tokens) == (50, 50)
    assert usage.completion_tokens == 67
    assert not usage.is_estimated


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("on_delta", [None, lambda _: None], ids=["whole", "stream"])
def test_a_limit_is_kept_and_said(provider: Simulated, protocol: Protocol, on_delta: Any) -> None:
    result = call(provider, protocol, request(max_output_tokens=10), on_delta=on_delta)
    assert result.finish_reason == "length"
    assert result.usage.completion_tokens == 10


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("on_delta", [None, lambda _: None], ids=["whole", "stream"])
def test_a_tool_that_must_be_used_is_used(provider: Simulated, protocol: Protocol, on_delta: Any) -> None:
    result = call(provider, protocol, request(tools=(TOOL,), tool_choice="required"), on_delta=on_delta)
    (used,) = result.tool_calls
    assert used["function"]["name"] == "weather"
    assert isinstance(json.loads(used["function"]["arguments"])["n"], int)
    assert result.finish_reason == "tool_calls"


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("on_delta", [None, lambda _: None], ids=["whole", "stream"])
def test_a_tool_that_the_user_writes_of_is_called_where_it_is_offered(
    provider: Simulated, protocol: Protocol, on_delta: Any
) -> None:
    asked = {"role": "user", "content": 'Please.\nCall the tool weather with {"n": 42, "note": "a {b}"}'}
    result = call(provider, protocol, request(asked, tools=(TOOL,)), on_delta=on_delta)
    (used,) = result.tool_calls
    assert json.loads(used["function"]["arguments"]) == {"n": 42, "note": "a {b}"}
    plain = request({"role": "user", "content": "call the tool weather"}, tools=(TOOL,))
    assert call(provider, protocol, plain, on_delta=on_delta).finish_reason == "tool_calls"
    result = {"role": "tool", "tool_call_id": used["id"], "content": "call the tool weather"}
    done = request(asked, {"role": "assistant", "content": None, "tool_calls": [used]}, result, tools=(TOOL,))
    for other in (request(asked), request(asked, tools=(TOOL,), tool_choice="none"), done):
        assert not call(provider, protocol, other, on_delta=on_delta).tool_calls


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("on_delta", [None, lambda _: None], ids=["whole", "stream"])
def test_a_schema_is_satisfied(provider: Simulated, protocol: Protocol, on_delta: Any) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "n": {"type": "integer"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    result = call(provider, protocol, request(response_format=wanted), on_delta=on_delta)
    assert json.loads(result.text).keys() == {"city", "n"}
    assert result.finish_reason == "stop"


def test_a_stream_comes_in_pieces(provider: Simulated) -> None:
    provider.behave(Scenario(pieces=6, piece_delay_ms=20))
    pieces: list[str] = []
    result = call(provider, Protocol.OPENAI, request(), on_delta=lambda delta: pieces.append(delta.text))
    assert "".join(pieces) == result.text
    assert len([piece for piece in pieces if piece]) == 6
    assert result.duration_ms >= 100


def test_an_answer_takes_its_time(provider: Simulated) -> None:
    provider.behave(Scenario(latency=Latency(120)))
    assert 120 <= call(provider, Protocol.OPENAI, request()).duration_ms < 600


def test_it_lists_models_with_prices(provider: Simulated) -> None:
    listed = fetch(provider, "/v1/models")
    assert listed["data"][0]["pricing"] == {"prompt": "0.0000005", "completion": "0.0000015"}
    assert fetch(provider, "/v1beta/models")["models"][0]["name"].startswith("models/")


# --- faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", Protocol)
def test_errors_and_limits_come_in_each_protocols_words(provider: Simulated, protocol: Protocol) -> None:
    provider.behave(Scenario(error_rate=1.0))
    assert fail(provider, protocol, request()).fault.code is FaultCode.PROVIDER_FAULT
    provider.behave(Scenario(rate_limit_rate=1.0, retry_after_s=2.5))
    fault = fail(provider, protocol, request()).fault
    assert (fault.code, fault.retry_after_s) == (FaultCode.RATE_LIMITED, 2.5)
    assert provider.bill.totals.refused_count == 2
    assert provider.bill.totals.cost_nano_usd == 0


@pytest.mark.parametrize("on_delta", [None, lambda _: None], ids=["whole", "stream"])
def test_answers_can_break_off(provider: Simulated, on_delta: Any) -> None:
    provider.behave(Scenario(cut_rate=1.0))
    failure = fail(provider, Protocol.OPENAI, request(), on_delta=on_delta)
    assert failure.fault.code is FaultCode.CUT_OFF
    assert failure.may_be_billed
    assert provider.bill.totals.disconnected_count == 1


@pytest.mark.parametrize("status", [400, 401, 402, 404, 429, 500, 529])
def test_a_model_can_be_named_that_always_fails(provider: Simulated, status: int) -> None:
    place = provider.endpoint(wire_model=f"simulated/fail-{status}")
    with pytest.raises(CallFailed) as failed:
        use(lambda door: door.call(LEAVE, place, request(), "any"))
    assert failed.value.fault.status == status


@pytest.mark.parametrize("protocol", Protocol)
def test_a_key_can_be_asked_for(provider: Simulated, protocol: Protocol) -> None:
    provider.behave(Scenario(key="any"))
    call(provider, protocol, request())
    provider.behave(Scenario(key="other"))
    assert fail(provider, protocol, request()).fault.code is FaultCode.KEY_REFUSED


@pytest.mark.parametrize(("path", "body"), [("/v1/chat/completions", b"{"), ("/v1/embeddings", b"{}"), ("/", b"[]")])
def test_what_is_no_call_is_refused(provider: Simulated, path: str, body: bytes) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        fetch(provider, path, method="POST", body=body)


# --- the bill --------------------------------------------------------------------------------


def test_the_bill_is_what_the_answers_said_to_the_last_nano_dollar(provider: Simulated) -> None:
    provider.behave(
        Scenario(error_rate=0.1, rate_limit_rate=0.1, output_tokens=37, completion_usd_per_mtok=Decimal("1.333"))
    )
    place = provider.endpoint()

    async def act(door: ProviderDoor) -> list[int]:
        async def one(number: int) -> int:
            asked = request({"role": "user", "content": "word " * number}, idempotency_key=f"key-{number}")
            with suppress(CallFailed):
                cost = price_call(await door.call(LEAVE, place, asked, "any"), place)
                assert cost.cost_nano_usd == cost.computed_nano_usd == cost.reported_nano_usd
                return cost.cost_nano_usd or 0
            return 0

        return await asyncio.gather(*(one(number) for number in range(200)))

    costs = use(act)
    bill = fetch(provider, "/bill")
    totals = bill["totals"]
    assert totals["costNanoUsd"] == sum(costs) > 0
    assert (totals["seen"], totals["completed"] + totals["refused"]) == (200, 200)
    assert 20 <= totals["refused"] <= 60
    assert {key: line["costNanoUsd"] for key, line in bill["calls"].items()} == {
        f"key-{number}": cost for number, cost in enumerate(costs)
    }
    assert bill["inFlight"] == 0
    assert bill["simulated"] is True


def test_a_call_that_is_made_again_is_billed_again(provider: Simulated) -> None:
    for _ in range(2):
        call(provider, Protocol.OPENAI, request(idempotency_key="same"))
    line = provider.bill.lines["same"]
    assert (line.seen_count, line.completed_count) == (2, 2)


@pytest.mark.parametrize("is_streaming", [True, False])
def test_whoever_leaves_is_noticed_at_once_and_pays_for_what_came(provider: Simulated, is_streaming: bool) -> None:
    provider.behave(Scenario(latency=Latency(0 if is_streaming else 5000), piece_delay_ms=5000, pieces=4))
    on_delta = (lambda _: None) if is_streaming else None

    async def act(door: ProviderDoor) -> float:
        task = asyncio.ensure_future(
            door.call(LEAVE, provider.endpoint(), request(), "any", on_delta=on_delta, progress=CallProgress())
        )
        await asyncio.sleep(0.2)
        assert provider.bill.in_flight_count == 1
        task.cancel()
        started = time.perf_counter()
        while provider.bill.in_flight_count and time.perf_counter() - started < 2:  # noqa: ASYNC110  in another thread
            await asyncio.sleep(0.005)
        return time.perf_counter() - started

    assert use(act) < 0.5
    totals = provider.bill.totals
    assert (totals.disconnected_count, totals.completed_count) == (1, 0)
    assert totals.input_tokens > 0
    assert (totals.completion_tokens > 0) is is_streaming


def test_as_many_answers_as_are_asked_for_are_on_their_way_at_once(provider: Simulated) -> None:
    provider.behave(Scenario(latency=Latency(300)))
    calls = [request(idempotency_key=f"k{number}") for number in range(40)]
    use(lambda door: asyncio.gather(*(door.call(LEAVE, provider.endpoint(), asked, "") for asked in calls)))
    assert fetch(provider, "/bill")["mostInFlight"] == 40


# --- the command -----------------------------------------------------------------------------


def test_the_command_serves_until_it_is_stopped() -> None:
    command = [sys.executable, "manage.py", "simulate_provider", "--port", "0", "--latency", "lognormal:5:0.1"]
    started = subprocess.Popen(
        [*command, "--price", "1:2", "--tokens", "40"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        cwd=Path(__file__).parents[3],
    )
    try:
        assert started.stdout is not None
        said = started.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, said + started.stdout.read()
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "word " * 8}]}).encode()
        asked = urllib.request.Request(f"{found.group()}/v1/chat/completions", data=body)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            usage = json.loads(answer.read())["usage"]
        assert usage["cost"] == pytest.approx((10 * 1 + usage["completion_tokens"] * 2) / 1_000_000)
    finally:
        started.send_signal(signal.SIGTERM)
        assert started.stdout is not None
        started.stdout.close()
        assert started.wait(timeout=10) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("wrong", [["--latency", "soon"], ["--price", "1"], ["--error-rate", "2"], ["--pieces", "0"]])
def test_the_command_refuses_what_makes_no_sense(wrong: list[str]) -> None:
    from django.core.management import CommandError, call_command

    with pytest.raises(CommandError):
        call_command("simulate_provider", "--port", "0", *wrong)


@pytest.mark.parametrize(("host", "words"), [("127.0.0.1", "is taken"), ("192.0.2.7", "name others with --host")])
def test_an_address_that_cannot_be_had_is_said_in_one_line(host: str, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [sys.executable, "manage.py", "simulate_provider", "--host", host, "--port", port]
        ended = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            cwd=Path(__file__).parents[3],
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert all(word in line for word in (words, port, host, "--port"))
