"""What people said of labels and of work, as lines of the training format."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from feedback.production.export import export_feedback
from feedback.record import rate
from feedback.shapes import Said, Subject, Verdict
from routing.classifier import classify
from routing.classifier.evaluate import read_prompts
from routing.corrections import correct_label
from routing.decide import override_route, recommend
from routing.models import StoredDecision
from routing.shapes import TaskRequest
from runs.keeping.letting_go import let_texts_go
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor
from tests.feedback.work import finished

pytestmark = pytest.mark.django_db
TASK = "fix the race in our job queue"


def correct(task: str, actor: Actor) -> str:
    """Say that a task is not as complex as the classifier says; the label that was set."""
    said = classify(task)
    wrong = next(word for word in ("easy", "medium", "hard") if word != said.complexity.value)
    correct_label(task=task, classification=said, head="complexity", right=wrong, actor=actor)
    return wrong


def exported() -> list[dict[str, Any]]:
    return [json.loads(line) for line in export_feedback()]


def test_labels_come_from_people_alone_and_ratings_are_marked_as_weak(ann: User, actor: Actor) -> None:
    wrong = correct(TASK, actor)
    run = finished(ann, task="Write a parser for our logs")
    rate(subject=Subject(run.pk), said=Said(verdict=Verdict.REDONE), actor=actor)
    corrected, rated = exported()
    assert corrected["complexity"] == wrong
    assert rated["text"] == "Write a parser for our logs"
    assert rated["outcome"]["is_weak"] is True
    assert rated["outcome"]["verdict"] == "redone"
    assert rated["outcome"]["chosen_for"] == "coding"
    assert not {"category", "complexity", "task_type", "risk"} & rated.keys()


def test_what_was_asked_over_chat_counts_once_it_was_corrected_or_overridden(actor: Actor) -> None:
    for task in (TASK, "Write a haiku about Mars", "Nobody said anything of this"):
        recommend(request=TaskRequest(task), actor=actor)
    StoredDecision.objects.update(kind="chat")
    correct(TASK, actor)
    chat = StoredDecision.objects.get(task="Write a haiku about Mars")
    override_route(decision_id=str(chat.pk), model_id="anthropic/grand", why="better prose", actor=actor)
    corrected, overridden = exported()
    assert (corrected["text"], overridden["text"]) == (TASK, "Write a haiku about Mars")
    assert overridden["overrides"][0]["labels"]["category"] == classify("Write a haiku about Mars").category.value


def test_runs_past_their_time_are_left_out_before_and_after_their_texts_go(
    ann: User, actor: Actor, settings: Any
) -> None:
    settings.RUN_TEXTS_KEPT_DAYS = 30
    old = finished(ann, task="Too old", finished_at=timezone.now() - timedelta(days=31))
    kept = finished(ann, task="Still kept", finished_at=timezone.now() - timedelta(days=29))
    for run in (old, kept):
        rate(subject=Subject(run.pk), said=Said(5), actor=actor)
    assert [row["text"] for row in exported()] == ["Still kept"]
    assert let_texts_go(timezone.now()) == 1
    assert [row["text"] for row in exported()] == ["Still kept"]
    settings.RUN_TEXTS_KEPT_DAYS = 0  # what is gone is gone
    assert [row["text"] for row in exported()] == ["Still kept"]


def test_an_overridden_task_whose_text_is_gone_has_no_line(actor: Actor) -> None:
    decided = recommend(request=TaskRequest(TASK), actor=actor)
    StoredDecision.objects.update(task="")
    override_route(decision_id=decided.decision_id, model_id="anthropic/grand", why="", actor=actor)
    assert exported() == []


def test_the_command_writes_what_training_reads_and_evaluates(ann: User, actor: Actor, tmp_path: Path) -> None:
    said, path = StringIO(), tmp_path / "f.jsonl"
    call_command("export_feedback", str(path), "--evaluate", stdout=said)
    assert "Nobody has set a label yet" in said.getvalue()
    rate(subject=Subject(finished(ann).pk), said=Said(5), actor=actor)
    wrong = correct(TASK, actor)
    call_command("export_feedback", str(path), "--evaluate", stdout=said)
    assert "2 tasks written" in said.getvalue()
    assert "complexity: 0% as people said" in said.getvalue()
    assert read_prompts(path)[0].labels == {"complexity": wrong}
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_feedback", str(tmp_path / "no" / "f.jsonl"))


@pytest.mark.parametrize("named", [[], ["-"]])
def test_without_a_file_the_command_says_the_tasks(
    actor: Actor, named: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    correct(TASK, actor)
    said = StringIO()
    call_command("export_feedback", *named, stdout=said)
    assert [json.loads(line)["text"] for line in said.getvalue().splitlines()] == [TASK]
    assert not list(tmp_path.iterdir())
    with pytest.raises(CommandError, match="needs a FILE"):
        call_command("export_feedback", *named, "--evaluate")
