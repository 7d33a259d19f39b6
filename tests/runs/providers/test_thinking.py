"""Thinking: asked for in Anthropic's words, sent on in those of the place, and shown again to its maker alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runs.chat.anthropic_reading import read_messages
from runs.providers import anthropic_messages, openai_chat
from runs.providers.wire import ServerEvent
from runs.shapes import ChatDelta, Protocol, Thought
from smartspawn.lib.errors import InvalidParam
from tests.runs.providers.asking import body_of, endpoint, read_whole, request

CLAUDE = endpoint("anthropic", "claude-sonnet-4-5")
PROVEN = {"type": "thinking", "thinking": "well", "signature": "sig"}
SEALED = {"type": "redacted_thinking", "data": "sealed"}
UNPROVEN = {"type": "thinking", "thinking": "of another maker", "signature": ""}
USE = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
THINK = {"type": "enabled", "budget_tokens": 10_000}


def asked(**fields: Any) -> Any:
    talk = [
        {"role": "user", "content": "Look it up."},
        {"role": "assistant", "content": [UNPROVEN, PROVEN, SEALED, USE]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "found"}]},
    ]
    return read_messages({"model": "auto", "max_tokens": 99, "messages": talk, **fields}, {})


def sent(place: Any, **fields: Any) -> dict[str, Any]:
    ask = asked(**fields)
    return body_of(place, request(*ask.messages, thinking=ask.thinking, extra=ask.extra))


def test_its_maker_gets_the_wish_and_what_it_thought_before_as_it_was() -> None:
    body = sent(CLAUDE, thinking=THINK)
    assert body["thinking"] == THINK
    assert body["messages"][1]["content"] == [PROVEN, SEALED, USE]


def test_who_does_not_think_now_is_not_shown_what_was_thought() -> None:
    assert sent(CLAUDE)["messages"][1]["content"] == [USE]
    assert sent(CLAUDE, thinking={"type": "disabled"})["messages"][1]["content"] == [USE]


@pytest.mark.parametrize(
    ("place", "thinking", "effort"),
    [
        (endpoint("openrouter", "x/y"), THINK, "medium"),
        (endpoint("openrouter", "x/y"), {"type": "enabled", "budget_tokens": 2_000}, "low"),
        (endpoint("openrouter", "x/y"), {"type": "enabled", "budget_tokens": 31_999}, "high"),
        (endpoint("openrouter", "x/y"), {"type": "adaptive"}, "medium"),
        (endpoint("openrouter", "x/y"), {"type": "disabled"}, None),
        (endpoint("openai", "gpt-5"), THINK, "medium"),
        (endpoint("openai", "gpt-4o"), THINK, None),  # refuses the field
        (endpoint("custom", "llama"), THINK, None),
    ],
)
def test_other_makers_get_a_word_on_the_effort_where_they_take_one(place: Any, thinking: Any, effort: Any) -> None:
    body = sent(place, thinking=thinking)
    assert body.get("reasoning_effort") == effort
    assert "thinking" not in body
    assert "thinking_blocks" not in json.dumps(body)


def test_a_whole_answer_keeps_its_thoughts_apart() -> None:
    blocks = [PROVEN, SEALED, {"type": "text", "text": "hi"}]
    answer = {"content": blocks, "usage": {"input_tokens": 1, "output_tokens": 1}, "stop_reason": "end_turn"}
    result = read_whole(Protocol.ANTHROPIC, answer)
    assert result.thoughts == (Thought("well", "sig"), Thought(redacted="sealed"))
    assert (result.text, result.reasoning) == ("hi", "well")


def test_a_streamed_thought_comes_piece_by_piece_and_then_its_signature() -> None:
    reader = anthropic_messages.Reader(request())

    def feed(**said: Any) -> list[ChatDelta]:
        return reader.feed(ServerEvent(said["type"], json.dumps(said)))

    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}
    assert feed(**start) == []
    said = feed(type="content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "well"})
    said += feed(type="content_block_delta", index=0, delta={"type": "signature_delta", "signature": "sig"})
    said += feed(type="content_block_start", index=1, content_block=SEALED)
    assert said == [
        ChatDelta(reasoning="well"),
        ChatDelta(thought=Thought(signature="sig")),
        ChatDelta(thought=Thought(redacted="sealed")),
    ]
    assert reader.partial().thoughts == (Thought("well", "sig"), Thought(redacted="sealed"))


def test_openai_is_sent_the_same_messages_where_nothing_was_thought() -> None:
    messages = ({"role": "user", "content": "x"},)
    assert openai_chat._without_thoughts(messages) is messages


@pytest.mark.parametrize("thinking", ["yes", {"type": "hard"}, {"type": "enabled", "budget_tokens": -1}, {}])
def test_a_wish_that_says_nothing_is_refused(thinking: Any) -> None:
    with pytest.raises(InvalidParam, match=r"thinking|budget_tokens"):
        asked(thinking=thinking)
