"""Answers in the words of the Responses protocol, event by event and whole."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from runs.chat.responses_face import ResponsesFace
from runs.chat.responses_reading import read_responses
from runs.chat.shapes import Automatic, ChatAsk, ClientTool, Face, Failure, Outcome, ResponsesWords, ToolKind
from runs.shapes import ChatDelta, ChatResult, Usage

USAGE = Usage(fresh_input_tokens=10, cache_read_tokens=4, cache_write_tokens=2, output_tokens=20, reasoning_tokens=5)
OUTCOME = Outcome("acme/one", "it leads")
TOOLS = {
    "look": ClientTool(ToolKind.FUNCTION, "look"),
    "house__look": ClientTool(ToolKind.FUNCTION, "look", "house"),
    "patch": ClientTool(ToolKind.CUSTOM, "patch"),
    "tool_search": ClientTool(ToolKind.TOOL_SEARCH, "tool_search"),
}
WORDS = ResponsesWords(repeated={"metadata": {"a": "b"}}, client_tools=TOOLS)
ASK = ChatAsk("auto", Automatic(), ({"role": "user", "content": "x"},), face=Face.RESPONSES, responses=WORDS)


def face(**words: Any) -> ResponsesFace:
    return ResponsesFace(replace(ASK, responses=replace(WORDS, **words)), "1", 7)


def call(index: int, name: str = "", arguments: str = "", call_id: str = "", **more: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": call_id, "type": "function", "function": function, **more}


def events(sent: bytes) -> list[dict[str, Any]]:
    """What a client reads; each event is named twice and counted."""
    told = []
    for block in sent.decode().split("\n\n")[:-1]:
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        told.append(event)
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    return told


def stream(*deltas: ChatDelta, result: ChatResult, on: ResponsesFace | None = None) -> list[dict[str, Any]]:
    using = on or face()
    return events(b"".join(using.piece(delta, OUTCOME) for delta in deltas) + using.end(OUTCOME, result))


def kinds(told: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in told]


def whole(result: ChatResult, **words: Any) -> dict[str, Any]:
    return dict(json.loads(face(**words).whole(OUTCOME, result)))


def test_a_text_is_streamed_as_one_part_of_one_message() -> None:
    told = stream(ChatDelta(text="he"), ChatDelta(text="llo"), result=ChatResult("hello", USAGE))
    assert kinds(told) == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.delta", "output_text.done", "content_part.done", "output_item.done"),
        "completed",
    ]
    assert told[0]["response"]["output"] == told[2]["item"]["content"] == []
    assert [event["delta"] for event in told[4:6]] == ["he", "llo"]
    assert told[6]["text"] == told[7]["part"]["text"] == told[8]["item"]["content"][0]["text"] == "hello"
    last = told[-1]["response"]
    assert last["output"] == [told[8]["item"]]
    assert (last["status"], last["model"], last["created_at"], last["metadata"]) == (
        "completed",
        "acme/one",
        7,
        {"a": "b"},
    )
    assert last["smartspawn"]["model"] == "acme/one"


def test_cached_and_reasoning_tokens_count_within_the_sums() -> None:
    assert whole(ChatResult("hi", USAGE))["usage"] == {
        "input_tokens": 16,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 25,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 41,
    }


def test_whole_and_streamed_answers_hold_the_same() -> None:
    result = ChatResult("hi", USAGE, reasoning="well", tool_calls=(call(0, "look", '{"a":1}', "c1"),))
    pieces = [ChatDelta(reasoning="well"), ChatDelta(text="hi"), ChatDelta(tool_calls=result.tool_calls)]
    assert stream(*pieces, result=result)[-1]["response"] == whole(result)
    assert stream(result=result)[-1]["response"] == whole(result)  # nobody told it piece by piece
    assert [item["type"] for item in whole(result)["output"]] == ["reasoning", "message", "function_call"]


def test_calls_may_come_in_turns_and_end_in_order() -> None:
    told = stream(
        ChatDelta(text="let me see"),
        ChatDelta(tool_calls=(call(0, "look", '{"a"', "c1"),)),
        ChatDelta(tool_calls=(call(1, "house__look", "", "c2"), call(0, arguments=":1}"))),
        ChatDelta(text=" and more"),
        result=ChatResult("let me see and more", USAGE, "tool_calls"),
    )
    items = told[-1]["response"]["output"]
    assert [(item["type"], item.get("name"), item.get("namespace"), item.get("arguments")) for item in items] == [
        ("message", None, None, None),
        ("function_call", "look", None, '{"a":1}'),
        ("function_call", "look", "house", "{}"),
        ("message", None, None, None),
    ]
    assert [item["content"][0]["text"] for item in (items[0], items[3])] == ["let me see", " and more"]
    added = [event["output_index"] for event in told if event["type"].endswith("item.added")]
    done = [event["output_index"] for event in told if event["type"].endswith("item.done")]
    assert (added, done) == ([0, 1, 2, 3], [0, 1, 2, 3])
    deltas = [(event["output_index"], event["delta"]) for event in told if event["type"].endswith("arguments.delta")]
    assert deltas == [(1, '{"a"'), (1, ":1}"), (2, "{}")]
    assert all(item["status"] == "completed" for item in items)
    # A call is not over before its last piece has come.
    assert [event["item"] for event in told if event["type"].endswith("item.done")] == items


def test_a_call_whose_name_comes_late_is_told_once_it_is_known() -> None:
    pieces = [
        ChatDelta(tool_calls=(call(0, "", '{"a"', "c1"),)),
        ChatDelta(tool_calls=(call(0, "look", ":1}"),)),
    ]
    (item,) = stream(*pieces, result=ChatResult("", USAGE, "tool_calls"))[-1]["response"]["output"]
    assert (item["call_id"], item["name"], item["arguments"]) == ("c1", "look", '{"a":1}')


def test_tools_of_other_kinds_are_called_as_their_client_knows_them() -> None:
    calls = (call(0, "patch", '{"input": "a\\nb"}', "c1"), call(1, "tool_search", '{"query": "cat"}', "c2"))
    told = stream(ChatDelta(tool_calls=calls), result=ChatResult("", USAGE, "tool_calls"))
    patch, search = told[-1]["response"]["output"]
    assert (patch["type"], patch["name"], patch["input"]) == ("custom_tool_call", "patch", "a\nb")
    assert (search["type"], search["execution"], search["arguments"]) == (
        "tool_search_call",
        "client",
        {"query": "cat"},
    )
    texts = [event.get("delta", event.get("input")) for event in told if "custom_tool_call_input" in event["type"]]
    assert texts == ["a\nb", "a\nb"]


@pytest.mark.parametrize("arguments", ["*** plain", '{"text": "x"}', '["x"]'])
def test_a_model_that_gives_plain_text_as_it_is_is_understood(arguments: str) -> None:
    (item,) = whole(ChatResult("", USAGE, tool_calls=(call(0, "patch", arguments),)))["output"]
    assert item["input"] == arguments
    assert item["call_id"].startswith("call_1")  # no id came


def test_a_call_has_an_id_that_no_other_has_though_its_provider_counts_anew() -> None:
    made = {"role": "assistant", "content": None, "tool_calls": [call(0, "look", "{}", "c1")]}
    using = ResponsesFace(replace(ASK, messages=(*ASK.messages, made)), "1", 7)
    calls = (call(0, "look", "{}", "c1"), call(1, "look", "{}", "c2"), call(2, "look", "{}", "c2"))
    told = json.loads(using.whole(OUTCOME, ChatResult("", USAGE, tool_calls=calls)))
    assert [item["call_id"] for item in told["output"]] == ["call_1_0", "c2", "call_1_2"]


def test_what_a_provider_wants_back_with_a_call_goes_out_and_comes_back() -> None:
    proof = {"google": {"thought_signature": "abc"}}
    made = call(0, "look", "{}", "c1", extra_content=proof)
    output = whole(ChatResult("", USAGE, tool_calls=(made,)))["output"]
    assert [item["type"] for item in output] == ["reasoning", "function_call"]
    result = {"type": "function_call_output", "call_id": "c1", "output": "x"}
    again = read_responses({"model": "auto", "input": [{"role": "user", "content": "x"}, *output, result]}, {})
    (told,) = again.messages[1]["tool_calls"]  # type: ignore[misc]  # a list, as was just read
    assert told["extra_content"] == proof


def test_thinking_is_an_item_of_its_own_and_a_summary_where_one_was_asked_for() -> None:
    result = ChatResult("hi", USAGE, reasoning="well")
    pieces = (ChatDelta(reasoning="we"), ChatDelta(reasoning="ll"), ChatDelta(text="hi"))
    plain = stream(*pieces, result=result)
    assert kinds(plain)[2:9] == [
        *("output_item.added", "content_part.added", "reasoning_text.delta", "reasoning_text.delta"),
        *("reasoning_text.done", "content_part.done", "output_item.done"),
    ]
    assert plain[-1]["response"]["output"][0]["content"] == [{"type": "reasoning_text", "text": "well"}]
    asked = stream(*pieces, result=result, on=face(wants_summary=True))
    assert kinds(asked)[3:8] == [
        *("reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.delta"),
        *("reasoning_summary_text.done", "reasoning_summary_part.done"),
    ]
    assert asked[-1]["response"]["output"][0]["summary"] == [{"type": "summary_text", "text": "well"}]


@pytest.mark.parametrize(("ending", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_was_cut_is_incomplete_and_says_why(ending: str, reason: str) -> None:
    told = stream(ChatDelta(text="he"), result=ChatResult("he", USAGE, ending))
    assert told[-1]["type"] == "response.incomplete"
    last = told[-1]["response"]
    assert (last["status"], last["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert last["output"][0]["status"] == "incomplete"
    assert whole(ChatResult("he", USAGE, ending))["status"] == "incomplete"


def test_an_answer_without_a_word_is_a_message_all_the_same() -> None:
    (item,) = whole(ChatResult("", USAGE))["output"]
    assert item["content"][0]["text"] == ""


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("CONTEXT_TOO_LONG", "context_length_exceeded"),
        ("RATE_LIMITED", "rate_limit_exceeded"),
        ("CUT_OFF", "server_error"),
    ],
)
def test_an_error_in_the_middle_ends_the_response_as_failed(code: str, known: str) -> None:
    using = face()
    sent = using.piece(ChatDelta(text="he"), OUTCOME) + using.broken(Failure(code, "it broke off", 502), OUTCOME)
    last = events(sent)[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["error"] == {"code": known, "message": "it broke off"}
    assert last["response"]["status"] == "failed"
    assert last["response"]["smartspawn"]["failure"] == code
    assert last["response"]["output"][0]["content"][0]["text"] == "he"


def test_a_silent_stream_says_that_it_goes_on_in_events_that_clients_count() -> None:
    using = face()
    assert using.keep_alive() == b""
    sent = using.opening(OUTCOME) + using.opening(OUTCOME) + using.keep_alive()
    assert kinds(events(sent)) == ["created", "in_progress", "in_progress"]


def test_the_chances_of_tokens_are_handed_on_where_they_came() -> None:
    chances = ({"token": "hi", "logprob": -0.1, "bytes": None, "top_logprobs": []},)
    told = stream(ChatDelta(text="hi", chances=chances), result=ChatResult("hi", USAGE, chances=chances))
    assert told[4]["logprobs"] == told[-1]["response"]["output"][0]["content"][0]["logprobs"] == list(chances)
    assert whole(ChatResult("hi", USAGE, chances=chances))["output"][0]["content"][0]["logprobs"] == list(chances)


def test_what_was_left_out_is_said() -> None:
    assert whole(ChatResult("hi", USAGE), left_out=("web_search: none here",))["smartspawn"]["left_out"] == [
        "web_search: none here"
    ]
    assert "left_out" not in whole(ChatResult("hi", USAGE))["smartspawn"]
