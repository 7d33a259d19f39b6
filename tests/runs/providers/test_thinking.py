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
ADAPTIVE = {"type": "adaptive"}


def asked(**fields: Any) -> Any:
    talk = [
        {"role": "user", "content": "Look it up."},
        {"role": "assistant", "content": [UNPROVEN, PROVEN, SEALED, USE]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "found"}]},
    ]
    return read_messages({"model": "auto", "max_tokens": 32_000, "messages": talk, **fields}, {})


def sent(place: Any, **fields: Any) -> dict[str, Any]:
    ask = asked(**fields)
    given = {"thinking": ask.thinking, "extra": ask.extra, "max_output_tokens": ask.max_output_tokens}
    return body_of(place, request(*ask.messages, **given))


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


@pytest.mark.parametrize(
    ("model", "wish", "told"),
    [
        ("claude-haiku-4-5-20251001", {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 31_999}),
        ("claude-3-7-sonnet-20250219", {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 31_999}),
        ("claude-sonnet-4-6", {"type": "adaptive"}, {"type": "adaptive"}),
        ("claude-sonnet-4-6", THINK, THINK),
        (
            "claude-opus-4-8",
            {"type": "enabled", "budget_tokens": 9, "display": "full"},
            {**ADAPTIVE, "display": "full"},
        ),
        ("claude-3-haiku-20240307", THINK, None),
    ],
)
def test_a_client_that_asked_for_auto_need_not_know_how_the_chosen_model_thinks(
    model: str, wish: Any, told: Any
) -> None:
    assert sent(endpoint("anthropic", model), thinking=wish).get("thinking") == told


@pytest.mark.parametrize(("most", "budget"), [(32_000, 10_000), (8_000, 7_999), (1_024, None)])
def test_thinking_leaves_room_for_an_answer_where_the_model_writes_less_than_was_wished(most: int, budget: Any) -> None:
    body = sent(CLAUDE, thinking=THINK, max_tokens=most)
    assert body.get("thinking", {}).get("budget_tokens") == budget


def test_the_effort_beside_the_thinking_is_told_in_each_makers_words() -> None:
    wish: dict[str, Any] = {"thinking": ADAPTIVE, "output_config": {"effort": "xhigh"}}
    later = sent(endpoint("anthropic", "claude-opus-4-8"), **wish)
    assert (later["thinking"], later["output_config"]) == (ADAPTIVE, {"effort": "xhigh"})
    low = sent(CLAUDE, thinking=ADAPTIVE, output_config={"effort": "low"})
    assert (low["thinking"], low.get("output_config")) == ({"type": "enabled", "budget_tokens": 4_096}, None)
    assert sent(endpoint("openai", "gpt-5"), **wish)["reasoning_effort"] == "high"


def test_openai_is_sent_the_same_messages_where_nothing_was_thought() -> None:
    messages = ({"role": "user", "content": "x"},)
    assert openai_chat._told_messages(messages, takes_marks=True) is messages


@pytest.mark.parametrize("thinking", ["yes", {"type": "hard"}, {"type": "enabled", "budget_tokens": -1}, {}])
def test_a_wish_that_says_nothing_is_refused(thinking: Any) -> None:
    with pytest.raises(InvalidParam, match=r"thinking|budget_tokens"):
        asked(thinking=thinking)
