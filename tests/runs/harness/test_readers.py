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
    usage = {
        "input_tokens": 24763,
        "cached_input_tokens": 24448,
        "cache_write_input_tokens": 15,
        "output_tokens": 122,
        "reasoning_output_tokens": 22,
    }
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
    assert (told.usage.fresh_input_tokens, told.usage.cache_write_tokens) == (300, 15)
    assert told.usage.reasoning_tokens == 22
    assert told.cost_usd is None
    assert told.problem == ""


def test_codex_tells_why_a_turn_failed() -> None:
    told = read(CodexReader(), {"type": "turn.started"}, {"type": "turn.failed", "error": {"message": "no credit"}})

    assert told.problem == "no credit"


def test_claude_counts_what_its_helpers_took_and_takes_their_words_for_no_answer() -> None:
    told = read(
        ClaudeReader(),
        {"type": "assistant", "message": {"model": "big", "content": [{"type": "text", "text": "I ask a helper."}]}},
        {
            "type": "assistant",
            "parent_tool_use_id": "tool-1",
            "message": {"model": "small", "content": [{"type": "text", "text": "Helper's words."}]},
        },
        {
            "type": "result",
            "subtype": "success",
            "is_error": False,
            "total_cost_usd": 0.002,
            "usage": {"input_tokens": 200, "output_tokens": 10},
            "modelUsage": {
                "big": {"inputTokens": 200, "outputTokens": 10, "cacheReadInputTokens": 80},
                "small": {
                    "inputTokens": 100,
                    "outputTokens": 5,
                    "cacheReadInputTokens": 40,
                    "cacheCreationInputTokens": 21,
                    "webSearchRequests": 2,
                },
            },
        },
    )

    assert told.usage == Usage(300, 120, 21, 15, search_count=2)
    assert (told.text, told.served_model) == ("I ask a helper.", "big")


def gemini_result(**models: tuple[int, int, int, int]) -> dict[str, Any]:
    """Its last line: for each model prompt, of it from the cache, answer, and all together."""
    names = ("input_tokens", "cached", "output_tokens", "total_tokens")
    told = {name: dict(zip(names, tokens, strict=True)) for name, tokens in models.items()}
    return {"type": "result", "status": "success", "stats": {"total_tokens": 1, "models": told}}


def gemini_says(text: str, role: str = "assistant") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": text, "delta": role == "assistant"}


def test_gemini_sums_its_models_and_knows_no_cost() -> None:
    told = read(
        GeminiReader(),
        "Loaded cached credentials.",
        {"type": "init", "session_id": "s", "model": "auto"},
        gemini_says("Is it?", role="user"),
        gemini_says("Yes."),
        gemini_result(router=(40, 0, 3, 43), answerer=(60, 60, 20, 90)),
    )

    assert told.text == "Yes."
    assert told.usage == Usage(40, 60, 0, 23, 10)
    assert told.usage.total_tokens == 133
    assert (told.cost_usd, told.served_model, told.problem) == (None, "answerer", "")


def test_gemini_puts_a_message_together_and_keeps_apart_what_a_tool_parts() -> None:
    reader = GeminiReader()
    events = [gemini_says("I lo"), gemini_says("ok."), {"type": "tool_use", "tool_name": "ls"}, gemini_says("Done.")]
    shown = "".join(reader.feed(json.dumps(event).encode()) for event in events)

    assert shown == reader.told().text == "I look.\n\nDone."


def test_gemini_tells_its_error() -> None:
    failed = {"type": "result", "status": "error", "error": {"type": "ApiError", "message": "quota"}}

    assert read(GeminiReader(), gemini_says("Well"), failed).problem == "quota"
    assert read(GeminiReader(), {"type": "error", "severity": "error", "message": "a loop"}).problem == "a loop"


def test_a_warning_of_gemini_is_no_failure() -> None:
    warning = {"type": "error", "severity": "warning", "message": "slow"}

    assert read(GeminiReader(), gemini_says("Well"), warning, gemini_result()).problem == ""


def test_opencode_tells_why_it_failed() -> None:
    told = read(
        OpenCodeReader(),
        {"type": "error", "error": {"name": "APIError", "data": {"message": "no credit", "statusCode": 402}}},
    )

    assert told.problem == "APIError: no credit"


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
        b'{"type": "result", "status": 7, "stats": {"models": {"m": 7}}, "modelUsage": {"m": [1]}}',
        b'{"type": "message", "role": "assistant", "content": 7}',
        b"\xff\xfe",
    ],
)
def test_no_line_whatever_breaks_a_reader(make: type[Any], line: bytes) -> None:
    reader = make()
    reader.feed(line)
    told = reader.told()

    assert told.cost_usd is None or told.cost_usd >= 0
    assert told.usage is None or told.usage.total_tokens >= 0
