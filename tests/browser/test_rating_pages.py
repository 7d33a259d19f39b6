"""Rating in a real browser: one key or one click, and no page is loaded anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog.shapes import Category
from feedback.log import log_spawn
from feedback.models import LessonRow, Rating
from feedback.record import record_outcome
from feedback.shapes import OutcomeNote, SpawnNote
from feedback.teach import switch_learning
from runs.shapes import Mode
from smartspawn.access.models import User
from smartspawn.access.shapes import Role
from tests.browser.conftest import OpenPage
from tests.browser.test_every_page import LOOKS, violations
from tests.feedback.work import finished

pytestmark = pytest.mark.browser


def settle(page: Page) -> None:
    """Wait until htmx has taken over what it loaded; before that, forms are sent as without scripts."""
    expect(page.locator(".htmx-request, .htmx-added, .htmx-settling, .htmx-swapping")).to_have_count(0)


def test_a_key_rates_the_answer_on_the_runs_page_in_place(open_page: OpenPage) -> None:
    page = open_page(Role.MEMBER)
    run = finished(User.objects.get())
    page.goto(f"/runs/{run.pk}/")
    expect(page.get_by_role("button", name="4 of 5")).to_be_visible()
    settle(page)
    page.evaluate("window.isSamePage = true")

    page.keyboard.press("4")

    expect(page.get_by_text("Kept: 4.")).to_be_visible()
    settle(page)
    page.keyboard.press("2")
    expect(page.get_by_text("Kept: 2.")).to_be_visible()
    settle(page)
    assert page.evaluate("window.isSamePage")
    assert Rating.objects.get().score == 2

    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("How good was it?")).to_be_visible()
    assert not Rating.objects.exists()


def test_in_the_inbox_a_key_rates_the_row_that_has_the_focus(open_page: OpenPage) -> None:
    page = open_page(Role.MEMBER)
    for number in range(3):
        finished(User.objects.get(), task=f"Task {number}")
    page.goto("/ratings/")

    page.keyboard.press("5")  # nothing has the focus: nothing is rated
    page.get_by_label("Tick Task 1").focus()
    page.keyboard.press("3")

    expect(page.get_by_text("Kept: 3.")).to_be_visible()
    assert Rating.objects.values_list("title", "score").get() == ("Task 1", 3)


def test_typing_a_digit_into_a_field_rates_nothing(open_page: OpenPage) -> None:
    page = open_page(Role.MEMBER)
    run = finished(User.objects.get())
    page.goto(f"/runs/{run.pk}/")
    expect(page.get_by_role("button", name="4 of 5")).to_be_visible()

    page.get_by_label("Do it again by").press("4")

    expect(page.get_by_label("Do it again by")).to_have_value("4")
    assert not Rating.objects.exists()


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_pages_full_of_ratings_are_accessible_and_fit(
    open_page: OpenPage, axe_source: str, width: int, theme: str
) -> None:
    page = open_page(Role.MEMBER, viewport={"width": width, "height": 900}, color_scheme=theme)
    actor = User.objects.get().as_actor()
    note = OutcomeNote("acme/alpha-1", Category.CODING, 4, ("python",))
    for score in (5, 4, 2):
        record_outcome(note=replace(note, score=score), actor=actor)
    LessonRow.objects.update(at=timezone.now() - timedelta(days=100))
    record_outcome(note=note, actor=actor)
    log_spawn(note=SpawnNote("acme/alpha-1", Category.CODING), actor=actor)
    run = finished(User.objects.get(), task="Weigh it", models=("acme/alpha-1", "globex/beta-2"), mode=Mode.COLLECTIVE)
    switch_learning(category=Category.VISION, is_on=False, actor=actor)

    addresses = ["/ratings/", "/learned/", f"/ratings/compare/{run.pk}/", f"/ratings/run/{run.pk}/"]
    assert [fault for address in addresses for fault in violations(page, address, axe_source)] == []
    for address in addresses:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
