"""Answers in the words of both protocols, piece by piece and whole."""

from __future__ import annotations

import json
from typing import Any

from runs.chat.anthropic_face import AnthropicFace
from runs.chat.openai_face import OpenAIFace
from runs.chat.shapes import Automatic, ChatAsk, Failure, Outcome
from runs.chat.telling import cache_state, headers_of
from runs.shapes import ChatDelta, ChatResult, Thought, Usage

USAGE = Usage(fresh_input_tokens=10, cache_read_tokens=4, cache_write_tokens=2, output_tokens=20, reasoning_tokens=5)
OUTCOME = Outcome("acme/one", "it leads")
ASK = ChatAsk("auto", Automatic(), ({"role": "user", "content": "x"},), is_streaming=True)


def call(index: int, name: str = "", arguments: str = "", call_id: str = "") -> dict[str, Any]:
    return {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def events(sent: bytes) -> list[dict[str, Any]]:
    lines = [line for line in sent.decode().splitlines() if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def test_openai_counts_cached_and_reasoning_tokens_within_the_sums() -> None:
    told = json.loads(OpenAIFace(ASK, "1", 0).whole(OUTCOME, ChatResult("hi", USAGE)))
    assert told["usage"] == {
        "prompt_tokens": 16,
        "completion_tokens": 25,
        "total_tokens": 41,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }


def test_anthropic_counts_cached_tokens_beside_the_others() -> None:
    told = json.loads(AnthropicFace("1", 0).whole(OUTCOME, ChatResult("hi", USAGE)))
    assert told["usage"] == {
        "input_tokens": 10,
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 2,
        "output_tokens": 25,
    }


def test_usage_comes_in_a_stream_only_where_it_was_asked_for() -> None:
    result = ChatResult("hi", USAGE)
    silent = events(OpenAIFace(ASK, "1", 0).end(OUTCOME, result))
    assert "usage" not in silent[-1]
    assert silent[-1]["smartspawn"]["model"] == "acme/one"
    assert silent[-1]["choices"][0]["finish_reason"] == "stop"


def test_side_by_side_calls_reach_an_anthropic_client_whole_and_in_order() -> None:
    face = AnthropicFace("1", 7)
    pieces = [
        ChatDelta(text="let me see"),
        ChatDelta(tool_calls=(call(0, "one", '{"a"', "t0"),)),
        ChatDelta(tool_calls=(call(1, "two", '{"b"', "t1"), call(0, arguments=":1}"))),
        ChatDelta(tool_calls=(call(1, arguments=":2}"),)),
        ChatDelta(text=" and more"),
    ]
    whole = (call(0, "one", '{"a":1}', "t0"), call(1, "two", '{"b":2}', "t1"))
    result = ChatResult("let me see and more", USAGE, "tool_calls", tool_calls=whole)
    told = events(b"".join(face.piece(piece, OUTCOME) for piece in pieces) + face.end(OUTCOME, result))
    blocks: dict[int, list[str]] = {}
    opened: list[int] = []
    for event in told:
        if event["type"] == "content_block_start":
            assert opened == []
            opened.append(event["index"])
            blocks[event["index"]] = [event["content_block"]["type"]]
        if event["type"] == "content_block_delta":
            delta = event["delta"]
            blocks[event["index"]].append(delta.get("text") or delta["partial_json"])
        if event["type"] == "content_block_stop":
            opened.remove(event["index"])
    assert ["".join(block) for block in blocks.values()] == [
        "textlet me see",
        'tool_use{"a":1}',
        "text and more",
        'tool_use{"b":2}',
    ]
    assert told[0]["message"]["usage"]["input_tokens"] == 7
    assert told[-2]["delta"]["stop_reason"] == "tool_use"


def test_an_error_in_the_middle_comes_in_the_protocols_own_way() -> None:
    failure = Failure("CUT_OFF", "it broke off", 502)
    assert events(OpenAIFace(ASK, "1", 0).broken(failure, OUTCOME))[0]["error"]["code"] == "CUT_OFF"
    told = AnthropicFace("1", 0).broken(failure, OUTCOME)
    assert told.startswith(b"event: error\n")
    assert events(told)[0]["error"] == {"type": "api_error", "message": "it broke off"}


def test_headers_hold_one_line_of_plain_signs_and_nothing_that_is_not_known() -> None:
    told = dict(headers_of(Outcome("acme/one", "best\r\nx-evil: 1 \u2192 \u00fc", cost_nano_usd=None)))
    assert told == {b"x-smartspawn-model": b"acme/one", b"x-smartspawn-reason": b"best x-evil: 1 ? \xfc"}


def test_a_cache_that_was_read_is_a_hit() -> None:
    states = [cache_state(usage) for usage in (USAGE, Usage(cache_write_tokens=3), Usage(fresh_input_tokens=3))]
    assert states == ["hit", "miss", "none"]


# --- thinking ------------------------------------------------------------------------------


def test_thoughts_stand_before_the_answer_with_what_proves_them() -> None:
    result = ChatResult("hi", USAGE, thoughts=(Thought("well", "sig"), Thought(redacted="sealed")))
    told = json.loads(AnthropicFace("1", 0, tells_thoughts=True).whole(OUTCOME, result))
    assert told["content"] == [
        {"type": "thinking", "thinking": "well", "signature": "sig"},
        {"type": "redacted_thinking", "data": "sealed"},
        {"type": "text", "text": "hi"},
    ]


def test_who_did_not_ask_for_thoughts_gets_none() -> None:
    face = AnthropicFace("1", 0)
    assert b"well" not in face.piece(ChatDelta(reasoning="well"), OUTCOME)
    result = ChatResult("hi", USAGE, reasoning="well", thoughts=(Thought("well", "sig"),))
    assert json.loads(AnthropicFace("1", 0).whole(OUTCOME, result))["content"] == [{"type": "text", "text": "hi"}]


def test_a_thought_is_streamed_as_a_block_of_its_own_that_its_signature_ends() -> None:
    face = AnthropicFace("1", 0, tells_thoughts=True)
    deltas = [
        ChatDelta(reasoning="we"),
        ChatDelta(reasoning="ll"),
        ChatDelta(thought=Thought(signature="sig")),
        ChatDelta(thought=Thought(redacted="sealed")),
        ChatDelta(text="hi"),
    ]
    sent = b"".join(face.piece(delta, OUTCOME) for delta in deltas) + face.end(OUTCOME, ChatResult("hi", USAGE))
    told = [event for event in events(sent) if event["type"].startswith("content_block")]
    assert [(event["type"].removeprefix("content_block_"), event["index"]) for event in told] == [
        *[("start", 0), ("delta", 0), ("delta", 0), ("delta", 0), ("stop", 0)],
        *[("start", 1), ("stop", 1)],
        *[("start", 2), ("delta", 2), ("stop", 2)],
    ]
    deltas_told = [event["delta"] for event in told if "delta" in event]
    assert [told.get("thinking") or told.get("signature") for told in deltas_told] == ["we", "ll", "sig", None]
    assert told[5]["content_block"] == {"type": "redacted_thinking", "data": "sealed"}


def test_thinking_that_nobody_signs_is_told_as_it_is() -> None:
    face = AnthropicFace("1", 0, tells_thoughts=True)
    sent = face.piece(ChatDelta(reasoning="well"), OUTCOME) + face.piece(ChatDelta(text="hi"), OUTCOME)
    kinds = [event["content_block"]["type"] for event in events(sent) if event["type"] == "content_block_start"]
    assert kinds == ["thinking", "text"]
    whole = json.loads(
        AnthropicFace("1", 0, tells_thoughts=True).whole(OUTCOME, ChatResult("hi", USAGE, reasoning="well"))
    )
    assert whole["content"][0] == {"type": "thinking", "thinking": "well", "signature": ""}


def test_the_chances_of_tokens_are_handed_on_where_they_came() -> None:
    told = ({"token": "hi", "logprob": -0.1, "bytes": None, "top_logprobs": []},)
    whole = json.loads(OpenAIFace(ASK, "1", 0).whole(OUTCOME, ChatResult("hi", USAGE, chances=told)))
    assert whole["choices"][0]["logprobs"] == {"content": list(told), "refusal": None}
    (piece,) = events(OpenAIFace(ASK, "1", 0).piece(ChatDelta(text="hi", chances=told), OUTCOME))
    assert piece["choices"][0]["logprobs"]["content"] == list(told)
    (piece,) = events(OpenAIFace(ASK, "1", 0).piece(ChatDelta(text="hi"), OUTCOME))
    assert piece["choices"][0]["logprobs"] is None


def test_several_answers_are_told_apart_by_their_number() -> None:
    first = ChatResult("one", USAGE)
    outcome = Outcome("acme/one", "it leads", result=first, other_results=(ChatResult("two", USAGE, "length"),))
    whole = json.loads(OpenAIFace(ASK, "1", 0).whole(outcome, first))
    told = [(item["index"], item["message"]["content"], item["finish_reason"]) for item in whole["choices"]]
    assert told == [(0, "one", "stop"), (1, "two", "length")]
    face = OpenAIFace(ASK, "1", 0)
    pieces = events(face.piece(ChatDelta(text="tw"), OUTCOME, 1) + face.end(outcome, first))
    streamed = [(item["index"], item["delta"], item["finish_reason"]) for event in pieces for item in event["choices"]]
    assert streamed == [
        (1, {"role": "assistant", "content": "tw"}, None),
        (0, {"role": "assistant", "content": ""}, None),
        (0, {}, "stop"),
        (1, {}, "length"),
    ]
    assert ["smartspawn" in event for event in pieces] == [False, False, False, True]
