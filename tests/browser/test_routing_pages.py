"""The playground and the decisions, click by click and key by key."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from routing.decide import recommend
from routing.models import Correction
from routing.shapes import TaskRequest
from smartspawn.access.shapes import Actor, Role
from tests.browser.conftest import OpenPage, Watch

pytestmark = pytest.mark.browser


def test_typing_brings_an_answer_and_wishes_change_it(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/route/")
    page.get_by_label("Task", exact=True).press_sequentially("Fix the crash in the login form")

    expect(page.locator(".pick")).to_contain_text("leads 42 models")
    page.get_by_label("Budget").select_option("any")
    expect(page.locator(".pick")).to_contain_text("leads 62 models")
    expect(page.locator(".strip .is-current")).to_contain_text("any budget")
    assert page.url.endswith("/route/")  # what people type stands in no address

    page.locator(".ranked-row").nth(1).locator("summary").click()
    expect(page.locator(".ranked-row").nth(1)).to_contain_text("Evidence")


def test_a_wrong_label_is_corrected_and_taken_back_in_place(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/route/?task=Fix+the+crash+in+the+login+form")
    card = page.locator("#head-task_type")

    card.get_by_role("button", name="Task type: migration is right").click()
    expect(card).to_contain_text("You said migration")
    assert Correction.objects.get().right == "migration"
    card.get_by_role("button", name="Undo the correction of task type").click()
    expect(card).not_to_contain_text("You said")
    assert not Correction.objects.exists()
    expect(page.locator(".pick")).to_be_visible()


def test_the_playground_works_without_scripts(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/route/")
    page.get_by_label("Task", exact=True).fill("Fix the crash in the login form")
    page.get_by_role("button", name="Choose a model").click()
    expect(page.locator(".pick")).to_contain_text("leads 42 models")

    page.get_by_role("button", name="Task type: migration is right").click()
    expect(page.locator("#head-task_type")).to_contain_text("You said migration")
    expect(page.get_by_label("Task", exact=True)).to_have_value("Fix the crash in the login form")


def test_a_decision_is_replayed_in_place_and_tried_in_the_playground(open_page: OpenPage) -> None:
    asking = Actor(label="ann", role=Role.MEMBER, user_id=1)
    recommend(request=TaskRequest("Fix the crash in the login form", count=2), actor=asking)
    page = open_page(Role.ADMIN)
    page.goto("/decisions/")
    page.get_by_role("link", name="Fix the crash in the login form").click()
    address = page.url

    page.get_by_role("link", name="Replay").click()
    expect(page.locator("#replay")).to_contain_text("The same comes out")
    assert page.url == address
    page.get_by_role("button", name="Try it in the playground").click()
    expect(page.locator(".pick")).to_contain_text("leads 42 models")


def test_a_reload_keeps_what_was_typed_and_leaving_forgets_it(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/route/")
    page.get_by_label("Task", exact=True).press_sequentially("Fix the flaky login test")
    page.get_by_label("Budget").select_option("any")
    expect(page.locator(".pick")).to_contain_text("leads 62 models")

    page.reload()
    expect(page.get_by_label("Task", exact=True)).to_have_value("Fix the flaky login test")
    expect(page.locator(".pick")).to_contain_text("leads 62 models")
    page.get_by_role("link", name="Clear").click()
    expect(page.get_by_label("Task", exact=True)).to_have_value("")
    page.reload()
    expect(page.get_by_label("Task", exact=True)).to_have_value("")
    expect(page.locator(".pick")).to_have_count(0)


def test_coming_back_to_a_task_shows_its_answer_again(open_page: OpenPage, watch: Watch) -> None:
    watch.expected = ("htmx:",)
    page = open_page()
    page.goto("/route/")
    page.get_by_label("Task", exact=True).fill("Fix the flaky login test")
    page.locator("#pick-h a").click()
    expect(page.locator("h1")).not_to_have_text("Route a task")
    page.go_back()
    expect(page.locator("#pick-h a")).to_be_visible()
    expect(page.get_by_label("Task", exact=True)).to_have_value("Fix the flaky login test")
