"""The page of a new run: nothing that was typed is lost, and what is wrong stands where it can be mended."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from runs.models import Run
from runs.shapes import Mode
from runs.views.forms import read_new_run
from tests.runs.rows import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
NEW = reverse("runs:new")


@pytest.fixture
def person(client: Client) -> Client:
    client.force_login(make_user())
    return client


def test_what_is_wrong_with_one_field_is_said_of_no_other(person: Client) -> None:
    answer = person.post(NEW, {"mode": "single", "task": "Name a colour", "maxUsd": "lots"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count('aria-invalid="true"') == 1
    assert 'id="field-maxUsd-error"' in page
    assert "Spend at most: A valid number is required." in page
    assert "maxUsd:" not in page


def test_a_run_without_a_task_is_asked_for_in_words_that_people_use(person: Client) -> None:
    page = person.post(NEW, {"mode": "single"}).content.decode()
    assert "Task: Say what is to be done." in page
    assert "task is required" not in page


def test_another_mode_keeps_what_was_typed_and_starts_nothing(person: Client) -> None:
    typed = {"mode": "single", "task": "Weigh three offers", "maxUsd": "2", "simulate": "on", "context": "We are few."}
    page = person.post(f"{NEW}?mode=collective", {**typed, "turnTo": "collective"}).content.decode()
    assert 'name="mode" value="collective"' in page
    for words in ("Weigh three offers</textarea>", 'value="2"', "We are few.</textarea>"):
        assert words in page
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("there", "field"), [(Mode.PARALLEL, "prompts"), (Mode.RESEARCH, "topic"), (Mode.CHAIN, "task")]
)
def test_the_work_goes_along_to_a_mode_that_asks_for_it_under_another_name(there: Mode, field: str) -> None:
    form = read_new_run(QueryDict("mode=single&task=Weigh+it"))
    turned = form.turned(there)
    assert turned.said[field] == "Weigh it"
    assert turned.turned(Mode.SINGLE).said["task"] == "Weigh it"


def test_subjects_come_back_with_the_mode_that_shows_them(person: Client) -> None:
    typed = {"mode": "research", "subjects": "Bees\nWasps", "topic": "How they nest"}
    page = person.post(NEW, {**typed, "turnTo": "swarm"}).content.decode()
    assert "How they nest</textarea>" in page
    assert '<input type="hidden" name="subjects" value="Bees\nWasps">' in page


def test_only_what_the_mode_asks_for_is_sent_along() -> None:
    form = read_new_run(QueryDict("mode=single&task=Weigh+it&topic=Bees&prompts=Name+one"))
    body = form.to_input().initial_data
    assert body["task"] == "Weigh it"
    assert "topic" not in body
    assert "prompts" not in body


def test_simulating_can_be_chosen_without_unfolding_anything(person: Client) -> None:
    page = person.get(NEW).content.decode()
    assert page.index('name="simulate"') < page.index("Role, background and options")
    assert "simulate" in page[page.index("No provider is connected") :]


def test_fields_for_models_offer_those_of_the_catalogue(person: Client) -> None:
    page = person.get(NEW).content.decode()
    assert 'list="model-ids"' in page
    assert '<option value="anthropic/' in page
