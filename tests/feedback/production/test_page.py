"""From the button to the figures: over the page, the API and the queue."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from feedback.models import ClassifierCheck
from feedback.production import checks
from feedback.production.checks import GIVEN_UP_AFTER, KEPT_CHECKS, ask_for_check, make_check
from feedback.record import rate
from feedback.shapes import Said, Subject
from feedback.tasks import check_classifier
from routing.classifier import classify
from routing.corrections import undo_correction
from routing.decide import recommend
from routing.shapes import TaskRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Actor, Role
from smartspawn.lib.errors import Conflict
from tests.feedback.production.test_export import TASK, correct
from tests.feedback.work import finished
from tests.runs.rows import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client: Client, catalogue: None) -> User:
    """An admin, signed in."""
    user = make_user("root", Role.ADMIN)
    client.force_login(user)
    return user


def evaluate() -> None:
    ask_for_check(COMMAND_LINE)
    check_classifier(ClassifierCheck.objects.latest("pk").pk)


def page(client: Client) -> str:
    return client.get("/classifier/").content.decode()


@pytest.mark.usefixtures("root")
def test_the_button_rings_the_queue_and_the_page_shows_what_it_found(client: Client, ann: User, actor: Actor) -> None:
    decided = recommend(request=TaskRequest(TASK), actor=actor)
    wrong = correct(TASK, actor)
    rate(subject=Subject(finished(ann).pk), said=Said(5), actor=actor)
    assert "Not evaluated yet" in page(client)
    client.post("/classifier/evaluate/")
    assert OrmQ.objects.count() == 1
    assert "waits for the queue" in page(client)
    client.post("/classifier/evaluate/")  # once more, impatiently
    assert ClassifierCheck.objects.count() == 1
    assert check_classifier(ClassifierCheck.objects.get().pk) == "2 tasks"
    shown = page(client)
    assert TASK in shown
    assert f"/decisions/{decided.decision_id}/" in shown
    assert "too few to tell" in shown
    assert "Work rated good" in shown
    told = client.get("/api/classifier/evaluation").json()["data"]["done"]
    assert told["engineSha256"] == classify(TASK).engine_sha256
    (mistake,) = told["result"]["mistakes"]
    assert (mistake["head"], mistake["right"], mistake["task"]) == ("complexity", wrong, TASK)
    assert mistake["decisionId"] == decided.decision_id


@pytest.mark.usefixtures("root")
def test_a_result_holds_no_word_of_a_task(client: Client, actor: Actor) -> None:
    correct(TASK, actor)
    evaluate()
    assert "job queue" not in json.dumps(ClassifierCheck.objects.get().result)
    undo_correction(task=TASK, head="complexity", actor=actor)
    assert TASK not in page(client)
    assert "taken back since" in page(client)


@pytest.mark.usefixtures("root")
def test_a_failed_evaluation_is_told_and_the_last_figures_stay(
    client: Client, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    correct(TASK, actor)
    evaluate()
    monkeypatch.setattr(checks, "export_feedback", lambda: iter(["no JSON"]))
    with pytest.raises(ValueError, match="Expecting value"):
        evaluate()
    shown = page(client)
    assert "failed" in shown
    assert "Expecting value" in shown
    assert TASK in shown
    newest = client.get("/api/classifier/evaluation").json()["data"]["newest"]
    assert newest["fault"].startswith("JSONDecodeError")


@pytest.mark.usefixtures("root")
def test_an_evaluation_that_nobody_ended_holds_up_the_next_one_for_a_while_only(client: Client) -> None:
    ask_for_check(COMMAND_LINE)
    with pytest.raises(Conflict):
        ask_for_check(COMMAND_LINE)
    assert client.post("/api/classifier/evaluation").status_code == 409
    ClassifierCheck.objects.update(asked_at=timezone.now() - GIVEN_UP_AFTER - timedelta(seconds=1))
    assert "has not ended" in page(client)
    assert client.post("/api/classifier/evaluation").status_code == 202


def test_a_bundle_that_cannot_be_used_is_no_result(
    root: User, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = checks.classifier_status()
    broken = type(gone)(gone.folder, "keywords", "", is_usable=False, fault="It has no model.")
    monkeypatch.setattr(checks, "classifier_status", lambda: broken)
    evaluate()
    assert ClassifierCheck.objects.get().result is None
    assert "It has no model." in page(client)


def test_an_evaluation_is_made_once_and_old_ones_go(catalogue: None) -> None:
    ClassifierCheck.objects.bulk_create(ClassifierCheck(asked_by="x", ended_at=timezone.now()) for _ in range(70))
    evaluate()
    assert ClassifierCheck.objects.count() == KEPT_CHECKS
    assert make_check(ClassifierCheck.objects.latest("pk").pk) is None


@pytest.mark.usefixtures("root")
def test_the_file_comes_in_the_training_format_with_date_and_bundle_in_its_name(client: Client, actor: Actor) -> None:
    wrong = correct(TASK, actor)
    answer = client.get("/api/classifier/export")
    (line,) = b"".join(answer.streaming_content).decode().splitlines()
    assert json.loads(line)["complexity"] == wrong
    name = f"feedback-{timezone.now():%Y-%m-%d}-{classify(TASK).engine_sha256[:12]}.jsonl"
    assert name in answer.headers["Content-Disposition"]
