"""The one place that calls a model: leave, streams, time limits, callers that leave, and what is never told."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from runs.providers.call import CallProgress, ProviderDoor, open_provider_door
from runs.providers.faults import CallFailed, FaultCode, not_an_api
from runs.shapes import ChatDelta, ChatRequest, ChatResult, Endpoint, FaultAction, Protocol
from tests.runs.providers.asking import GRANT, SECRET, endpoint, request
from tests.scripted import Answer, Request, Server, data_event, reply_bytes, reply_events, reply_json, serve

T = TypeVar("T")
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
WHOLE = {
    "id": "g",
    "model": "m",
    "choices": [{"message": {"content": "Paris"}, "finish_reason": "stop"}],
    "usage": USAGE,
}
STREAM = [
    data_event({"id": "g", "model": "m", "choices": [{"delta": {"content": "Pa"}}]}),
    data_event({"choices": [{"delta": {"content": "ris"}, "finish_reason": "stop"}]}),
    data_event({"choices": [], "usage": USAGE}) + b"data: [DONE]\n\n",
]


def place(server: Server, **given: Any) -> Endpoint:
    return endpoint(base_url=f"{server.url}/v1", allows_private=True, **given)


def against(answer: Answer, use: Callable[[ProviderDoor, Server], Awaitable[T]]) -> T:
    """Open a door and a server that answers so, and use both."""

    async def go() -> T:
        async with serve(answer) as server, open_provider_door() as door:
            return await use(door, server)

    return asyncio.run(go())


def call(answer: Answer, asked: ChatRequest | None = None, *, on_delta: Any = None) -> ChatResult:
    """One call at a server that answers so."""
    return against(
        answer, lambda door, server: door.call(GRANT, place(server), asked or request(), SECRET, on_delta=on_delta)
    )


def fail(answer: Answer, asked: ChatRequest | None = None, *, on_delta: Any = None) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        call(answer, asked, on_delta=on_delta)
    return failed.value


# --- answers ---------------------------------------------------------------------------------


def test_an_answer_comes_with_its_time() -> None:
    async def slowly(asked: Request) -> None:
        await asyncio.sleep(0.05)
        await reply_json(WHOLE)(asked)

    result = call(slowly)
    assert (result.text, result.served_model, result.usage.total_tokens) == ("Paris", "m", 7)
    assert 50 <= result.duration_ms < 1000
    assert result.first_token_ms is None


def test_a_stream_hands_on_its_pieces_as_they_come() -> None:
    seen: list[tuple[str, float]] = []

    async def slowly(asked: Request) -> None:
        asked.start()
        for event in STREAM:
            await asyncio.sleep(0.05)
            await asked.chunk(event)
        asked.end()

    def note(delta: ChatDelta) -> None:
        seen.append((delta.text, time.perf_counter()))

    result = call(slowly, on_delta=note)
    assert result.text == "Paris"
    assert [text for text, _ in seen] == ["Pa", "ris"]
    assert seen[1][1] - seen[0][1] > 0.03
    assert result.first_token_ms is not None
    assert 50 <= result.first_token_ms < result.duration_ms


def test_the_providers_id_is_taken_from_the_head_where_the_body_has_none() -> None:
    unnamed = {name: value for name, value in WHOLE.items() if name != "id"}
    assert call(reply_json(unnamed, X_Request_Id="req-9")).request_id == "req-9"
    assert call(reply_json(WHOLE, X_Request_Id="req-9")).request_id == "g"


def test_a_server_that_cannot_stream_is_understood() -> None:
    assert call(reply_json(WHOLE), on_delta=lambda _: None).text == "Paris"


def test_a_stream_without_a_proper_end_does_not_hold_anybody_up() -> None:
    async def never_ends(asked: Request) -> None:
        asked.start()
        for event in STREAM:
            await asked.chunk(event)
        await asked.gone()

    started = time.perf_counter()
    assert call(never_ends, on_delta=lambda _: None).text == "Paris"
    assert time.perf_counter() - started < 2


def test_a_connection_that_breaks_behind_the_last_word_has_done_its_work() -> None:
    assert call(reply_events(STREAM, is_cut=True), on_delta=lambda _: None).usage.total_tokens == 7


# --- leave -----------------------------------------------------------------------------------


@pytest.mark.parametrize("grant", [None, object(), {"call_id": 1}, "granted"])
def test_nothing_goes_out_without_leave(grant: Any) -> None:
    async def use(door: ProviderDoor, server: Server) -> None:
        with pytest.raises(TypeError):
            await door.call(grant, place(server), request(), SECRET)
        assert server.connection_count == 0

    against(reply_json(WHOLE), use)


@pytest.mark.parametrize("is_simulated", [True, False])
def test_a_simulated_grant_pays_for_no_real_call_and_the_other_way_round(is_simulated: bool) -> None:
    async def use(door: ProviderDoor, server: Server) -> None:
        grant = replace(GRANT, is_simulated=is_simulated)
        with pytest.raises(ValueError, match="simulat"):
            await door.call(grant, place(server, is_simulated=not is_simulated), request(), SECRET)
        assert server.connection_count == 0

    against(reply_json(WHOLE), use)


def test_private_addresses_only_where_the_connection_may() -> None:
    async def use(door: ProviderDoor, server: Server) -> None:
        with pytest.raises(CallFailed) as failed:
            await door.call(GRANT, replace(place(server), allows_private=False), request(), SECRET)
        assert failed.value.fault.code is FaultCode.ADDRESS_REFUSED
        assert failed.value.fault.needs_person
        assert not failed.value.may_be_billed
        assert server.connection_count == 0

    against(reply_json(WHOLE), use)


# --- failures --------------------------------------------------------------------------------


def test_a_refusal_says_what_to_do_and_is_not_billed() -> None:
    failure = fail(reply_json({"error": {"message": "slow down"}}, 429, Retry_After="3"))
    assert (failure.fault.code, failure.fault.action) == (FaultCode.RATE_LIMITED, FaultAction.RETRY)
    assert (failure.fault.retry_after_s, failure.fault.status) == (3.0, 429)
    assert not failure.may_be_billed
    assert failure.partial is None
    assert str(failure).startswith("openai: ")


@pytest.mark.parametrize("on_delta", [None, lambda _: None])
@pytest.mark.parametrize(
    "answer",
    [
        reply_bytes(b"<html>Welcome to nginx</html>", Content_Type="text/html"),
        reply_bytes(b"\n <!doctype html>", Content_Type="application/json"),
        reply_bytes(b"<html>Nothing here</html>", 404, Content_Type="text/html; charset=utf-8"),
        reply_bytes(b"", 307, Location="https://login.example/"),
        reply_bytes(b"", 301, Location="https://elsewhere.example/v1/chat/completions"),
    ],
)
def test_an_address_that_is_no_api_is_named_with_what_to_look_at(answer: Any, on_delta: Any) -> None:
    failure = fail(answer, on_delta=on_delta)
    assert (failure.fault.code, failure.fault.action) == (FaultCode.NOT_AN_API, FaultAction.NEXT_ENDPOINT)
    assert failure.fault.needs_person
    assert re.search(r" is at http://127\.0\.0\.1:\d+/v1, and no API$", failure.fault.message)
    assert "base URL on the Connections page" in failure.fault.hint
    assert not failure.may_be_billed


def test_what_stands_before_an_api_may_show_a_page_while_that_is_down() -> None:
    failure = fail(reply_bytes(b"<html>Bad gateway</html>", 502, Content_Type="text/html"))
    assert (failure.fault.code, failure.fault.action) == (FaultCode.PROVIDER_FAULT, FaultAction.RETRY)


def test_a_name_and_word_in_an_address_are_not_shown() -> None:
    assert not_an_api("https://me:secret@models.example/v1?key=k", "a web page", status=200).message == (
        "a web page is at https://models.example/v1, and no API"
    )


def test_where_nobody_listens_nothing_was_sent() -> None:
    async def use(door: ProviderDoor, server: Server) -> None:
        with pytest.raises(CallFailed) as failed:
            await door.call(GRANT, endpoint(base_url="http://127.0.0.1:9/v1", allows_private=True), request(), SECRET)
        assert failed.value.fault.code is FaultCode.UNREACHABLE
        assert not failed.value.may_be_billed

    against(reply_json(WHOLE), use)


def test_a_connection_that_breaks_before_the_answer_may_have_cost_something() -> None:
    async def hang_up(asked: Request) -> None:
        asked.writer.transport.abort()

    failure = fail(hang_up)
    assert failure.fault.code is FaultCode.CUT_OFF
    assert failure.may_be_billed
    assert failure.partial is not None
    assert failure.partial.usage.is_estimated
    assert failure.partial.usage.output_tokens == 0


@pytest.mark.parametrize("is_cut", [True, False])
def test_of_a_stream_that_breaks_off_the_beginning_is_kept(is_cut: bool) -> None:
    failure = fail(reply_events(STREAM[:1], is_cut=is_cut), on_delta=lambda _: None)
    assert failure.fault.code is FaultCode.CUT_OFF
    assert failure.may_be_billed
    assert failure.partial is not None
    assert failure.partial.text == "Pa"
    assert failure.partial.usage.is_estimated


def test_an_error_in_a_stream_after_the_first_word_may_be_billed_and_before_it_is_not() -> None:
    error = data_event({"error": {"code": 502, "message": "upstream died"}})
    early = fail(reply_events([error]), on_delta=lambda _: None)
    assert (early.fault.code, early.may_be_billed) == (FaultCode.PROVIDER_FAULT, False)
    late = fail(reply_events([STREAM[0], error]), on_delta=lambda _: None)
    assert late.may_be_billed
    assert late.partial is not None
    assert late.partial.text == "Pa"


# --- time ------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_streaming", [True, False])
def test_a_call_that_takes_too_long_is_broken_off(is_streaming: bool) -> None:
    left_after_s: list[float] = []

    async def hang(asked: Request) -> None:
        started = time.perf_counter()
        if is_streaming:
            asked.start()
            await asked.chunk(STREAM[0])
        left_after_s.append(await asked.gone() - started)

    async def use(door: ProviderDoor, server: Server) -> CallFailed:
        on_delta = (lambda _: None) if is_streaming else None
        with pytest.raises(CallFailed) as failed:
            await door.call(GRANT, place(server), request(timeout_s=0.2), SECRET, on_delta=on_delta)
        await asyncio.sleep(0.05)
        return failed.value

    failure = against(hang, use)
    assert failure.fault.code is FaultCode.TIMED_OUT
    assert failure.may_be_billed
    assert failure.partial is not None
    assert failure.partial.text == ("Pa" if is_streaming else "")
    assert 0.15 < left_after_s[0] < 0.4  # the server saw it, and nothing goes on behind our back


def test_a_model_may_think_for_longer_than_any_source_may_be_silent() -> None:
    """Only the whole call has a limit: 20 s of silence are usual for a model that reasons."""

    async def think(asked: Request) -> None:
        asked.start()
        await asyncio.sleep(0.3)
        for event in STREAM:
            await asked.chunk(event)
        asked.end()

    assert call(think, request(timeout_s=5), on_delta=lambda _: None).text == "Paris"


@pytest.mark.parametrize("is_streaming", [True, False])
def test_a_call_that_is_cancelled_closes_its_connection_at_once(is_streaming: bool) -> None:
    async def go() -> tuple[float, CallProgress]:
        left_at_s: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        async def hang(asked: Request) -> None:
            if is_streaming:
                asked.start()
                await asked.chunk(STREAM[0])
            left_at_s.set_result(await asked.gone())

        progress = CallProgress()
        async with serve(hang) as server, open_provider_door() as door:
            on_delta = (lambda _: None) if is_streaming else None
            making = door.call(GRANT, place(server), request(), SECRET, on_delta=on_delta, progress=progress)
            task = asyncio.ensure_future(making)
            await asyncio.sleep(0.1)
            cancelled_at_s = time.perf_counter()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            return await asyncio.wait_for(left_at_s, 1) - cancelled_at_s, progress

    took_s, progress = asyncio.run(go())
    assert took_s < 0.05
    partial = progress.partial()
    assert partial is not None
    assert partial.text == ("Pa" if is_streaming else "")
    assert partial.usage.is_estimated
    assert partial.usage.fresh_input_tokens > 0


def test_a_call_that_is_cancelled_before_it_went_out_has_cost_nothing() -> None:
    async def use(door: ProviderDoor, server: Server) -> None:
        progress = CallProgress()
        task = asyncio.ensure_future(door.call(GRANT, place(server), request(), SECRET, progress=progress))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert progress.partial() is None
        assert server.requests == []

    against(reply_json(WHOLE), use)


def test_many_calls_at_once_keep_apart() -> None:
    async def echo(asked: Request) -> None:
        said = json.loads(asked.body)["messages"][0]["content"]
        asked.start()
        for letter in said:
            await asked.chunk(data_event({"choices": [{"delta": {"content": letter}}]}))
            await asyncio.sleep(0)
        await asked.chunk(data_event({"choices": [{"delta": {}, "finish_reason": "stop"}]}))
        asked.end()

    async def use(door: ProviderDoor, server: Server) -> None:
        words = [f"word-{number}" for number in range(120)]
        asks = [request({"role": "user", "content": word}) for word in words]
        calls = (door.call(GRANT, place(server), asked, SECRET, on_delta=lambda _: None) for asked in asks)
        assert [result.text for result in await asyncio.gather(*calls)] == words

    against(echo, use)


# --- secrets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", Protocol)
def test_a_key_shows_nowhere(protocol: Protocol, caplog: pytest.LogCaptureFixture) -> None:
    """Not in logs, errors or what they look like, even where the provider quotes it back."""
    caplog.set_level(logging.DEBUG)
    quoted = {"error": {"message": f"Incorrect API key provided: {SECRET}", "code": "invalid_api_key"}}

    async def use(door: ProviderDoor, server: Server) -> CallFailed:
        with pytest.raises(CallFailed) as failed:
            await door.call(GRANT, place(server, protocol=protocol), request(), SECRET)
        assert any(SECRET in value for value in server.requests[0].headers.values())
        assert SECRET not in server.requests[0].path
        return failed.value

    failure = against(reply_json(quoted, 401), use)
    assert failure.fault.code is FaultCode.KEY_REFUSED
    told = [
        str(failure),
        repr(failure),
        repr(failure.fault),
        failure.message,
        str(failure.details),
        repr(vars(failure)),
    ]
    assert not any(SECRET in text for text in [*told, caplog.text])
    assert "[key]" in failure.message


def test_a_key_shows_nowhere_when_the_connection_fails(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def hang_up(asked: Request) -> None:
        asked.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
        asked.writer.close()

    failure = fail(hang_up)
    assert SECRET not in "".join(traceback.format_exception(failure)) + caplog.text + repr(failure)
