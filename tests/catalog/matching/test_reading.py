from __future__ import annotations

import pytest

from catalog.matching.dates import DateMark
from catalog.matching.efforts import Thinking
from catalog.matching.reading import Reading, read_listing, read_name


def literal(name: str) -> Reading:
    return read_name(name)[0]


def freest(name: str) -> Reading:
    return read_name(name)[-1]


@pytest.mark.parametrize(
    ("name", "words", "versions", "sizes"),
    [
        ("Claude Opus 4.5", {"claude", "opus"}, {"4.5"}, set()),
        ("claude-4-5-opus", {"claude", "opus"}, {"4.5"}, set()),
        ("qwen3-235b-a22b", {"qwen"}, {"3"}, {"235b", "a22b"}),
        ("Qwen2.5-VL-72B", {"qwen", "vl"}, {"2.5"}, {"72b"}),
        ("qwen2.5vl", {"qwen", "vl"}, {"2.5"}, set()),
        ("GPT-4o", {"gpt"}, {"4o"}, set()),
        ("GLM-4-5V", {"glm"}, {"4.5v"}, set()),
        ("kimi-k2.5", {"kimi", "k2.5"}, set(), set()),
        ("Command R+", {"command", "r", "plus"}, set(), set()),
        ("Rocket + Rover", {"rocket", "rover"}, set(), set()),
        ("Command-R7B", {"command", "r7b"}, set(), set()),
        ("Mixtral-8x22B", {"mixtral"}, set(), {"8x22b"}),
        ("llama-4-scout-17b-16e", {"llama", "scout"}, {"4"}, {"17b", "16e"}),
        ("gemma-3n-E4B", {"gemma"}, {"3n"}, {"e4b"}),
        ("Laguna XS.2", {"laguna", "xs"}, {"2"}, set()),
        ("deepseek_v3_1", {"deepseek"}, {"3.1"}, set()),
        ("Nova 2.0 Lite", {"nova", "lite"}, {"2"}, set()),
        ("grok-4.20", {"grok"}, {"4.20"}, set()),
        ("amazon.nova-pro-v1:0", {"amazon", "nova", "pro"}, set(), set()),
        ("gemini-2.0-flash-001", {"gemini", "flash"}, {"2"}, set()),
        ("Claude-1", {"claude"}, {"1"}, set()),
        ("Llama-3.1-8B-Instruct-FP8", {"llama"}, {"3.1"}, {"8b"}),
        ("chatgpt-4o", {"gpt", "chat"}, {"4o"}, set()),
        ("GPT-5 (ChatGPT)", {"gpt", "chat"}, {"5"}, set()),
        ("gpt-5.3-instant", {"gpt", "chat"}, {"5.3"}, set()),
        ("Llama-3.3-70B-Instruct-Turbo", {"llama"}, {"3.3"}, {"70b"}),
        ("llama4-maverick-instruct-basic", {"llama", "maverick"}, {"4"}, set()),
        ("gpt-3.5-turbo-instruct", {"gpt", "turbo"}, {"3.5"}, set()),
    ],
)
def test_a_name_is_read_into_words_versions_and_sizes(
    name: str, words: set[str], versions: set[str], sizes: set[str]
) -> None:
    reading = literal(name)

    assert (reading.words, reading.versions, reading.sizes) == (words, versions, sizes)


@pytest.mark.parametrize(
    ("name", "thinking", "effort", "words"),
    [
        ("Claude Opus 4.5 (Reasoning)", Thinking.ON, "reasoning", {"claude", "opus"}),
        ("Claude Opus 4.5 (Non-reasoning)", Thinking.OFF, "non-reasoning", {"claude", "opus"}),
        ("Opus (Adaptive Reasoning, Max Effort, Haiku 3 Fallback)", Thinking.ON, "adaptive reasoning max", {"opus"}),
        ("Opus (Non-reasoning, High Effort)", Thinking.OFF, "non-reasoning high", {"opus"}),
        ("Opus (Non-reasoning, Low Reasoning)", Thinking.OFF, "non-reasoning low reasoning", {"opus"}),
        ("opus-thinking-64k-high-effort", Thinking.ON, "thinking-64k high", {"opus"}),
        ("opus-thinking-auto-low-effort", Thinking.ON, "thinking-auto low", {"opus"}),
        ("gemini-flash-highthinking", Thinking.ON, "high thinking", {"gemini", "flash"}),
        ("gpt-nothinking", Thinking.OFF, "non-reasoning", {"gpt"}),
        ("qwen-no-thinking", Thinking.OFF, "non-reasoning", {"qwen"}),
        ("gemini-flash (thinking-minimal)", Thinking.ON, "thinking minimal", {"gemini", "flash"}),
        ("GPT (xhigh)", Thinking.UNSAID, "xhigh", {"gpt"}),
        ("gpt-high", Thinking.UNSAID, "high", {"gpt"}),
        ("gpt-none", Thinking.OFF, "non-reasoning", {"gpt"}),
        ("kimi-instant", Thinking.OFF, "instant", {"kimi"}),
        ("gpt-mini (high)", Thinking.UNSAID, "high", {"gpt", "mini"}),
    ],
)
def test_efforts_are_set_aside(name: str, thinking: Thinking, effort: str, words: set[str]) -> None:
    reading = freest(name)

    assert (reading.thinking, reading.effort, reading.words) == (thinking, effort, words)


def test_levels_at_the_end_are_first_read_as_part_of_the_name() -> None:
    readings = read_name("gpt-5.1-codex-max-high")

    assert [reading.words for reading in readings] == [
        {"gpt", "codex", "max", "high"},
        {"gpt", "codex", "max"},
        {"gpt", "codex"},
    ]
    assert [reading.effort for reading in readings] == ["", "high", "max high"]


def test_a_level_before_thinking_is_first_read_as_part_of_the_name() -> None:
    reading = literal("Qwen3 Max Thinking")

    assert (reading.words, reading.thinking, reading.effort) == ({"qwen", "max"}, Thinking.ON, "thinking")


def test_a_level_before_other_words_belongs_to_the_name() -> None:
    assert [reading.words for reading in read_name("mistral-medium-vision")] == [{"mistral", "medium", "vision"}]


def test_base_is_an_effort_only_where_the_source_uses_it_so() -> None:
    assert freest("opus-base").words == {"opus", "base"}
    assert read_name("opus-base", is_base_unthinking=True)[-1].thinking is Thinking.OFF


def test_the_catalogues_own_names_keep_their_levels() -> None:
    assert read_listing("o3-mini-high").words == {"o3", "mini", "high"}
    assert read_listing("o3-mini-high").effort == ""


def test_dates_stages_and_lineage_are_told_apart() -> None:
    reading = literal("Hermes 4 - Llama-3.1 405B Preview (Aug '25)")

    assert reading.dates == (DateMark(2025, 8, None),)
    assert reading.stages == {"preview"}
    assert reading.lineage == "llama 3.1"
    assert reading.without_lineage().signature == ({"hermes"}, {"4"}, {"405b"})


def test_a_month_counts_only_alone_in_parentheses() -> None:
    assert literal("GPT-4o (Nov)").dates == (DateMark(None, 11, None),)
    assert literal("may-flash").dates == ()
    assert literal("Nova (March of Progress)").dates == ()


def test_the_maker_before_a_name_can_be_left_out() -> None:
    assert literal("Amazon Nova Pro").without_leading_maker().words == {"nova", "pro"}
    assert literal("Kimi K2").without_leading_maker().words == {"kimi", "k2"}
    assert literal("Amazon").without_leading_maker().words == {"amazon"}
