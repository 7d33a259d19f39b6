"""A run in a real browser: asked for, turned into another mode, and watched while it is under way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone
from playwright.sync_api import Request, expect

from runs.models import NodeDraft, Run
from runs.shapes import NodeStatus, RunStatus
from smartspawn.access.models import User
from smartspawn.access.shapes import Role
from tests.browser.conftest import OpenPage, Watch
from tests.runs.connections.builders import make_connection
from tests.runs.rows import make_node, make_run

pytestmark = pytest.mark.browser


def test_what_was_typed_goes_along_to_another_mode_and_back(open_page: OpenPage) -> None:
    make_connection("simulator")
    page = open_page()
    page.goto("/runs/new/?simulate=on")
    page.get_by_label("Task", exact=True).fill("Weigh three offers\nof work")
    page.get_by_role("navigation", name="Mode").get_by_role("link", name="parallel").click()
    expect(page.get_by_label("Prompts, one a line")).to_have_value("Weigh three offers\nof work")
    assert page.url.endswith("/runs/new/?mode=parallel")
    page.get_by_role("navigation", name="Mode").get_by_role("link", name="collective").click()
    expect(page.get_by_label("Task", exact=True)).to_have_value("Weigh three offers\nof work")
    assert not Run.objects.exists()


def test_a_form_that_is_sent_while_its_plan_is_made_starts_one_run_with_one_request(
    open_page: OpenPage, watch: Watch
) -> None:
    make_connection("simulator")
    page = open_page()
    watch.expected = ("htmx:",)  # the preview that was under way is given up
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/runs/new/") else None)
    page.goto("/runs/new/")
    page.get_by_label("simulate", exact=False).first.check()
    page.get_by_label("Task", exact=True).fill("Name a colour")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_role("heading", name="Name a colour")).to_be_visible()
    page.wait_for_timeout(500)
    assert [request.method for request in sent].count("POST") == 1
    expect(page.get_by_text("This form was sent before")).to_have_count(0)


def test_a_run_under_way_leaves_the_focus_and_what_was_folded_away_alone(open_page: OpenPage) -> None:
    page = open_page()
    run = make_run(User.objects.get(username=f"some-{Role.MEMBER}"), status=RunStatus.RUNNING)
    node = make_node(run, "task-1", NodeStatus.RUNNING)
    text = "\n".join(f"line {number}" for number in range(80))
    NodeDraft.objects.create(node=node, attempt=1, text=text, updated_at=timezone.now())
    page.goto(f"/runs/{run.pk}/")
    page.locator("#events-summary").click()
    page.get_by_role("button", name="Cancel").focus()
    with page.expect_response("**/_live"):
        pass
    with page.expect_response("**/_live"):
        pass
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    assert page.locator("#events").evaluate("node => node.open") is False
    expect(page.locator(".draft-text")).to_be_visible()
    end = "node => node.scrollHeight - node.scrollTop - node.clientHeight"
    assert page.locator(".draft-text").evaluate(end) < 5


def test_the_place_where_one_is_can_be_seen_among_the_places(open_page: OpenPage) -> None:
    page = open_page(Role.ADMIN, viewport={"width": 1280, "height": 600})
    page.goto("/storage/")
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Storage")).to_be_in_viewport()


def test_times_are_told_in_the_zone_of_who_looks_too(open_page: OpenPage) -> None:
    page = open_page(timezone_id="America/New_York", locale="en-GB")
    asked_at = datetime(2026, 7, 22, 3, 30, tzinfo=UTC)
    run = make_run(User.objects.get(username=f"some-{Role.MEMBER}"), status=RunStatus.COMPLETED)
    Run.objects.filter(pk=run.pk).update(created_at=asked_at)
    page.goto("/runs/")
    when = page.get_by_role("region", name="Runs").locator("time").first
    expect(when).to_have_text("2026-07-22 03:30")
    assert "21 Jul 2026, 23:30" in str(when.get_attribute("title"))


def test_after_a_form_was_refused_the_field_that_is_wrong_has_the_focus(open_page: OpenPage, watch: Watch) -> None:
    make_connection("simulator")
    page = open_page()
    watch.expected = ("422", "htmx:")
    page.goto("/runs/new/?simulate=on&task=Name+a+colour")
    page.get_by_label("Spend at most ($)").fill("lots")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("The run was not started.")).to_be_visible()
    expect(page.get_by_label("Spend at most ($)")).to_be_focused()
    expect(page.get_by_label("Spend at most ($)")).to_have_value("lots")
    expect(page.get_by_label("Task", exact=True)).to_have_value("Name a colour")


def test_on_a_phone_each_part_of_a_plan_has_the_whole_width(open_page: OpenPage) -> None:
    make_connection("simulator")
    page = open_page()
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/runs/new/?mode=collective&simulate=on")
    page.get_by_label("Task", exact=True).fill("Weigh three offers of work")
    field = page.get_by_label("Another model for").first
    expect(field).to_be_visible()
    box = field.bounding_box()
    assert box is not None
    assert box["width"] > 300
