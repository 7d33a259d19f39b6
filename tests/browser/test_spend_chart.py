"""From a bar of the spend chart to the calls behind it: by mouse, and by keyboard through the table beside it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from runs.ledger.windows import day_of
from smartspawn.access.shapes import Role
from tests.browser.conftest import OpenPage
from tests.feedback.spend.books import line, write

pytestmark = pytest.mark.browser
ONE_MODEL = re.compile(r"/spend/calls/\?.*model=acme%2Fbeta-2")


@pytest.fixture
def spent(site: str) -> Any:
    """Today's calls of two models, so that the day's bar has two parts; the day."""
    today = day_of(timezone.now())
    write(
        *(line(today, 3_000_000_000, model_id="acme/alpha-1") for _ in range(2)),
        *(line(today, 1_000_000_000, model_id="acme/beta-2") for _ in range(3)),
    )
    return today


def part_of(page: Page, title: str) -> tuple[float, float]:
    """The middle of the drawn part of a bar: of the series with this name, the one with any height."""
    place: dict[str, float] = page.evaluate(
        """(title) => {
            const chart = document.querySelector("[data-chart]");
            const trace = chart._fullData.findIndex((item) => item.name.endsWith(title));
            const bars = [...chart.querySelectorAll(".barlayer .trace")[trace].querySelectorAll(".point path")];
            const box = bars.map((bar) => bar.getBoundingClientRect()).find((found) => found.height > 4);
            return {x: box.x + box.width / 2, y: box.y + box.height / 2};
        }""",
        title,
    )
    return place["x"], place["y"]


def test_a_click_on_a_part_of_a_bar_leads_to_its_calls(spent: Any, open_page: OpenPage) -> None:
    page = open_page(Role.ADMIN)
    page.goto("/spend/?range=7d")
    page.locator(".barlayer .point path").first.wait_for(state="attached")
    page.mouse.move(*part_of(page, "beta-2"))  # Plotly finds the point when the pointer comes to it
    page.mouse.click(*part_of(page, "beta-2"))
    expect(page).to_have_url(ONE_MODEL)
    expect(page).to_have_url(re.compile(f"from={spent}&to={spent}"))
    figures = page.locator(".spend-figures")
    expect(figures).to_contain_text("$3.00")  # exactly what the part stood for
    expect(page.locator("tbody tr")).to_have_count(3)


def test_the_keyboard_goes_the_same_way_through_the_table(spent: Any, open_page: OpenPage) -> None:
    page = open_page(Role.ADMIN)
    page.goto("/spend/?range=7d")
    page.get_by_text("The same as a table").focus()
    page.keyboard.press("Enter")
    link = page.get_by_role("region", name="Spend over time").get_by_role("link", name="$3.00", exact=True)
    for _ in range(12):
        page.keyboard.press("Tab")
        if link.evaluate("(found) => found === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page).to_have_url(ONE_MODEL)
    expect(page.locator("tbody tr")).to_have_count(3)


def test_on_a_phone_each_row_can_be_kept_to(spent: Any, open_page: OpenPage) -> None:
    page = open_page(Role.ADMIN, viewport={"width": 390, "height": 844})
    page.goto("/spend/?range=7d")
    page.get_by_role("link", name="Only acme/beta-2").click()
    expect(page.locator(".spend-chips")).to_contain_text("acme/beta-2")
    expect(page.get_by_role("link", name="Prices")).to_be_in_viewport()  # the tabs wrap
