"""Gemini's generateContent: what is sent beside the talk, and every kind of answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runs.providers import gemini_generate
from runs.providers.faults import CallFailed, FaultCode
from runs.providers.wire import ServerEvent
from runs.shapes import ChatDelta, Citation, Protocol
from tests.runs.providers.asking import body_of, endpoint, read_stream, read_whole, request

GEMINI = Protocol.GEMINI
PLACE = endpoint("gemini", "gemini-2.5-flash", base_url="https://api.example.org/v1beta/")
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
SCHEMA = {"type": "object", "additionalProperties": False}
AS_JSON = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


# --- what is sent ----------------------------------------------------------------------------


def test_model_and_method_stand_in_the_address() -> None:
    base = "https://api.example.org/v1beta/models/gemini-2.5-flash"
    assert gemini_generate.build(PLACE, request(), "k", is_streaming=False).url == f"{base}:generateContent"
    assert (
        gemini_generate.build(PLACE, request(), "k", is_streaming=True).url == f"{base}:streamGenerateContent?alt=sse"
    )
    named = endpoint("gemini", "models/a b?c#d", base_url="https://api.example.org/v1beta")
    wire = gemini_generate.build(named, request(), "k", is_streaming=False)
    assert wire.url == "https://api.example.org/v1beta/models/a%20b%3Fc%23d:generateContent"


def test_options_have_names_of_their_own() -> None:
    extra = {"stop": ["a", "b"], "top_p": 0.5, "seed": 3, "user": "me"}
    config = body_of(PLACE, request(max_output_tokens=9, temperature=0.0, extra=extra))["generationConfig"]
    assert config == {"maxOutputTokens": 9, "temperature": 0.0, "stopSequences": ["a", "b"], "topP": 0.5, "seed": 3}


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "high", {"thinkingBudget": 24576}),
        ("gemini-3-pro-preview", "minimal", {"thinkingLevel": "low"}),
        ("models/gemini-3.8-flash", "medium", {"thinkingLevel": "high"}),
        ("gemini-2.5-flash", "xhigh", {"thinkingBudget": 24576}),
        ("gemini-3-pro-preview", "max", {"thinkingLevel": "high"}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),  # refuses to go without
        ("gemini-2.0-flash", "high", None),
        ("gemma-3-27b-it", "high", None),  # served beside them, and refuses the field
        ("gemini-2.5-flash", "enormous", None),
        ("gemini-2.5-flash", None, None),
    ],
)
def test_how_hard_to_think_is_said_as_the_model_knows_it(model: str, effort: str | None, sent: object) -> None:
    asked = request(extra={"reasoning_effort": effort} if effort else {})
    assert body_of(endpoint("gemini", model), asked)["generationConfig"].get("thinkingConfig") == sent


@pytest.mark.parametrize(
    ("thinking", "sent"),
    [
        ({"type": "enabled", "budget_tokens": 2_000}, {"thinkingBudget": 1024}),
        ({"type": "adaptive", "effort": "max"}, {"thinkingBudget": 24576}),
        ({"type": "disabled"}, None),
    ],
)
def test_how_hard_to_think_is_taken_from_anthropics_clients_too(thinking: dict[str, Any], sent: object) -> None:
    body = body_of(endpoint("gemini", "gemini-2.5-flash"), request(thinking=thinking))
    assert body["generationConfig"].get("thinkingConfig") == sent


def test_a_schema_is_enforced() -> None:
    config = body_of(PLACE, request(response_format=AS_JSON))["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == SCHEMA
    config = body_of(PLACE, request(response_format={"type": "json_object"}))["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert "responseJsonSchema" not in config


def test_a_search_goes_without_schema_and_tools_without_search() -> None:
    body = body_of(PLACE, request(uses_web_search=True, response_format=AS_JSON))
    assert body["tools"] == [{"googleSearch": {}}]
    assert "responseMimeType" not in body["generationConfig"]
    body = body_of(PLACE, request(uses_web_search=True, tools=(TOOL,)))
    assert body["tools"] == [
        {"functionDeclarations": [{"name": "weather", "parametersJsonSchema": {"type": "object"}}]}
    ]


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("auto", {"mode": "AUTO"}),
        ("required", {"mode": "ANY"}),
        ("none", {"mode": "NONE"}),
        ({"type": "function", "function": {"name": "f"}}, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_the_choice_of_tools_is_handed_on(wanted: object, sent: object) -> None:
    body = body_of(PLACE, request(tools=(TOOL,), tool_choice=wanted))
    assert body["toolConfig"] == {"functionCallingConfig": sent}


# --- answers ---------------------------------------------------------------------------------


def piece(*parts: dict[str, Any], ending: str = "", **given: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    return {"candidates": [candidate | ({"finishReason": ending} if ending else {}) | given]}


def test_all_parts_are_joined_and_thoughts_kept_apart() -> None:
    answer = piece({"text": "hm", "thought": True}, {"text": "Pa"}, {"inlineData": {}}, {"text": "ris"}, ending="STOP")
    result = read_whole(GEMINI, answer | {"modelVersion": "gemini-2.5-flash-001", "responseId": "r1"})
    assert (result.text, result.reasoning, result.finish_reason) == ("Paris", "hm", "stop")
    assert (result.served_model, result.request_id) == ("gemini-2.5-flash-001", "r1")


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("MAX_TOKENS", "length"),
        ("MALFORMED_FUNCTION_CALL", "stop"),
        *(
            (reason, "content_filter")
            for reason in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "NEW_ONE")
        ),
    ],
)
def test_endings_have_one_name_each(ending: str, told: str) -> None:
    assert read_whole(GEMINI, piece({"text": "x"}, ending=ending)).finish_reason == told


def test_a_prompt_that_is_held_back_is_filtered_and_its_tokens_are_counted() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 40}}
    for result in (read_whole(GEMINI, blocked), read_stream(GEMINI, [blocked])[0]):
        assert (result.text, result.finish_reason) == ("", "content_filter")
        assert result.usage.fresh_input_tokens == 40
        assert not result.usage.is_estimated


def test_calls_of_tools_end_as_such_and_have_an_id() -> None:
    first = {"functionCall": {"name": "weather", "args": {"city": "Paris"}}}
    second = {"functionCall": {"id": "own", "name": "time"}}
    result, deltas = read_stream(GEMINI, [piece(first), piece(second, ending="STOP")])
    assert result.finish_reason == "tool_calls"
    assert [call["function"]["arguments"] for call in result.tool_calls] == ['{"city": "Paris"}', "{}"]
    ids = [call["id"] for call in result.tool_calls]
    assert ids[1] == "own"
    assert len(set(ids)) == 2
    assert [call["index"] for delta in deltas for call in delta.tool_calls] == [0, 1]


def grounded(queries: list[str], urls: list[str]) -> dict[str, Any]:
    chunks = [{"web": {"uri": url, "title": f"title of {url}"}} for url in urls]
    return {"groundingMetadata": {"webSearchQueries": queries, "groundingChunks": chunks}}


def test_a_grounded_answer_has_its_sources() -> None:
    answer = piece({"text": "x"}, ending="STOP", **grounded(["q1", "q2"], ["https://a.test", "https://b.test"]))
    result = read_whole(GEMINI, answer)
    assert result.citations == (
        Citation("https://a.test", "title of https://a.test"),
        Citation("https://b.test", "title of https://b.test"),
    )
    streamed = read_stream(GEMINI, [piece({"text": "x"}), answer])[0]
    assert streamed.citations == result.citations


@pytest.mark.parametrize(("model", "count"), [("gemini-2.5-flash", 1), ("gemini-3-pro-preview", 2)])
def test_searches_are_counted_as_they_are_billed(model: str, count: int) -> None:
    answer = piece({"text": "x"}, ending="STOP", **grounded(["q1", "", "q2", "q1"], ["https://a.test"]))
    assert read_whole(GEMINI, answer | {"modelVersion": model}).usage.search_count == count
    assert read_whole(GEMINI, piece({"text": "x"}, ending="STOP") | {"modelVersion": model}).usage.search_count == 0


def test_a_stream_hands_on_each_piece() -> None:
    result, deltas = read_stream(
        GEMINI, [piece({"text": "hm", "thought": True}), piece({"text": "Pa"}), piece({"text": "ris"}, ending="STOP")]
    )
    assert deltas == [
        ChatDelta(reasoning="hm"),
        ChatDelta(text="Pa"),
        ChatDelta(text="ris"),
        ChatDelta(finish_reason="stop"),
    ]
    assert (result.text, result.reasoning) == ("Paris", "hm")


def test_a_stream_that_ends_early_is_no_answer_and_its_tokens_are_estimated() -> None:
    reader = gemini_generate.Reader(request())
    told = {"usageMetadata": {"promptTokenCount": 70, "candidatesTokenCount": 1, "totalTokenCount": 71}}
    reader.feed(ServerEvent("", json.dumps(piece({"text": "word " * 100}) | told)))
    with pytest.raises(CallFailed) as failed:
        reader.finish()
    assert failed.value.fault.code is FaultCode.CUT_OFF
    usage = reader.partial().usage
    assert usage.fresh_input_tokens == 70
    assert 80 <= usage.output_tokens <= 150
    assert usage.is_estimated


def test_an_error_within_a_stream_is_an_error() -> None:
    with pytest.raises(CallFailed) as failed:
        read_stream(GEMINI, [piece({"text": "x"}), {"error": {"code": 503, "status": "UNAVAILABLE", "message": "m"}}])
    assert failed.value.fault.code is FaultCode.OVERLOADED


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"candidates": []}', b"", b"[]"])
def test_a_success_that_holds_no_answer_is_malformed(body: bytes) -> None:
    with pytest.raises(CallFailed) as failed:
        gemini_generate.read_whole(body, request())
    assert failed.value.fault.code is FaultCode.MALFORMED
