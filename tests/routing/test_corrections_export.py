"""What people said, as labelled prompts that the evaluation reads."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from routing.classifier import classify
from routing.classifier.evaluate import read_prompts
from routing.classifier.heads import HEADS
from routing.corrections import correct_label
from routing.corrections_export import count_corrected_tasks, export_lines
from routing.decide import override_route, pick
from routing.shapes import TaskRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor

pytestmark = pytest.mark.usefixtures("catalogue")

TASK = "Fix the flaky login test"


def person(name: str, role: str = "member") -> Actor:
    return User.objects.create_user(name, role=role).as_actor()


def other_label(head: str, *taken: str) -> str:
    words = {"risk": ("low", "medium", "high"), "complexity": ("easy", "medium", "hard")}[head]
    return next(word for word in words if word not in taken)


def say(actor: Actor, head: str, right: str, task: str = TASK) -> None:
    correct_label(task=task, classification=classify(task), head=head, right=right, actor=actor)


def exported() -> list[dict[str, Any]]:
    return [json.loads(line) for line in export_lines()]


def test_a_corrected_task_is_one_line_with_the_labels_that_were_set() -> None:
    ann, said = person("ann"), classify(TASK)
    risk, size = other_label("risk", said.risk.value), other_label("complexity", said.complexity.value)
    say(ann, "risk", risk)
    say(ann, "complexity", size)
    (row,) = exported()
    assert (row["text"], row["risk"], row["complexity"]) == (TASK, risk, size)
    assert row["predicted"] == {"complexity": said.complexity.value, "risk": said.risk.value}
    assert "task_type" not in row  # nobody said anything about it
    assert "risk_also_accept" not in row


def test_what_most_say_is_the_label_and_the_others_are_accepted_too() -> None:
    said = classify(TASK).risk.value
    one = other_label("risk", said)
    two = other_label("risk", said, one)
    for name, right in (("ann", two), ("ben", two), ("cid", one)):
        say(person(name), "risk", right)
    (row,) = exported()
    assert (row["risk"], row["risk_also_accept"]) == (two, [one])
    say(person("dan"), "risk", one)
    (row,) = exported()
    assert (row["risk"], row["risk_also_accept"]) == (one, [two])  # of equals, the latest


def test_an_overridden_task_comes_with_what_was_taken_instead() -> None:
    ann = person("ann")
    for task in (TASK, "Write a haiku"):
        decided = pick(request=TaskRequest(task), actor=ann)
        override_route(decision_id=decided.decision_id, model_id="anthropic/grand", why="better prose", actor=ann)
    say(ann, "risk", other_label("risk", classify(TASK).risk.value))
    labelled, bare = exported()
    assert (labelled["text"], bare["text"]) == (TASK, "Write a haiku")
    assert "risk" in labelled
    assert labelled["overrides"][0]["taken"] == "anthropic/grand"
    assert bare["overrides"] == [
        {
            "decided": list(decided.chosen),
            "labels": {head: getattr(classify("Write a haiku"), head).value for head in HEADS},
            "taken": "anthropic/grand",
            "driver": "",
            "why": "better prose",
        }
    ]
    assert count_corrected_tasks() == 1


def test_the_evaluation_reads_what_the_command_writes(tmp_path: Path) -> None:
    ann = person("ann")
    right = other_label("risk", classify(TASK).risk.value)
    say(ann, "risk", right)
    say(ann, "risk", other_label("risk", classify("Größe ändern\nund testen").risk.value), "Größe ändern\nund testen")
    path = tmp_path / "corrections.jsonl"
    call_command("export_corrections", "--out", str(path), stderr=StringIO())
    assert {(item.text, item.labels["risk"]) for item in read_prompts(path)} >= {(TASK, right)}
    out = StringIO()
    call_command("evaluate_classifier", str(path), "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["prompt_count"], told["heads"]["risk"]["accuracy"]) == (2, 0.0)  # all were corrected
    plain = StringIO()
    call_command("export_corrections", stdout=plain)
    assert plain.getvalue() == path.read_text(encoding="utf-8")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_corrections", "--out", str(tmp_path))


def test_an_admin_downloads_the_lines_and_nobody_else_does() -> None:
    say(person("ann"), "risk", other_label("risk", classify(TASK).risk.value))
    client = Client()
    client.force_login(User.objects.create_user("eve", role="admin"))
    response = client.get("/api/route/corrections")
    body = b"".join(response.streaming_content)  # type: ignore[arg-type]  # the test client streams in sync
    assert [json.loads(line) for line in body.splitlines()] == exported()
    assert "corrections.jsonl" in response.headers["Content-Disposition"]
    client.force_login(User.objects.get(username="ann"))
    assert client.get("/api/route/corrections").status_code == 403
