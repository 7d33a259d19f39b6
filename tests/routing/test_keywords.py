"""Words match whole, and what they say is marked as the stand-in it is."""

from __future__ import annotations

import time

import pytest

from routing.keywords import classify_by_keywords, keyword_label, keyword_sums


@pytest.mark.parametrize(
    "text",
    ["algorithm", "improve", "information", "psychological", "latest news", "decide", "interest", "requirement"],
)
def test_no_word_counts_inside_another(text: str) -> None:
    """Each of these once matched a keyword of coding: go, pr, format, logic, test, ci, rest, require."""
    assert keyword_sums("category", text)["coding"] == 0


@pytest.mark.parametrize(
    ("head", "text", "label"),
    [
        ("category", "debug this python function", "coding"),
        ("category", "Write a poem about the sea", "creative"),
        ("category", "What is in this screenshot?", "vision"),
        ("category", "Translate this to French: good morning", "fast-cheap"),
        ("category", "Prove that the square root of two is irrational", "reasoning"),
        ("category", "find recent peer-reviewed papers on sleep, with sources", "research"),
        ("category", "", "general"),
        ("task_type", "Fix the crash in the parser", "bugfix"),
        ("task_type", "Refactor the parser", "refactor"),
        ("task_type", "Migrate from Jest to Vitest", "migration"),
        ("task_type", "explain this, do not change code", "exploration"),
        ("complexity", "fix a typo", "easy"),
        ("complexity", "find the race condition in our distributed lock", "hard"),
        ("risk", "drop the users table in production", "high"),
        ("risk", "write docs for the parser", "low"),
    ],
)
def test_clear_words_decide(head: str, text: str, label: str) -> None:
    assert keyword_label(head, text).value == label


def test_the_answer_is_marked_as_a_fallback_with_its_reason() -> None:
    answer = classify_by_keywords("fix it", note="the bundle is gone")
    assert answer.is_fallback
    assert answer.note == "the bundle is gone"
    assert answer.sub_dimensions == {}
    assert sum(answer.risk.probs.values()) == pytest.approx(1)


@pytest.mark.parametrize("text", ["move a " * 200_000, "from " * 200_000, "how many a " * 90_000, "\ud800" * 1_000_000])
def test_a_megabyte_takes_no_time(text: str) -> None:
    began = time.process_time()
    classify_by_keywords(text)
    assert time.process_time() - began < 0.5
