"""The policy editor as a person uses it: a draft that travels with the form, and two admins at once."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
import yaml
from django.test import Client

from routing.decide import route
from routing.models import RouteRulesRow
from routing.policy_versions import rules_in_force
from routing.route_rules import save_rules, shipped_rules
from routing.rule_documents import document_of, dump_rules
from routing.shapes import RouteRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Role
from tests.catalog.pages import signed_in, text_of

pytestmark = pytest.mark.usefixtures("catalogue")

HIDDEN = ("draft", "base_version", "view", "opened")


def hidden(html: bytes) -> dict[str, str]:
    """What the form carries."""
    found = {name: re.search(rf'name="{name}"\s+value="([^"]*)"', html.decode()) for name in HIDDEN}
    return {name: unescape(match.group(1)) for name, match in found.items() if match}


class Editor:
    """The page in one admin's browser."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.html = client.get("/route/policy/").content
        self.status = 200

    def post(self, address: str = "", **said: Any) -> Editor:
        response = self.client.post(f"/route/policy/{address}", {**hidden(self.html), "count": "20", **said})
        self.status, self.html = response.status_code, response.content or self.html
        return self

    def act(self, act: str, **said: Any) -> Editor:
        return self.post(act=act, **said)

    @property
    def text(self) -> str:
        return text_of(self.html)

    @property
    def names(self) -> list[str]:
        document: dict[str, Any] = yaml.safe_load(hidden(self.html)["draft"])  # JSON is YAML
        return [rule["name"] for rule in document["rules"]]


@pytest.fixture
def editor() -> Editor:
    return Editor(signed_in(Role.ADMIN))


RULE = {"name": "docs", "task_type": ["docs"], "tier": "fast", "drivers": "best", "confirm": "no"}


def test_the_rules_that_hold_are_shown_in_words(editor: Editor) -> None:
    assert editor.names == [rule.name for rule in shipped_rules().rules]
    assert "Nothing to find" in editor.text
    assert "reversal cost 0.7 or more" in editor.text
    assert "whoever is best" in editor.text


def test_rows_are_moved_added_removed_and_nothing_is_saved(editor: Editor) -> None:
    names = editor.names
    assert editor.act("down:rule:0").names == [names[1], names[0], *names[2:]]
    assert editor.act("up:rule:1").names == names
    assert editor.act("up:rule:0").names == names  # at the edge it stays
    assert editor.act("remove:rule:2").names == [*names[:2], *names[3:]]
    assert editor.act("add:rule:0").names[:2] == [names[0], "new rule"]
    assert hidden(editor.html)["opened"] == "rule:1"
    assert editor.act("add:rule", name="extra", confirm="yes").names[-1] == "new rule"
    assert editor.names[1] == "extra"  # what was typed in the opened row came along
    assert RouteRulesRow.objects.count() == 0


def test_an_opened_row_takes_over_what_is_typed(editor: Editor) -> None:
    editor.act("open:rule:0")
    editor.act(
        "close",
        name="careful",
        task_type=["docs", "test"],
        risk="high",
        stack="React, postgres",
        language="Rust",
        paths="*.sql\nsrc\\db\\*",
        sub_dimensions="reversal cost >= 0,7, security_surface 0.5",
        tier="top",
        drivers="claude, grok",
        confirm="",
    )
    document = yaml.safe_load(hidden(editor.html)["draft"])
    assert document["rules"][0] == {
        "name": "careful",
        "when": {
            "task_type": ["test", "docs"],
            "risk": ["high"],
            "stack": ["react", "postgres"],
            "language": ["rust"],
            "paths": ["*.sql", "src/db/*"],
            "sub_dimensions": {"reversal_cost": 0.7, "security_surface": 0.5},
        },
        "tier": "top",
        "drivers": ["claude", "grok"],
    }
    assert "unsaved change" in editor.text


def test_what_cannot_be_read_stays_as_it_was_typed(editor: Editor) -> None:
    editor.act("open:rule:0").act("close", name="kept", sub_dimensions="fame 0.5")
    assert editor.status == 422
    assert "no sub-dimension" in editor.text
    assert 'value="kept"' in editor.html.decode()
    assert 'value="fame 0.5"' in editor.html.decode()
    assert editor.act("cancel").status == 200
    assert editor.names[0] == "high risk"


def test_a_renamed_tier_or_driver_takes_its_rules_along(editor: Editor) -> None:
    editor.act("open:tier:0").act("close", name="quick", budget="low", preference="7", ceiling="0.5", models="a/b\nc/d")
    editor.act("open:driver:0").act("close", name="claude code", providers="anthropic")
    document = yaml.safe_load(hidden(editor.html)["draft"])
    assert document["tiers"][0] == {
        "name": "quick",
        "budget": "low",
        "preference": 7,
        "max_prompt_usd_per_mtok": 0.5,
        "models": ["a/b", "c/d"],
    }
    assert {rule.get("tier") for rule in document["rules"]} == {"top", "standard", "quick", None}
    assert ["claude code"] in [rule.get("drivers") for rule in document["rules"]]
    assert next(iter(document["drivers"])) == "claude code"
    assert editor.act("open:tier:0").act("close", name="quick", budget="low", ceiling="a lot").status == 422


def test_the_linter_speaks_while_somebody_types(editor: Editor) -> None:
    editor.act("open:rule:0")
    carried = editor.html
    editor.post("_findings", name="all", tier="no such", confirm="yes")
    assert "names the tier 'no such'" in editor.text
    assert "<form" not in editor.html.decode()
    editor.html = carried
    editor.post("_findings", name="all", tier="top", confirm="yes")
    assert "always decides first" in editor.text
    editor.html = carried
    assert editor.post("_findings", name="x", sub_dimensions="?").status == 422
    editor.html = carried
    editor.post("_findings", name="all", tier="top", confirm="yes", act="remove:rule:0")  # clicked before it was typed
    assert "always decides first" in editor.text


def test_a_saved_draft_holds_with_its_note(editor: Editor) -> None:
    editor.act("add:rule:0").post(
        "save/", name="docs", task_type="docs", tier="fast", drivers="best", note="cheap docs"
    )
    assert editor.status == 302
    row = RouteRulesRow.objects.get()
    assert (row.why, row.by) == ("cheap docs", "some-admin")
    assert rules_in_force().rules[1].name == "docs"
    assert f"site-{row.pk} holds" in text_of(editor.client.get("/route/policy/").content)


def test_rules_with_errors_come_back_unsaved_with_everything_typed(editor: Editor) -> None:
    editor.act("add:rule").post("save/", name="too late", task_type="docs", tier="fast", note="my note")
    assert editor.status == 422
    assert "together always decide first" in editor.text
    assert editor.names[-1] == "too late"
    assert 'value="my note"' in editor.html.decode()
    assert RouteRulesRow.objects.count() == 0


def test_of_two_admins_the_second_is_told_and_loses_nothing(editor: Editor) -> None:
    other = Editor(signed_in(Role.ADMIN))
    other.act("remove:rule:1").post("save/", note="first")
    first = rules_in_force()
    editor.act("add:rule:0").post("save/", name="mine", task_type="docs", tier="fast", note="second")
    assert editor.status == 409
    assert "Somebody was faster" in editor.text
    assert "Rule 'hard to take back' is gone." in editor.text  # what the other one did
    assert editor.names[1] == "mine"
    assert 'value="second"' in editor.html.decode()
    assert rules_in_force() == first
    editor.act(f"rebase:{first.version}", name="mine", task_type="docs", tier="fast").post("save/", note="second")
    assert editor.status == 302
    assert rules_in_force().rules[1].name == "mine"


def test_the_text_is_the_same_draft(editor: Editor) -> None:
    editor.act("remove:rule:0").act("view:yaml")
    shown = unescape(re.search(r"<textarea[^>]*name=\"yaml\"[^>]*>([^<]*)<", editor.html.decode()).group(1))  # type: ignore[union-attr]  # it is there
    document = yaml.safe_load(shown)
    assert [rule["name"] for rule in document["rules"]] == editor.names
    document["rules"][0]["name"] = "by hand"
    editor.act("view:table", yaml=yaml.safe_dump(document))
    assert editor.names[0] == "by hand"
    editor.act("view:yaml").act("view:table", yaml="rules: [")
    assert editor.status == 422
    assert "rules: [" in unescape(editor.html.decode())
    editor.act("view:table", yaml="rules: 5")
    assert editor.status == 422


def test_the_draft_is_tried_on_what_was_decided(editor: Editor) -> None:
    actor = User.objects.create_user("ben", role="member").as_actor()
    easy = route(request=RouteRequest("Fix the typo in the README"), actor=actor)
    editor.act("open:tier:0").act("what-if", name="fast", budget="any", preference="10")
    assert "Would change 1 of 1" in editor.text
    assert f"/decisions/{easy.decision_id}/" in editor.html.decode()
    editor.act("open:rule:0").act("what-if", name="x", tier="no such")
    assert "Mend them first" in editor.text


def test_versions_are_listed_compared_restored_and_exported(editor: Editor) -> None:
    changed = {**document_of(shipped_rules()), "driver_margin_score": 5}
    first = save_rules(changed, actor=COMMAND_LINE, why="closer")
    second = save_rules({**changed, "driver_margin_score": 7}, actor=COMMAND_LINE)
    client = editor.client
    listed = text_of(client.get("/route/policy/versions/").content)
    assert f"{second.version} holds" in listed
    assert "closer" in listed
    page = text_of(client.get(f"/route/policy/versions/?before={first.version}&after={second.version}").content)
    assert "7 points behind, not 5" in page
    text = client.get(f"/route/policy/export.yaml?version={first.version}").content.decode()
    assert text == dump_rules(first)
    said = {"version": first.version, "base_version": second.version}
    assert client.post("/route/policy/restore/", said).status_code == 302
    assert rules_in_force().driver_margin_score == 5
    page = client.post("/route/policy/restore/", said, follow=True)
    assert "Nothing was changed" in text_of(page.content)
    said = {"version": "default-1", "base_version": rules_in_force().version}
    client.post("/route/policy/restore/", said)
    assert rules_in_force() is shipped_rules()
    assert client.get("/route/policy/versions/?before=site-999").status_code == 404
    assert first.version in text_of(client.get(f"/route/policy/?from={first.version}").content)


@pytest.mark.parametrize("draft", ["{", "[]", '{"rules": 5}', '{"rules": []}', "5"])
def test_a_form_that_this_page_never_wrote_is_refused(editor: Editor, draft: str) -> None:
    response = editor.client.post("/route/policy/", {"draft": draft, "act": "up:rule:0"})
    assert response.status_code in {200, 422}
    assert "Routing policy" in text_of(response.content)
    for act in ("up:rule:999", "open:nothing:0", "remove:rule:x", "fly", "add", "up:rule:-1"):
        assert editor.act(act).status == 200


def test_a_page_asks_the_database_little(editor: Editor, django_assert_max_num_queries: Any) -> None:
    for address in ("/route/policy/", "/route/policy/versions/"):
        editor.client.get(address)
        with django_assert_max_num_queries(8):
            editor.client.get(address)
