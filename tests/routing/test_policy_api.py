"""The rules over HTTP: read, checked, tried out, saved by one of two, and put back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from django.test import Client

from routing.decide import pick, route
from routing.models import RouteRulesRow
from routing.policy_versions import list_versions
from routing.route_rules import get_rules, shipped_rules
from routing.shapes import RouteRequest, TaskRequest
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import ANONYMOUS

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ann", role="admin"))
    return client


def ask(client: Client, address: str, body: object = None, status: int = 200) -> Any:
    path = f"/api/route/{address}"
    response = client.get(path) if body is None else client.post(path, body, content_type="application/json")
    assert response.status_code == status, response.content[:400]
    told = json.loads(response.content)
    return told["data"] if status == 200 else told["error"]


def everything_to(tier: str) -> dict[str, Any]:
    document = {
        "drivers": {"api": ["*"]},
        "tiers": [{"name": "low", "budget": "low"}, {"name": "top", "budget": "any"}],
    }
    return {**document, "rules": [{"name": "all", "tier": tier, "drivers": [], "confirm": False}]}


def save(client: Client, document: object, base: str = "default-1", status: int = 200, **more: Any) -> Any:
    return ask(client, "policy", {"document": document, "baseVersion": base, **more}, status)


def test_a_site_starts_with_the_shipped_rules_and_nothing_to_find(admin: Client) -> None:
    told = ask(admin, "policy")
    assert (told["version"], told["isShipped"], told["findings"]) == ("default-1", True, [])
    assert yaml.safe_load(told["yaml"]) == told["document"]


def test_saved_rules_decide_from_then_on_and_leave_a_trace(admin: Client) -> None:
    saved = save(admin, everything_to("low"), note="cheaper")
    answer = route(request=RouteRequest("Redesign the whole payment system"), actor=ANONYMOUS)
    assert (answer.rules_version, answer.tier) == (saved["version"], "low")
    entry = AuditEntry.objects.get(action="rules.save")
    assert (entry.actor, entry.why, entry.before) == ("ann", "cheaper", {"version": "default-1"})
    assert "Rule 'all' is new, at place 1." in entry.after["differences"]


def test_yaml_is_taken_in_place_of_a_document(admin: Client) -> None:
    text = yaml.safe_dump(everything_to("top"))
    saved = ask(admin, "policy", {"yaml": text, "baseVersion": "default-1"})
    assert saved["document"]["rules"] == everything_to("top")["rules"]


def test_the_second_of_two_saves_is_refused_and_changes_nothing(admin: Client) -> None:
    first = save(admin, everything_to("low"))
    refusal = save(admin, everything_to("top"), status=409)
    assert refusal["code"] == "CONFLICT"
    assert first["version"] in refusal["message"]
    assert "ann saved them" in refusal["message"]
    assert ask(admin, "policy")["document"]["rules"][0]["tier"] == "low"
    assert RouteRulesRow.objects.count() == 1
    assert save(admin, everything_to("top"), base=first["version"])["version"] != first["version"]


def test_rules_that_can_never_count_are_not_saved_and_the_check_says_why(admin: Client) -> None:
    dead = everything_to("low")
    dead["rules"].append({"name": "docs", "when": {"task_type": ["docs"]}, "tier": "top"})
    assert "always decides first" in save(admin, dead, status=400)["message"]
    told = ask(admin, "policy/check", {"document": dead})
    assert (told["canBeSaved"], told["findings"][0]["code"], told["findings"][0]["rule"]) == (False, "unreachable", 2)
    assert ask(admin, "policy")["isShipped"]


@pytest.mark.parametrize(
    "body",
    [
        {"baseVersion": "default-1"},
        {"document": everything_to("low")},
        {"document": [], "baseVersion": "default-1"},
        {"document": everything_to("no such"), "baseVersion": "default-1"},
        {"yaml": "a: [", "baseVersion": "default-1"},
        {"yaml": 5, "baseVersion": "default-1"},
        {"document": everything_to("low"), "baseVersion": 1},
        {"document": everything_to("low"), "baseVersion": "default-1", "note": "x" * 501},
        {"document": everything_to("low"), "baseVersion": "default-1", "note": ["x"]},
        {
            "document": {**everything_to("low"), "rules": [{"name": "a\x00", "confirm": True}]},
            "baseVersion": "default-1",
        },
        [],
    ],
)
def test_what_is_no_rules_is_refused(admin: Client, body: object) -> None:
    ask(admin, "policy", body, 400)
    assert RouteRulesRow.objects.count() == 0


def test_an_older_version_holds_again_as_a_new_one_and_the_shipped_rules_too(admin: Client) -> None:
    first = save(admin, everything_to("low"))["version"]
    second = save(admin, everything_to("top"), base=first)["version"]
    third = ask(admin, "policy/restore", {"version": first, "baseVersion": second})
    assert third["version"] not in {first, second}
    assert third["document"]["rules"][0]["tier"] == "low"
    ask(admin, "policy/restore", {"version": second, "baseVersion": first}, 409)
    back = ask(admin, "policy/restore", {"version": "default-1", "baseVersion": third["version"], "note": "as it was"})
    assert back["isShipped"]
    listed = ask(admin, "policy/versions")
    assert [(item["version"], item["isCurrent"]) for item in listed] == [
        ("default-1", True),
        (third["version"], False),
        (second, False),
        (first, False),
        ("default-1", False),
    ]
    assert (listed[0]["by"], listed[0]["note"]) == ("ann", "as it was")
    assert listed[1]["note"] == f"{first} restored"
    ask(admin, "policy/restore", {"version": "site-999", "baseVersion": "default-1"}, 404)


def test_versions_can_be_read_and_compared(admin: Client) -> None:
    first = save(admin, everything_to("low"))["version"]
    second = save(admin, everything_to("top"), base=first)["version"]
    assert ask(admin, f"policy/versions/{first}")["document"]["rules"][0]["tier"] == "low"
    told = ask(admin, f"policy/differences?before={first}&after={second}")
    assert told["differences"] == ["Rule 'all': tier low → top."]
    ask(admin, "policy/versions/site-999", status=404)


def test_a_draft_is_tried_on_past_decisions_and_nothing_is_saved(admin: Client) -> None:
    actor = User.objects.create_user("ben", role="member").as_actor()
    easy = route(request=RouteRequest("Fix the typo in the README"), actor=actor)
    pick(request=TaskRequest("coding"), actor=actor)
    told = ask(admin, "policy/what-if", {"document": everything_to("top"), "count": 20})
    assert (told["replayed"], told["changed"]) == (2, 1)
    (move,) = told["decisions"]
    assert move["decisionId"] == easy.decision_id
    assert move["present"]["models"] == [easy.candidate.model_id]
    assert move["proposed"]["models"] == ["anthropic/grand"]
    assert move["costDifferenceUsd"] == pytest.approx(told["differenceUsd"])
    assert list_versions()[0].version == shipped_rules().version
    for count in (19, 501, "many", True):
        ask(admin, "policy/what-if", {"document": everything_to("top"), "count": count}, 400)


def test_the_order_of_drivers_survives_a_column_that_forgets_it(admin: Client) -> None:
    document = {**everything_to("low"), "drivers": {"zed": ["x-ai"], "api": ["*"], "codex": ["openai"]}}
    saved = save(admin, document)
    row = RouteRulesRow.objects.get()
    drivers = row.document["drivers"]
    RouteRulesRow.objects.update(document={**row.document, "drivers": dict(sorted(drivers.items()))})
    assert list(get_rules(saved["version"]).drivers) == ["zed", "api", "codex"]


def test_only_admins_reach_the_rules() -> None:
    client = Client()
    client.force_login(User.objects.create_user("vic", role="member"))
    ask(client, "policy", status=403)
    save(client, everything_to("low"), status=403)
    ask(Client(), "policy", status=401)
