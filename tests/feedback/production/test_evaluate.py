"""How an evaluation reads the lines of an export: against a count by hand."""

from __future__ import annotations

import json
import random
from typing import Any

from feedback.production import evaluate
from feedback.production.evaluate import (
    LEAST_LABELS,
    SELECTION,
    Evaluation,
    WeakKind,
    evaluate_feedback,
    evaluation_lines,
)
from routing.shapes import Classification, Label


def answer(**labels: tuple[str, float]) -> Classification:
    """What a classifier says; of heads that are not named, nothing that matters."""
    said = {head: Label(word, prob) for head, (word, prob) in labels.items()}
    plain = {
        "category": Label("general", 0.5),
        "task_type": Label("question", 0.5),
        "complexity": Label("easy", 0.5),
        "risk": Label("low", 0.5),
    }
    return Classification(**{**plain, **said}, sub_dimensions={}, engine="made up")


def evaluated(rows: list[dict[str, Any]], answers: dict[str, Classification]) -> Evaluation:
    return evaluate_feedback([json.dumps(row) for row in rows], answers.__getitem__)


def test_shares_calibration_and_confusion_are_those_of_a_count_by_hand() -> None:
    chance = random.Random(3)
    words = ("low", "medium", "high")
    cases = [(chance.choice(words), chance.choice(words), round(chance.random(), 3)) for _ in range(200)]
    rows = [{"text": str(place), "task_sha256": str(place), "risk": right} for place, (right, _, _) in enumerate(cases)]
    answers = {str(place): answer(risk=(said, prob)) for place, (_, said, prob) in enumerate(cases)}
    found = evaluated(rows, answers)
    (risk,) = found.heads
    right_count = sum(right == said for right, said, _ in cases)
    assert (risk.head, risk.label_count, risk.right_count) == ("risk", 200, right_count)
    assert risk.lower < right_count / 200 < risk.upper
    gaps = 0.0
    for number in range(10):
        some = [(right == said, prob) for right, said, prob in cases if number / 10 <= prob < (number + 1) / 10]
        gaps += abs(sum(is_right for is_right, _ in some) - sum(prob for _, prob in some))
    assert abs(risk.ece - gaps / 200) < 0.0001
    assert found.worst is not None
    for place, right in enumerate(found.worst.labels):
        for other, said in enumerate(found.worst.labels):
            assert found.worst.rows[place][other] == sum((right, said) == case[:2] for case in cases)
    wrong = sorted((prob for right, said, prob in cases if right != said), reverse=True)
    assert [item.confidence_prob for item in found.mistakes] == wrong[: evaluate.MOST_MISTAKES]


def test_the_worst_head_is_one_with_labels_enough_to_tell() -> None:
    rows = [{"text": "a", "risk": "low"}] * LEAST_LABELS + [{"text": "a", "complexity": "hard"}]
    found = evaluated(rows, {"a": answer()})
    assert {item.head: item.is_enough for item in found.heads} == {"risk": True, "complexity": False}
    assert found.worst is not None
    assert found.worst.head == "risk"


def test_what_others_said_of_a_label_is_no_mistake() -> None:
    rows = [{"text": "a", "task_sha256": "f", "risk": "high", "risk_also_accept": ["low"]}]
    found = evaluated(rows, {"a": answer()})
    assert found.mistakes == ()
    assert found.heads[0].right_count == 0


def test_weak_evidence_is_counted_apart_and_never_as_a_label() -> None:
    then = {"category": "general", "task_type": "question", "complexity": "easy", "risk": "low"}
    rows = [
        {"text": "a", "outcome": {"worth_share": 0.85, "chosen_for": "general"}},
        {"text": "a", "outcome": {"worth_share": 1, "chosen_for": "coding"}},
        {"text": "a", "outcome": {"worth_share": 0.15, "chosen_for": "general"}},
        {"text": "a", "outcome": {"worth_share": 1, "chosen_for": None}},  # named by hand: nobody was asked
        {"text": "a", "overrides": [{"labels": then}]},
        {"text": "a", "overrides": [{"labels": then}, {"labels": {**then, "risk": "high"}}]},  # the last word counts
    ]
    found = evaluated(rows, {"a": answer()})
    assert (found.heads, found.worst, found.mistakes) == ((), None, ())
    assert {item.kind: (item.same_count, item.task_count) for item in found.weak} == {
        WeakKind.GOOD: (1, 2),
        WeakKind.BAD: (1, 1),
        WeakKind.OVERRIDDEN: (1, 2),
    }
    assert (found.task_count, found.corrected_count, found.overridden_count, found.rated_count) == (6, 0, 2, 4)


def test_what_is_too_much_for_one_evaluation_is_counted(monkeypatch: Any) -> None:
    monkeypatch.setattr(evaluate, "MOST_TASKS", 2)
    found = evaluated([{"text": "a", "risk": "low"}] * 5, {"a": answer()})
    assert (found.task_count, found.left_out_count, found.corrected_count) == (5, 3, 2)


def test_few_labels_are_pointed_out_and_the_selection_always() -> None:
    (few,) = evaluated([{"text": "a", "risk": "low"}] * (LEAST_LABELS - 1), {"a": answer()}).heads
    many = evaluated([{"text": "a", "risk": "low"}] * LEAST_LABELS, {"a": answer()})
    assert few.lower < many.heads[0].lower < many.heads[0].upper
    assert not few.is_enough
    told = list(evaluation_lines(many))
    assert "too few" not in told[0]
    assert told[-1] == SELECTION
