"""What a person does, click by click and key by key."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from catalog.models import RefreshRun, StoredPayload
from catalog.tasks import answer_refresh
from smartspawn.access.models import User
from smartspawn.access.shapes import Role
from tests.browser.conftest import OpenPage, Watch
from tests.upstreams import Upstreams

pytestmark = pytest.mark.browser


def rows(page: Page) -> Any:
    return page.locator("#results tbody tr")


def test_signing_in_leads_to_the_page_that_was_asked_for(open_page: OpenPage) -> None:
    user = User(username="ann", role=Role.VIEWER)
    user.set_password("a quiet long passphrase")
    user.save()
    page = open_page(None)

    page.goto("/models/?q=alpha-1")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("a quiet long passphrase")
    page.locator("main").get_by_role("button", name="Sign in").first.click()

    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    assert page.url.endswith("/models/?q=alpha-1")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/")
    assert "/sign-in/" in page.url


def test_search_and_filters_change_the_table_in_place_and_the_address_with_it(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/models/")
    expect(rows(page)).to_have_count(50)

    page.get_by_label("Search", exact=True).press_sequentially("beta 2")
    expect(page.locator("#results [role=status]")).to_contain_text("5 of")
    expect(page).to_have_url(re.compile(r"/models/\?q=beta(%20|\+)2$"))

    page.get_by_label("Tier").select_option("premium")
    expect(rows(page)).to_have_count(0)
    expect(page.get_by_text("No model fits all of this")).to_be_visible()

    page.go_back()
    expect(rows(page)).to_have_count(5)
    expect(page.get_by_label("Search", exact=True)).to_have_value("beta 2")
    page.reload()
    expect(rows(page)).to_have_count(5)


def test_sorting_and_paging_keep_the_ticks(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/models/")
    page.get_by_label("Compare Gamma 60").check()

    page.get_by_role("link", name="In $/M").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("In $/M")
    page.get_by_label("Compare Alpha 1", exact=True).check()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("51–62 of 62 models")).to_be_visible()
    page.get_by_role("button", name="Compare ticked models").click()

    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    expect(page.locator(".compare-table thead th")).to_have_count(2)
    assert "initech/gamma-60" in page.url
    assert "acme/alpha-1" in page.url


def test_a_score_is_opened_from_the_table_down_to_its_payload(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/models/?q=gamma-3&category=coding&tier=budget")
    page.locator("#results a.score-value").first.click()

    opened = page.locator("details.score-card[open]")
    expect(opened).to_have_count(1)
    expect(opened).to_contain_text("coding")
    opened.get_by_role("link", name="ababababab").first.click()
    expect(page.get_by_role("heading", name="Where a number came from")).to_be_visible()


def test_comparing_draws_a_chart_and_sums_my_month(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/compare/?models=acme/alpha-1,globex/beta-2")
    expect(page.locator("#compare-chart, [data-chart] .main-svg").first).to_be_attached()
    expect(page.locator("[data-chart] .scatterlayer .trace")).to_have_count(2)

    page.get_by_label("Million prompt tokens a month").fill("100")
    page.get_by_label("Million completion tokens a month").fill("10")
    page.get_by_label("Add a model").fill("initech/gamma-3")
    page.get_by_role("button", name="Compare", exact=True).click()

    expect(page.locator(".compare-table tbody tr").first).to_contain_text("$17.50")
    expect(page.locator(".compare-table thead th")).to_have_count(3)
    page.get_by_role("link", name="Remove Alpha 1", exact=True).click()
    expect(page.locator(".compare-table thead th")).to_have_count(2)


def test_the_theme_follows_the_system_until_it_is_chosen_and_the_choice_stays(open_page: OpenPage) -> None:
    page = open_page(color_scheme="light")
    page.goto("/frontier/")
    expect(page.locator("[data-chart] .main-svg").first).to_be_attached()

    def colours() -> tuple[str, str]:
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        chart = page.evaluate("document.querySelector('[data-chart] .main-svg').style.background")
        return background, chart

    light = colours()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("light => getComputedStyle(document.body).backgroundColor !== light", arg=light[0])
    page.wait_for_function(
        "light => document.querySelector('[data-chart] .main-svg').style.background !== light", arg=light[1]
    )

    toggle = page.locator("[data-theme-toggle]")
    toggle.click()
    expect(toggle).to_have_attribute("data-state", "light")
    assert colours() == light
    page.reload()
    expect(toggle).to_have_attribute("data-state", "light")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    toggle.click()
    toggle.click()
    expect(toggle).to_have_attribute("data-state", "auto")


def test_the_keyboard_alone_reaches_everything(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    page.goto("/models/")
    page.keyboard.press("/")
    search = page.get_by_label("Search", exact=True)
    expect(search).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.type("gamma-12")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    page.wait_for_load_state("networkidle")  # leaving while a search is under way makes htmx complain
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Gamma 12":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Gamma 12", exact=True)).to_be_visible()
    first = page.locator(".score-card summary").first
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".score-card[open]")).to_have_count(1)


def test_escape_closes_the_menu_and_gives_the_focus_back(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    summary = page.locator("details.menu summary")
    summary.click()
    expect(page.get_by_role("link", name="Account and password")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Account and password")).to_be_hidden()
    expect(summary).to_be_focused()


def test_on_a_phone_the_places_are_behind_a_button(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 390, "height": 800})
    page.goto("/models/")
    places = page.get_by_role("navigation", name="Main")
    expect(places).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(places.get_by_role("link", name="Models")).to_have_attribute("aria-current", "page")
    places.get_by_role("link", name="Sources").click()
    expect(page.get_by_role("heading", name="Sources", exact=True)).to_be_visible()


def test_copying_a_call_puts_it_on_the_clipboard(open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/models/acme/alpha-1/")
    page.get_by_role("button", name="Copy the shell command").click()
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    assert '"model": "acme/alpha-1"' in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_refresh_shows_its_progress_until_it_is_done(has_scripts: bool, open_page: OpenPage, settings: Any) -> None:
    StoredPayload.objects.all().delete()  # made up: no source could read it
    page = open_page(java_script_enabled=has_scripts)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/sources/")
    page.get_by_role("button", name="Refresh now").click()
    expect(page.get_by_role("button", name="Refreshing…")).to_be_disabled()

    with Upstreams() as upstreams:
        settings.SOURCE_BASE_URLS = upstreams.base_urls
        answer_refresh(RefreshRun.objects.get().pk)
    if not has_scripts:
        page.reload()

    expect(page.locator("#refresh")).to_contain_text("The last one was done")
    if has_scripts:
        asked.clear()
        page.wait_for_timeout(1500)
        assert not [url for url in asked if "_progress" in url]  # nothing left to ask for


def test_an_admin_settles_a_name_with_one_click(open_page: OpenPage) -> None:
    page = open_page(Role.ADMIN)
    page.goto("/unmatched/")
    row = page.locator(".name-row").first
    row.get_by_role("button", name="Not listed").click()
    expect(page.get_by_text("is not listed from now on").first).to_be_visible()
    expect(page).to_have_url(re.compile("/unmatched/$"))


def test_a_server_that_cannot_answer_is_said_in_words(open_page: OpenPage, watch: Watch) -> None:
    watch.expected = ("Failed to load resource", "Response Status Error Code 500")
    page = open_page()
    page.goto("/models/")
    page.route("**/models/_results*", lambda route: route.fulfill(status=500, body="broken"))
    page.get_by_label("Search", exact=True).press_sequentially("x")
    expect(page.get_by_text("The server could not answer (500).")).to_be_visible()
    expect(rows(page)).to_have_count(50)  # what was there stays


def test_without_scripts_searching_and_comparing_work(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/models/")
    page.get_by_label("Search", exact=True).fill("gamma-12")
    page.get_by_role("button", name="Search").click()
    expect(rows(page)).to_have_count(1)
    page.goto("/models/?q=alpha-1")
    page.locator("input[name=models]").nth(0).check()
    page.locator("input[name=models]").nth(1).check()
    page.get_by_role("button", name="Compare ticked models").click()
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    expect(page.locator("[data-theme-toggle]")).to_be_hidden()  # nothing is offered that would not work
