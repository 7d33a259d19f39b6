"""What people said of labels and of work, exported and evaluated."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from feedback.production import LEAST_LABELS, SELECTION, evaluate_heads, evaluation_lines, export_feedback
from feedback.record import rate
from feedback.shapes import Said, Subject, Verdict
from routing.classifier import classify
from routing.classifier.evaluate import LabelledPrompt
from routing.corrections import correct_label
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor
from tests.feedback.work import finished

TASK = "fix the race in our job queue"


@pytest.mark.django_db
def test_labels_come_from_people_alone_and_ratings_are_marked_as_weak(ann: User, actor: Actor) -> None:
    said = classify(TASK)
    wrong = next(word for word in ("easy", "medium", "hard") if word != said.complexity.value)
    correct_label(task=TASK, classification=said, head="complexity", right=wrong, actor=actor)
    run = finished(ann, task="Write a parser for our logs")
    rate(subject=Subject(run.pk), said=Said(verdict=Verdict.REDONE), actor=actor)
    corrected, rated = map(json.loads, export_feedback())
    assert corrected["complexity"] == wrong
    assert rated["text"] == "Write a parser for our logs"
    assert rated["outcome"]["is_weak"] is True
    assert rated["outcome"]["verdict"] == "redone"
    assert rated["outcome"]["chosen_for"] == "coding"
    assert not {"category", "complexity", "task_type", "risk"} & rated.keys()


@pytest.mark.django_db
def test_the_command_writes_and_evaluates(ann: User, actor: Actor, tmp_path: Path) -> None:
    said = StringIO()
    call_command("export_feedback", str(tmp_path / "f.jsonl"), "--evaluate", stdout=said)
    assert "Nobody has set a label yet" in said.getvalue()
    rate(subject=Subject(finished(ann).pk), said=Said(5), actor=actor)
    call_command("export_feedback", str(tmp_path / "f.jsonl"), "--evaluate", stdout=said)
    assert "1 tasks written" in said.getvalue()
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_feedback", str(tmp_path / "no" / "f.jsonl"))


def test_few_labels_are_pointed_out_and_the_selection_always() -> None:
    answer = classify(TASK)
    right = LabelledPrompt(TASK, {"risk": answer.risk.value}, {}, {})
    (few,) = evaluate_heads([right] * (LEAST_LABELS - 1), lambda _: answer)
    (many,) = evaluate_heads([right] * LEAST_LABELS, lambda _: answer)
    assert few.lower < many.lower < many.upper
    assert "too few to tell" in "\n".join(evaluation_lines([few]))
    told = list(evaluation_lines([many]))
    assert "too few" not in told[0]
    assert told[-1] == SELECTION
