"""The policy editor and the limits in a real browser: parts that are swapped in, and what axe says of them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from routing.decide import pick
from routing.policy_versions import rules_in_force
from routing.shapes import TaskRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import Role
from tests.browser.conftest import OpenPage, Watch

pytestmark = pytest.mark.browser


def faults_in(page: Page, axe_source: str) -> list[str]:
    page.evaluate(axe_source)  # by the debugger, past the CSP
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    nodes = [(item["id"], node) for item in found["violations"] for node in item["nodes"]]
    return [f"{fault} at {node['target']}: {node['html'][:120]}" for fault, node in nodes]


def act(page: Page, selector: str) -> None:
    """Click, and wait until what was swapped in listens."""
    page.click(selector)
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)


def test_a_rule_is_edited_judged_moved_tried_and_saved(open_page: OpenPage, watch: Watch) -> None:
    watch.expected = ("status of 422",)
    page = open_page(Role.ADMIN)
    page.goto("/route/policy/")
    act(page, "#open-rule-1")
    page.fill("#field-drivers", "nobody")
    expect(page.locator("#findings")).to_contain_text("names the driver 'nobody'")
    page.fill("#field-drivers", "")
    expect(page.locator("#findings")).not_to_contain_text("nobody")
    page.fill("#field-name", "nearly final")
    page.click("#close-done")
    expect(page.locator("#field-drivers")).to_have_count(0)
    page.click("#up-rule-1")
    expect(page.locator("table tbody tr th").first).to_contain_text("nearly final")
    assert page.evaluate("document.activeElement.id") in {"up-rule-0", "up-rule-1"}
    pick(request=TaskRequest("coding"), actor=User.objects.get(username="some-admin").as_actor())
    page.click("button[value='what-if']")
    expect(page.locator("#what-if")).to_contain_text("Every one of them is decided alike")
    page.fill("#field-note", "by hand")
    page.click("button[formaction='/route/policy/save/']")
    expect(page.locator(".alert--good")).to_contain_text("holds from the next kickoff on")
    assert [rule.name for rule in rules_in_force().rules[:2]] == ["nearly final", "high risk"]


def test_enter_in_a_field_takes_it_over_and_saves_nothing(open_page: OpenPage) -> None:
    page = open_page(Role.ADMIN)
    page.goto("/route/policy/")
    act(page, "#open-rule-0")
    page.fill("#field-name", "with enter")
    page.press("#field-name", "Enter")
    expect(page.locator("table tbody tr th").first).to_contain_text("with enter")
    assert rules_in_force().version == "default-1"


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light")])
def test_the_opened_editor_is_accessible_and_fits(
    width: int, theme: str, open_page: OpenPage, watch: Watch, axe_source: str
) -> None:
    watch.expected = ("status of 422",)
    page = open_page(Role.ADMIN, viewport={"width": width, "height": 900}, color_scheme=theme)
    page.goto("/route/policy/")
    faults = []
    for button in ("#open-rule-3", "#open-tier-0", "#open-driver-0", "#remove-rule-4", "#view-yaml"):
        act(page, button)
        faults += [f"after {button}: {fault}" for fault in faults_in(page, axe_source)]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, button
    page.fill("#field-yaml", "rules: [")
    expect(page.locator("#findings")).to_contain_text("no YAML")
    faults += faults_in(page, axe_source)
    assert "\n".join(faults) == ""


def test_what_limits_leave_is_counted_while_somebody_types(open_page: OpenPage, axe_source: str) -> None:
    page = open_page(Role.ADMIN)
    page.goto("/limits/site/")
    before = page.locator(".limits-left strong").inner_text()
    page.fill("#field-denyProviders", "acme, nobody")
    expect(page.locator("#effect")).to_contain_text("does not list nobody")
    assert int(page.locator(".limits-left strong").inner_text()) < int(before)
    pick(request=TaskRequest("coding"), actor=User.objects.get(username="some-admin").as_actor())
    page.click("button[value='replay']")
    expect(page.locator("#change")).to_contain_text("of 1")
    assert "\n".join(faults_in(page, axe_source)) == ""


def test_the_comparison_of_the_last_refresh_comes_by_itself(open_page: OpenPage, axe_source: str) -> None:
    page = open_page(Role.VIEWER)
    page.goto("/route/what-if/")
    expect(page.locator("#found")).to_contain_text("No decision to replay yet")
    assert "\n".join(faults_in(page, axe_source)) == ""
