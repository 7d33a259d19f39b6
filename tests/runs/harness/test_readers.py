"""Each agent's output is read in its own words; what it does not say stays unknown."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from runs.harness.readers import ClaudeReader, CodexReader, GeminiReader, OpenCodeReader
from runs.harness.shapes import OutputReader, Told
from runs.shapes import Usage

READERS = [ClaudeReader, CodexReader, GeminiReader, OpenCodeReader]


def read(reader: OutputReader, *events: Any) -> Told:
    for event in events:
        reader.feed((event if isinstance(event, str) else json.dumps(event)).encode())
    return reader.told()


def test_claude_tells_tokens_and_cost() -> None:
    told = read(
        ClaudeReader(),
        {"type": "system", "subtype": "init", "model": "claude-sonnet-4-5"},
        {"type": "assistant", "message": {"model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "Hm."}]}},
        {"type": "assistant", "message": {"content": [{"type": "tool_use", "name": "Edit"}]}},
        {
            "type": "result",
            "subtype": "success",
            "is_error": False,
            "result": "Fixed it.",
            "total_cost_usd": 0.0123,
            "usage": {
                "input_tokens": 10,
                "cache_creation_input_tokens": 200,
                "cache_read_input_tokens": 3000,
                "output_tokens": 40,
            },
        },
    )

    assert told == Told(
        text="Fixed it.",
        usage=Usage(fresh_input_tokens=10, cache_read_tokens=3000, cache_write_tokens=200, output_tokens=40),
        cost_usd=Decimal("0.0123"),
        served_model="claude-sonnet-4-5",
    )


def test_codex_counts_what_the_cache_gave_and_what_it_thought_once_and_knows_no_cost() -> None:
    usage = {"input_tokens": 24763, "cached_input_tokens": 24448, "output_tokens": 122, "reasoning_output_tokens": 22}
    told = read(
        CodexReader(),
        {"type": "thread.started", "thread_id": "t"},
        {"type": "item.completed", "item": {"type": "agent_message", "text": "I will look."}},
        {"type": "item.completed", "item": {"type": "command_execution", "command": "ls"}},
        {"type": "item.completed", "item": {"type": "agent_message", "text": "It holds docs."}},
        {"type": "turn.completed", "usage": usage},
    )

    assert told.text == "It holds docs."
    assert told.usage is not None
    assert told.usage.total_tokens == 24763 + 122
    assert (told.usage.fresh_input_tokens, told.usage.reasoning_tokens) == (315, 22)
    assert told.cost_usd is None
    assert told.problem == ""


def test_codex_tells_why_a_turn_failed() -> None:
    told = read(CodexReader(), {"type": "turn.started"}, {"type": "turn.failed", "error": {"message": "no credit"}})

    assert told.problem == "no credit"


def test_gemini_sums_its_models_and_knows_no_cost() -> None:
    tokens = {"prompt": 100, "candidates": 20, "total": 135, "cached": 60, "thoughts": 10, "tool": 5}
    told = read(
        GeminiReader(),
        "Loaded cached credentials.",
        json.dumps(
            {"response": "Yes.", "stats": {"models": {"gemini-2.5-pro": {"api": {}, "tokens": tokens}}}}, indent=2
        ),
    )

    assert told.text == "Yes."
    assert told.usage == Usage(45, 60, 0, 20, 10)
    assert told.usage.total_tokens == 135
    assert (told.cost_usd, told.served_model, told.problem) == (None, "gemini-2.5-pro", "")


def test_gemini_tells_its_error() -> None:
    assert read(GeminiReader(), {"error": {"type": "ApiError", "message": "quota"}}).problem == "quota"


def test_opencode_sums_its_steps_and_a_cost_of_nothing_is_unknown() -> None:
    step = {"tokens": {"input": 5, "output": 7, "reasoning": 2, "cache": {"read": 11, "write": 3}}}
    text = {"type": "text", "part": {"type": "text", "text": "Hello"}}
    priced = {"type": "step_finish", "part": {**step, "cost": 0.02}}
    free = {"type": "step_finish", "part": {**step, "cost": 0}}

    told = read(OpenCodeReader(), text, priced, priced)
    assert told.usage == Usage(10, 22, 6, 14, 4)
    assert told.cost_usd == Decimal("0.04")
    assert read(OpenCodeReader(), text, free).cost_usd is None


@pytest.mark.parametrize("make", READERS)
def test_an_agent_that_says_nothing_has_not_succeeded(make: type[Any]) -> None:
    told = make().told()

    assert told.problem
    assert (told.text, told.usage, told.cost_usd) == ("", None, None)


@pytest.mark.parametrize("make", READERS)
@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[" * 100_000,
        b"null",
        b'{"type": 7}',
        b'{"type": "assistant", "message": {"content": [7, {"type": "text", "text": 8}]}}',
        b'{"type": "result", "result": 7, "usage": {"input_tokens": "many", "output_tokens": -5}}',
        b'{"type": "result", "usage": 7, "total_cost_usd": NaN}',
        b'{"type": "turn.completed", "usage": {"input_tokens": true, "output_tokens": 1e999}}',
        b'{"type": "step_finish", "part": {"tokens": {"input": -1, "cache": 7}, "cost": -3}}',
        b'{"response": 7, "stats": {"models": [1]}}',
        b"\xff\xfe",
    ],
)
def test_no_line_whatever_breaks_a_reader(make: type[Any], line: bytes) -> None:
    reader = make()
    reader.feed(line)
    told = reader.told()

    assert told.cost_usd is None or told.cost_usd >= 0
    assert told.usage is None or told.usage.total_tokens >= 0
