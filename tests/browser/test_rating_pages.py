"""Rating in a real browser: one key or one click, and no page is loaded anew."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from feedback.models import Rating
from smartspawn.access.models import User
from smartspawn.access.shapes import Role
from tests.browser.conftest import OpenPage
from tests.feedback.work import finished

pytestmark = pytest.mark.browser


def test_a_key_rates_the_answer_on_the_runs_page_in_place(open_page: OpenPage) -> None:
    page = open_page(Role.MEMBER)
    run = finished(User.objects.get())
    page.goto(f"/runs/{run.pk}/")
    expect(page.get_by_role("button", name="4 of 5")).to_be_visible()
    page.evaluate("window.isSamePage = true")

    page.keyboard.press("4")

    expect(page.get_by_text("Kept: 4.")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_text("Kept: 2.")).to_be_visible()
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
