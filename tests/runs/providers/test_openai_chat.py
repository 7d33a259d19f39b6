"""OpenAI's chat completions and their dialects: what is sent, and every kind of answer."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from runs.providers import openai_chat
from runs.providers.dialects import can_search
from runs.providers.faults import CallFailed, FaultCode
from runs.shapes import Citation, Protocol
from tests.runs.providers.asking import SECRET, body_of, endpoint, read_stream, read_whole, request

OPENAI = Protocol.OPENAI
SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


# --- what is sent ----------------------------------------------------------------------------


def test_a_request_goes_to_its_endpoint_with_its_key() -> None:
    wire = openai_chat.build(endpoint(), request(idempotency_key="call-7"), SECRET, is_streaming=False)
    assert wire.url == "https://api.example.org/v1/chat/completions"
    assert wire.headers["Authorization"] == f"Bearer {SECRET}"
    assert wire.headers["Idempotency-Key"] == "call-7"
    assert SECRET not in repr(wire)
    assert SECRET not in wire.url


def test_a_place_without_a_key_gets_no_key() -> None:
    wire = openai_chat.build(endpoint("ollama"), request(), "", is_streaming=False)
    assert "Authorization" not in wire.headers


@pytest.mark.parametrize(
    ("provider", "field"),
    [
        ("openai", "max_completion_tokens"),
        ("groq", "max_completion_tokens"),
        *((name, "max_tokens") for name in ("openrouter", "mistral", "deepseek", "together", "xai", "ollama", "vllm")),
        *((name, "max_tokens") for name in ("lmstudio", "gemini-compatible", "custom", "simulator")),
    ],
)
def test_the_limit_is_always_sent_under_the_name_that_the_provider_knows(provider: str, field: str) -> None:
    body = body_of(endpoint(provider), request(max_output_tokens=77))
    assert body[field] == 77
    assert len({"max_tokens", "max_completion_tokens"} & body.keys()) == 1


def test_a_stream_asks_for_its_usage_where_that_is_allowed() -> None:
    for provider in ("openai", "openrouter", "groq", "deepseek", "together", "xai", "ollama", "vllm", "lmstudio"):
        body = body_of(endpoint(provider), request(), is_streaming=True)
        assert body["stream"] is True
        assert body["stream_options"] == {"include_usage": True}
    assert "stream_options" not in body_of(endpoint("mistral"), request(), is_streaming=True)
    assert "stream" not in body_of(endpoint(), request())


def test_openrouter_is_asked_for_what_it_bills_and_told_who_asks() -> None:
    wire = openai_chat.build(endpoint("openrouter"), request(), SECRET, is_streaming=False)
    assert json.loads(wire.body)["usage"] == {"include": True}
    assert wire.headers["X-Title"] == "Smart Spawn"
    assert "usage" not in body_of(endpoint("openai"), request())


@pytest.mark.parametrize(
    ("model", "is_sent"),
    [
        ("gpt-4o", True),
        ("gpt-5-chat-latest", True),
        ("o3", False),
        ("o4-mini", False),
        ("gpt-5", False),
        ("gpt-5.1", False),
    ],
)
def test_models_that_think_get_no_temperature_from_openai(model: str, is_sent: bool) -> None:
    body = body_of(endpoint("openai", model), request(temperature=0.0))
    assert ("temperature" in body) is is_sent
    assert body_of(endpoint("openrouter", model), request(temperature=0.0))["temperature"] == 0.0


def test_a_temperature_of_zero_is_sent_and_none_is_not() -> None:
    assert body_of(endpoint(), request(temperature=0.0))["temperature"] == 0.0
    assert "temperature" not in body_of(endpoint(), request())


def test_tools_and_formats_pass_through() -> None:
    body = body_of(endpoint(), request(tools=(TOOL,), tool_choice="required", response_format=SCHEMA))
    assert body["tools"] == [TOOL]
    assert body["tool_choice"] == "required"
    assert body["response_format"] == SCHEMA
    assert "tool_choice" not in body_of(endpoint(), request(tool_choice="required"))


def test_where_schemas_are_unknown_json_is_asked_for() -> None:
    assert body_of(endpoint("deepseek"), request(response_format=SCHEMA))["response_format"] == {"type": "json_object"}
    text = {"type": "text"}
    assert body_of(endpoint("deepseek"), request(response_format=text))["response_format"] == text


def test_further_wishes_are_handed_on_but_cannot_change_what_is_paid_for() -> None:
    extra = {"seed": 7, "model": "dearer", "max_completion_tokens": 9999, "messages": [], "usage": {"include": False}}
    body = body_of(endpoint("openai"), request(extra=extra, max_output_tokens=5))
    assert body["seed"] == 7
    assert (body["model"], body["max_completion_tokens"]) == ("model-1", 5)
    assert len(body["messages"]) == 1


def test_searching_is_switched_on_where_the_provider_can() -> None:
    assert body_of(endpoint("openrouter"), request(uses_web_search=True))["plugins"] == [{"id": "web"}]
    assert "plugins" not in body_of(endpoint("groq"), request(uses_web_search=True))
    assert can_search(endpoint("openrouter"))
    assert can_search(endpoint("gemini"))
    assert not can_search(endpoint("groq"))


# --- whole answers ---------------------------------------------------------------------------


def answer(message: dict[str, Any], *, ending: str = "stop", **given: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return {"id": "gen-1", "choices": [{"message": message, "finish_reason": ending}], "usage": usage} | given


def test_an_answer_tells_who_gave_it_and_what_it_is_billed_at() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "cost": 0.00014}
    result = read_whole(OPENAI, answer({"content": "Paris"}, model="gpt-4o-2024", provider="Azure", usage=usage))
    assert (result.text, result.finish_reason) == ("Paris", "stop")
    assert (result.served_model, result.served_provider, result.request_id) == ("gpt-4o-2024", "Azure", "gen-1")
    assert result.reported_cost_usd == Decimal("0.00014")


def test_with_a_key_of_ones_own_the_makers_bill_is_added() -> None:
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "cost": 0.001,
        "is_byok": True,
        "cost_details": {"upstream_inference_cost": 0.02},
    }
    assert read_whole(OPENAI, answer({"content": "x"}, usage=usage)).reported_cost_usd == Decimal("0.021")
    usage["is_byok"] = False
    assert read_whole(OPENAI, answer({"content": "x"}, usage=usage)).reported_cost_usd == Decimal("0.001")


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        *((reason, reason) for reason in ("stop", "length", "content_filter", "tool_calls")),
        ("function_call", "tool_calls"),
        ("eos", "stop"),
        ("", "stop"),
    ],
)
def test_endings_have_one_name_each(ending: str, told: str) -> None:
    assert read_whole(OPENAI, answer({"content": "x"}, ending=ending)).finish_reason == told


def test_an_empty_answer_is_an_answer() -> None:
    assert read_whole(OPENAI, answer({"content": None})).text == ""
    assert read_whole(OPENAI, answer({"content": "4"})).text == "4"


def test_reasoning_and_text_are_kept_apart() -> None:
    for name in ("reasoning", "reasoning_content"):
        result = read_whole(OPENAI, answer({"content": "4", name: "2 and 2"}))
        assert (result.text, result.reasoning) == ("4", "2 and 2")
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "2 and 2"}]}, {"type": "text", "text": "4"}]
    result = read_whole(OPENAI, answer({"content": parts}))
    assert (result.text, result.reasoning) == ("4", "2 and 2")


def test_tool_calls_come_as_they_are() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
    result = read_whole(OPENAI, answer({"content": None, "tool_calls": [call]}, ending="tool_calls"))
    assert result.tool_calls == (call,)


def test_sources_are_kept_once_each() -> None:
    cited = {"type": "url_citation", "url_citation": {"url": "https://a.test", "title": "A"}}
    result = read_whole(OPENAI, answer({"content": "x", "annotations": [cited, cited]}))
    assert result.citations == (Citation("https://a.test", "A"),)
    result = read_whole(OPENAI, answer({"content": "x"}, citations=["https://b.test", 7]))
    assert result.citations == (Citation("https://b.test"),)


@pytest.mark.parametrize(
    "body", [b"<html>Welcome</html>", b"", b"[]", b"null", b'{"choices": []}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_success_that_holds_no_answer_is_malformed(body: bytes) -> None:
    with pytest.raises(CallFailed) as failed:
        openai_chat.read_whole(body, request())
    assert failed.value.fault.code is FaultCode.MALFORMED


def test_an_error_with_status_200_is_an_error() -> None:
    with pytest.raises(CallFailed) as failed:
        read_whole(OPENAI, {"error": {"code": 402, "message": "Insufficient credits"}})
    assert failed.value.fault.code is FaultCode.NO_CREDIT
    with pytest.raises(CallFailed) as failed:
        read_whole(
            OPENAI, {"choices": [{"error": {"code": 502, "message": "upstream"}, "message": {"content": "Par"}}]}
        )
    assert failed.value.fault.code is FaultCode.PROVIDER_FAULT


# --- streams ---------------------------------------------------------------------------------


def test_a_stream_hands_on_each_piece_and_ends_in_the_same_answer() -> None:
    pieces = [
        {"id": "gen-2", "model": "m-1", "provider": "P", "choices": [{"delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"delta": {"reasoning": "hm"}}]},
        {"choices": [{"delta": {"content": "Pa"}}]},
        {"choices": [{"delta": {"content": "ris"}}]},
        {"choices": [{"delta": {}, "finish_reason": "length"}]},
        {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "cost": "0.1"}},
        "[DONE]",
    ]
    result, deltas = read_stream(OPENAI, pieces)
    assert [delta.text for delta in deltas if delta.text] == ["Pa", "ris"]
    assert deltas[-1].finish_reason == "length"
    assert (result.text, result.reasoning, result.finish_reason) == ("Paris", "hm", "length")
    assert (result.request_id, result.served_model, result.served_provider) == ("gen-2", "m-1", "P")
    assert result.reported_cost_usd == Decimal("0.1")


def test_tool_calls_are_put_together_from_their_pieces() -> None:
    def piece(*calls: dict[str, Any]) -> dict[str, Any]:
        return {"choices": [{"delta": {"tool_calls": list(calls)}}]}

    result, _ = read_stream(
        OPENAI,
        [
            piece({"index": 0, "id": "a", "type": "function", "function": {"name": "weather", "arguments": ""}}),
            piece({"index": 0, "function": {"arguments": '{"city":'}}),
            piece({"index": 1, "id": "b", "function": {"name": "time", "arguments": "{}"}}),
            piece({"index": 0, "function": {"arguments": ' "Paris"}'}}),
            {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
        ],
    )
    assert [call["id"] for call in result.tool_calls] == ["a", "b"]
    assert [call["function"] for call in result.tool_calls] == [
        {"name": "weather", "arguments": '{"city": "Paris"}'},
        {"name": "time", "arguments": "{}"},
    ]


@pytest.mark.parametrize("cost", [1e30, 9.3e9, -5, "12 dollars"])
def test_a_bill_that_no_call_can_come_to_is_not_believed(cost: object) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 5, "cost": cost}
    result = read_whole(OPENAI, answer({"content": "x"}, usage=usage))
    assert (result.text, result.reported_cost_usd) == ("x", None)


def test_groqs_own_place_for_usage_is_known() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
    pieces = [{"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}], "x_groq": {"usage": usage}}]
    assert read_stream(OPENAI, pieces)[0].usage.total_tokens == 10


def test_a_stream_that_ends_early_is_no_answer() -> None:
    with pytest.raises(CallFailed) as failed:
        read_stream(OPENAI, [{"choices": [{"delta": {"content": "Par"}}]}])
    assert failed.value.fault.code is FaultCode.CUT_OFF


def test_an_error_within_a_stream_is_an_error() -> None:
    broken = {"error": {"code": 429, "message": "slow down"}, "choices": [{"delta": {}, "finish_reason": "error"}]}
    with pytest.raises(CallFailed) as failed:
        read_stream(OPENAI, [{"choices": [{"delta": {"content": "Par"}}]}, broken])
    assert failed.value.fault.code is FaultCode.RATE_LIMITED


def test_what_makes_no_sense_in_a_stream_is_passed_over() -> None:
    pieces = ["", "not json", "7", "[]", {"choices": "none"}, {"choices": [None]}, {"choices": [{"delta": None}]}]
    result, _ = read_stream(OPENAI, [*pieces, {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}])
    assert result.text == "x"


def test_the_chances_of_tokens_are_gathered_whole_and_from_a_stream() -> None:
    first, second = {"token": "Pa", "logprob": -0.1}, {"token": "ris", "logprob": -0.2}
    choice = {"message": {"content": "Paris"}, "finish_reason": "stop", "logprobs": {"content": [first, second]}}
    assert read_whole(Protocol.OPENAI, {"choices": [choice]}).chances == (first, second)
    pieces = [
        {"choices": [{"delta": {"content": "Pa"}, "logprobs": {"content": [first]}}]},
        {"choices": [{"delta": {"content": "ris"}, "logprobs": {"content": [second]}, "finish_reason": "stop"}]},
    ]
    result, deltas = read_stream(Protocol.OPENAI, pieces)
    assert result.chances == (first, second)
    assert [delta.chances for delta in deltas] == [(first,), (second,)]
