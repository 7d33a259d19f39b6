"""Every hand-checked name against the real catalogue of 2026-07-22.

``names.csv`` holds LMArena's names (CC-BY-4.0, LMArena) and names written in the style of the other
leaderboards. The expected ids were checked by eye, those that the rules miss included.
"""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from catalog.matching import match_records
from catalog.shapes import Match, MatchRule, Source, SourceRecord
from tests.catalog.matching.catalogue import HERE, real_index

# A person who knows these products would call them listed; no rule can know it from their names: a
# faster serving of the same model, two checkpoints that only their maker's papers connect, and one
# that is listed both as the preview of that day and as the release that followed.
KNOWN_MISSES = {
    "kimi-k2-thinking-turbo",
    "gpt-4-0613",
    "gpt-4-0125-preview",
    "gemini-2.5-pro-06-05-highthinking",
}


def rows() -> list[dict[str, str]]:
    with (HERE / "names.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def judged() -> list[tuple[str, str, Match]]:
    """Source, expected id and match of each row."""
    checked = rows()
    records = [
        SourceRecord(Source(row["source"]), row["source_name"], row["source_slug"], row["source_org"])
        for row in checked
    ]
    matches = match_records(real_index(), records)
    return [(row["source"], row["openrouter_id"], match) for row, match in zip(checked, matches, strict=True)]


def test_the_set_is_large_and_covers_every_source() -> None:
    matched = Counter(row["source"] for row in rows() if row["openrouter_id"] != "NONE")
    refused = Counter(row["source"] for row in rows() if row["openrouter_id"] == "NONE")

    assert len(rows()) > 700
    assert min(matched.values()) >= 15
    assert min(refused.values()) >= 20
    assert len(matched) == len(refused) == 4


def test_no_name_is_matched_to_a_wrong_model(judged: list[tuple[str, str, Match]]) -> None:
    wrong = [
        (match.source_name, match.model_id, truth) for _, truth, match in judged if match.model_id not in (None, truth)
    ]

    assert wrong == []


def test_all_but_the_known_misses_are_found(judged: list[tuple[str, str, Match]]) -> None:
    missed = {match.source_name.casefold() for _, truth, match in judged if truth != "NONE" and not match.model_id}

    assert missed == KNOWN_MISSES


def test_precision_and_recall_stand_above_what_is_asked(judged: list[tuple[str, str, Match]]) -> None:
    matched = [(truth, match) for _, truth, match in judged if match.model_id]
    listed = [truth for _, truth, _ in judged if truth != "NONE"]
    right = sum(truth == match.model_id for truth, match in matched)

    assert right / len(matched) >= 0.995
    assert right / len(listed) >= 0.985


def test_confidence_is_no_higher_than_the_share_of_right_answers(judged: list[tuple[str, str, Match]]) -> None:
    """By rule, and for refusals; with one in two hundred of slack for rules that were never wrong here."""
    by_rule: dict[MatchRule, list[tuple[float, bool]]] = {}
    for _, truth, match in judged:
        by_rule.setdefault(match.rule, []).append((match.confidence_prob, (match.model_id or "NONE") == truth))

    for rule, answers in by_rule.items():
        claimed = sum(confidence for confidence, _ in answers) / len(answers)
        right = sum(is_right for _, is_right in answers) / len(answers)
        assert claimed <= right + 0.005, rule
        assert claimed >= right - 0.05, rule


def test_every_answer_gives_a_reason_in_words(judged: list[tuple[str, str, Match]]) -> None:
    for _, _, match in judged:
        assert len(match.reason) > 10
        assert " is ," not in match.reason
        assert "  " not in match.reason
        assert "{" not in match.reason
