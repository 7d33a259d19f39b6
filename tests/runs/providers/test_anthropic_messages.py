"""Anthropic's messages: what is sent beside the talk, and every kind of answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runs.providers import anthropic_messages
from runs.providers.faults import CallFailed, FaultCode
from runs.providers.wire import ServerEvent
from runs.shapes import ChatDelta, Citation, Protocol, Thought
from tests.runs.providers.asking import SECRET, body_of, endpoint, read_stream, read_whole, request

ANTHROPIC = Protocol.ANTHROPIC
PLACE = endpoint("anthropic", "claude-sonnet-4-5")
USAGE = {"input_tokens": 5, "output_tokens": 2}
TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather.", "parameters": {"type": "object"}},
}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
AS_JSON = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


# --- what is sent ----------------------------------------------------------------------------


def test_a_request_goes_to_its_endpoint() -> None:
    wire = anthropic_messages.build(PLACE, request(), SECRET, is_streaming=True)
    assert wire.url == "https://api.example.org/v1/messages"
    assert wire.headers["anthropic-version"] == "2023-06-01"
    body = body_of(PLACE, request(max_output_tokens=9, extra={"stop": "END"}), is_streaming=True)
    assert (body["model"], body["max_tokens"], body["stream"]) == ("claude-sonnet-4-5", 9, True)
    assert body["stop_sequences"] == ["END"]
    assert "system" not in body
    assert "tools" not in body


@pytest.mark.parametrize(
    ("model", "is_sent"),
    [
        ("claude-3-haiku-20240307", True),
        ("claude-3-7-sonnet-latest", True),
        ("claude-sonnet-4-20250514", True),
        ("claude-opus-4-1-20250805", True),
        ("claude-haiku-4-5", True),
        ("claude-opus-4-7", False),
        ("claude-sonnet-5", False),
        ("claude-unheard-of", False),
    ],
)
def test_a_temperature_goes_to_models_that_are_known_to_take_one(model: str, is_sent: bool) -> None:
    body = body_of(endpoint("anthropic", model), request(temperature=1.7))
    assert body.get("temperature") == (1.0 if is_sent else None)


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("auto", {"type": "auto"}),
        ("required", {"type": "any"}),
        ("none", {"type": "none"}),
        ({"type": "function", "function": {"name": "weather"}}, {"type": "tool", "name": "weather"}),
        (None, None),
    ],
)
def test_tools_are_described_and_chosen_in_its_words(wanted: object, sent: object) -> None:
    body = body_of(PLACE, request(tools=(TOOL,), tool_choice=wanted))
    assert body["tools"] == [{"name": "weather", "description": "The weather.", "input_schema": {"type": "object"}}]
    assert body.get("tool_choice") == sent


def test_one_tool_at_a_time_can_be_asked_for() -> None:
    body = body_of(PLACE, request(tools=(TOOL,), extra={"parallel_tool_calls": False}))
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


def test_a_search_is_a_tool_with_a_limit() -> None:
    (tool,) = body_of(PLACE, request(uses_web_search=True))["tools"]
    assert tool["type"].startswith("web_search_")
    assert tool["max_uses"] >= 1


def test_a_schema_becomes_the_input_of_a_tool_that_must_be_used() -> None:
    body = body_of(PLACE, request(response_format=AS_JSON))
    (tool,) = body["tools"]
    assert tool["input_schema"] == SCHEMA
    assert body["tool_choice"] == {"type": "tool", "name": tool["name"]}
    for beside in ({"tools": (TOOL,)}, {"uses_web_search": True}):
        assert "tool_choice" not in body_of(PLACE, request(response_format=AS_JSON, **beside))


LATER = endpoint("anthropic", "claude-sonnet-5")


def test_later_models_are_held_to_a_schema_without_a_tool() -> None:
    body = body_of(LATER, request(response_format=AS_JSON))
    held = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": held}}
    assert "tools" not in body


def test_how_hard_to_think_is_said_to_models_that_take_a_word_on_it() -> None:
    extra = {"reasoning_effort": "minimal"}
    assert body_of(LATER, request(extra=extra))["output_config"] == {"effort": "low"}
    both = body_of(LATER, request(extra=extra, response_format=AS_JSON))["output_config"]
    assert both.keys() == {"effort", "format"}
    assert "output_config" not in body_of(PLACE, request(extra=extra))
    assert "output_config" not in body_of(LATER, request(extra={"reasoning_effort": "none"}))


def test_a_schema_that_cannot_be_closed_is_left_to_the_words_of_the_prompt() -> None:
    for schema in ({"type": "object"}, {"type": "object", "additionalProperties": {"type": "string"}}):
        form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        assert not {"output_config", "tools"} & body_of(LATER, request(response_format=form)).keys()


def test_a_tool_can_be_forced_on_a_model_only_while_it_does_not_think() -> None:
    forced = request(tools=(TOOL,), tool_choice="required")
    assert body_of(LATER, forced)["thinking"] == {"type": "disabled"}
    assert "thinking" not in body_of(PLACE, forced)
    assert "thinking" not in body_of(LATER, request(tools=(TOOL,), tool_choice="auto"))
    thinking = {"thinking": {"type": "adaptive"}}
    assert (
        body_of(LATER, request(tools=(TOOL,), tool_choice="required", extra=thinking))["thinking"]
        == thinking["thinking"]
    )
    assert "tools" not in body_of(PLACE, request(response_format=AS_JSON, extra=thinking, max_output_tokens=9_000))


# --- whole answers ---------------------------------------------------------------------------


def answer(*blocks: dict[str, Any], ending: str = "end_turn") -> dict[str, Any]:
    return {"id": "msg_1", "model": "claude-x", "content": list(blocks), "stop_reason": ending, "usage": USAGE}


def text(words: str, **given: Any) -> dict[str, Any]:
    return {"type": "text", "text": words} | given


def test_all_blocks_of_text_are_the_answer_and_thinking_is_not() -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    result = read_whole(
        ANTHROPIC, answer(thinking, text("Pa"), {"type": "redacted_thinking", "data": "x"}, text("ris"))
    )
    assert (result.text, result.reasoning, result.finish_reason) == ("Paris", "hm", "stop")
    assert (result.served_model, result.request_id) == ("claude-x", "msg_1")


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "length"),
        ("refusal", "content_filter"),
        ("something new", "stop"),
    ],
)
def test_endings_have_one_name_each(ending: str, told: str) -> None:
    assert read_whole(ANTHROPIC, answer(text("x"), ending=ending)).finish_reason == told


def test_a_structured_answer_is_text_again() -> None:
    used = {"type": "tool_use", "id": "t", "name": "give_structured_answer", "input": {"n": 4}}
    result = read_whole(ANTHROPIC, answer(text("Sure:"), used, ending="tool_use"), request(response_format=AS_JSON))
    assert (result.text, result.finish_reason, result.tool_calls) == ('{"n": 4}', "stop", ())


def test_sources_are_kept_once_each() -> None:
    cited = {"type": "web_search_result_location", "url": "https://a.test", "title": "A", "cited_text": "..."}
    searched = {"type": "web_search_tool_result", "content": [{"url": "https://unused.test"}]}
    result = read_whole(ANTHROPIC, answer(searched, text("x", citations=[cited]), text("y", citations=[cited])))
    assert result.citations == (Citation("https://a.test", "A"),)
    assert result.text == "xy"


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"content": "Paris"}', b""])
def test_a_success_that_holds_no_answer_is_malformed(body: bytes) -> None:
    with pytest.raises(CallFailed) as failed:
        anthropic_messages.read_whole(body, request())
    assert failed.value.fault.code is FaultCode.MALFORMED


# --- streams ---------------------------------------------------------------------------------


def start(**usage: int) -> dict[str, Any]:
    return {"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "usage": usage or USAGE}}


def block(index: int, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index: int, kind: str, **given: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind} | given}


def end(reason: str = "end_turn", **usage: int) -> list[dict[str, Any]]:
    ending = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage or {"output_tokens": 9}}
    return [ending, {"type": "message_stop"}]


def test_a_stream_hands_on_text_and_thinking() -> None:
    result, deltas = read_stream(
        ANTHROPIC,
        [
            start(),
            block(0, {"type": "thinking", "thinking": ""}),
            delta(0, "thinking_delta", thinking="hm"),
            delta(0, "signature_delta", signature="s"),
            block(1, text("")),
            {"type": "ping"},
            delta(1, "text_delta", text="Pa"),
            delta(1, "text_delta", text="ris"),
            delta(1, "citations_delta", citation={"url": "https://a.test", "title": "A"}),
            {"type": "content_block_stop", "index": 1},
            *end("max_tokens"),
        ],
    )
    assert deltas == [
        ChatDelta(reasoning="hm"),
        ChatDelta(thought=Thought(signature="s")),
        ChatDelta(text="Pa"),
        ChatDelta(text="ris"),
        ChatDelta(finish_reason="length"),
    ]
    assert (result.text, result.reasoning, result.finish_reason) == ("Paris", "hm", "length")
    assert result.citations == (Citation("https://a.test", "A"),)
    assert result.usage.output_tokens == 9


def test_tool_calls_come_in_pieces_as_openai_sends_them() -> None:
    result, deltas = read_stream(
        ANTHROPIC,
        [
            start(),
            block(0, text("")),
            block(1, {"type": "tool_use", "id": "a", "name": "weather", "input": {}}),
            delta(1, "input_json_delta", partial_json=""),
            delta(1, "input_json_delta", partial_json='{"city": '),
            delta(1, "input_json_delta", partial_json='"Paris"}'),
            block(2, {"type": "tool_use", "id": "b", "name": "time", "input": {}}),
            *end("tool_use"),
        ],
    )
    assert [call["function"] for call in result.tool_calls] == [
        {"name": "weather", "arguments": '{"city": "Paris"}'},
        {"name": "time", "arguments": "{}"},
    ]
    pieces = [call for item in deltas for call in item.tool_calls]
    assert [piece["index"] for piece in pieces] == [0, 0, 0, 1]
    assert "".join(piece["function"]["arguments"] for piece in pieces) == '{"city": "Paris"}'
    assert deltas[-1].finish_reason == "tool_calls"


def test_a_structured_answer_is_streamed_as_text() -> None:
    result, deltas = read_stream(
        ANTHROPIC,
        [
            start(),
            block(0, {"type": "tool_use", "id": "t", "name": "give_structured_answer", "input": {}}),
            delta(0, "input_json_delta", partial_json='{"n": '),
            delta(0, "input_json_delta", partial_json="4}"),
            *end("tool_use"),
        ],
        request(response_format=AS_JSON),
    )
    assert "".join(item.text for item in deltas) == '{"n": 4}'
    assert deltas[-1].finish_reason == "stop"
    assert (result.text, result.finish_reason, result.tool_calls) == ('{"n": 4}', "stop", ())


def test_an_overload_in_the_middle_of_a_stream_is_an_error() -> None:
    overload = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(CallFailed) as failed:
        read_stream(ANTHROPIC, [start(), block(0, text("")), delta(0, "text_delta", text="Pa"), overload])
    assert failed.value.fault.code is FaultCode.OVERLOADED


def test_of_a_broken_stream_the_input_is_known_and_the_output_estimated() -> None:
    reader = anthropic_messages.Reader(request())
    pieces = [start(input_tokens=900, output_tokens=1), block(0, text("")), delta(0, "text_delta", text="word " * 100)]
    for piece in pieces:
        reader.feed(ServerEvent("", json.dumps(piece)))
    with pytest.raises(CallFailed):
        reader.finish()
    usage = reader.partial().usage
    assert usage.fresh_input_tokens == 900
    assert 80 <= usage.output_tokens <= 150
    assert usage.is_estimated


def test_later_counts_of_the_input_replace_earlier_ones() -> None:
    """A search adds what it found to the prompt; only the end tells."""
    pieces = [start(input_tokens=10, output_tokens=1), block(0, text("x")), *end(input_tokens=7000, output_tokens=30)]
    usage = read_stream(ANTHROPIC, pieces)[0].usage
    assert (usage.fresh_input_tokens, usage.output_tokens) == (7000, 30)
