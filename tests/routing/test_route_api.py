"""Kickoffs over HTTP: sessions, momentum, drivers, overrides, replay."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test import Client

from catalog.shapes import Category
from routing.adjustments import publish
from routing.limits import SITE, set_limits
from routing.models import DecisionOverride, RouteSession, StoredDecision
from routing.route_rules import get_rules, restore_shipped_rules, save_rules, shipped_rules
from routing.shapes import Adjustment, Classification, Evidence, Label, Limits
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE
from tests.factories import make_snapshot
from tests.routing.conftest import models

pytestmark = pytest.mark.usefixtures("catalogue", "_words_decide")

EASY, MEDIUM, HARD, RISKY, DOCS, DESIGN = "easy", "medium", "hard", "risky", "docs", "design"


@pytest.fixture
def _words_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """The task's first word is its classification: these stories are not about the classifier."""

    def classify(text: str) -> Classification:
        word = text.split(maxsplit=1)[0]
        task_type = word if word in {DOCS, DESIGN} else "feature"
        complexity = word if word in {EASY, MEDIUM, HARD} else "medium"
        risk = "high" if word == RISKY else "low"
        labels = [Label(value, 0.9) for value in ("coding", task_type, complexity, risk)]
        return Classification(*labels, sub_dimensions={"reversal_cost": 0.1}, engine="first word")

    monkeypatch.setattr("routing.routes.classify", classify)


def send(client: Client, body: object, status: int = 200, address: str = "route") -> Any:
    response = client.post(f"/api/{address}", data=json.dumps(body), content_type="application/json")
    assert response.status_code == status, response.content[:300]
    answer = json.loads(response.content)
    return answer.get("data", answer)


def route(client: Client, task: str, **more: object) -> Any:
    return send(client, {"task": f"{task} work", **more})


def test_fields_that_are_not_heard_are_named(client: Client) -> None:
    def ask(**more: object) -> Any:
        return client.post("/api/route", json.dumps({"task": f"{EASY} work", **more}), "application/json").json()

    assert "meta" not in ask(sessionId="s", related_to="r", drivers=["api"], files=[], stack=[], exclude=[])
    (note,) = ask(allowedDrivers=["claude"], bogus=1)["meta"]["notes"]
    assert "'allowedDrivers', 'bogus'" in note
    assert "drivers" in note.split(". Its fields are ")[1]


def test_an_answer_says_who_and_why(client: Client) -> None:
    answer = route(client, RISKY)
    assert (answer["driverKind"], answer["model"], answer["tier"]) == ("claude", "anthropic/grand", "top")
    assert (answer["confirmationRequired"], answer["confirmationReason"]) == (True, "high risk")
    assert answer["classification"]["risk"] == {"label": "high", "confidence": 0.9, "probabilities": {}}
    assert answer["classification"]["subDimensions"] == {"reversal_cost": 0.1}
    assert "high risk (90%)" in answer["rationale"]
    assert answer["runnersUp"][0]["id"] == "openai/big"
    assert answer["policyVersion"] == "default-1"
    assert StoredDecision.objects.get(pk=answer["decisionId"]).chosen == ["anthropic/grand"]


def test_cheap_work_stays_cheap_and_hard_work_gets_the_best(client: Client) -> None:
    assert route(client, DOCS)["pricing"]["prompt"] <= 1
    assert route(client, EASY)["tier"] == "fast"
    assert route(client, MEDIUM)["tier"] == "standard"
    assert route(client, HARD)["model"] == "anthropic/grand"


def test_a_budget_takes_the_place_of_the_tier_s(client: Client) -> None:
    answer = route(client, HARD, budget="low")
    assert (answer["tier"], answer["pricing"]["prompt"] <= 1) == ("top", True)


def test_only_allowed_drivers_are_used(client: Client) -> None:
    assert route(client, HARD, drivers=["codex"])["model"] == "openai/big"
    assert route(client, HARD, drivers=["grok", "gemini"])["driverKind"] == "grok"
    api = route(client, HARD, drivers=["api"])
    assert (api["driverKind"], api["model"]) == ("api", "anthropic/grand")
    assert send(client, {"task": "easy", "drivers": ["telepathy"]}, 400)["error"]["code"] == "INVALID_PARAM"


def test_a_preferred_driver_is_taken_unless_it_is_much_worse(client: Client) -> None:
    assert route(client, MEDIUM)["driverKind"] == "codex"
    assert route(client, DESIGN)["driverKind"] == "claude"
    set_limits(Limits(deny_models=frozenset({"anthropic/middle"})), scope=SITE, actor=COMMAND_LINE)
    assert route(client, DESIGN)["driverKind"] == "codex"


def test_a_tier_with_nothing_left_gives_way_to_a_higher_one(client: Client) -> None:
    answer = route(client, EASY, drivers=["claude"])
    assert (answer["tier"], answer["model"]) == ("standard", "anthropic/middle")
    assert "nothing is left in fast" in answer["rationale"]


def test_hard_filters_hold_everywhere(client: Client) -> None:
    set_limits(Limits(deny_providers=frozenset({"anthropic", "openai"})), scope=SITE, actor=COMMAND_LINE)
    assert route(client, HARD)["provider"] not in {"anthropic", "openai"}
    refused = send(client, {"task": "hard", "drivers": ["claude"]}, 404)
    assert refused["error"]["code"] == "NO_MODEL"
    assert "denied providers took" in refused["error"]["message"]


# --- sessions --------------------------------------------------------------------------------------


def test_a_session_keeps_its_model_even_when_another_would_be_better_now(client: Client) -> None:
    first = route(client, MEDIUM, session_id="s")
    publish([Adjustment(Evidence.COMMUNITY, "x-ai/wide", Category.CODING, 1.0, 500)])
    assert route(client, MEDIUM)["model"] == "x-ai/wide"
    again = route(client, MEDIUM, session_id="s")
    assert (again["model"], again["decisionId"]) == (first["model"], first["decisionId"])
    assert again["session"] == {"id": "s", "locked": True, "overridden": False}


def test_easier_work_in_a_session_keeps_model_and_tier(client: Client) -> None:
    first = route(client, HARD, sessionId="s")
    again = route(client, EASY, sessionId="s")
    assert (again["model"], again["tier"], again["session"]["locked"]) == (first["model"], "top", True)


def test_harder_work_in_a_session_gets_its_own_tier_and_keeps_it(client: Client) -> None:
    route(client, EASY, session_id="s")
    harder = route(client, HARD, session_id="s")
    assert (harder["tier"], harder["session"]["locked"]) == ("top", False)
    assert route(client, EASY, session_id="s")["model"] == harder["model"]


def test_the_same_task_is_the_same_task_whatever_files_are_open_later(client: Client) -> None:
    first = route(client, MEDIUM, session_id="s")
    again = route(client, MEDIUM, session_id="s", files=["app/auth/login.py"])
    assert (again["model"], again["session"]["locked"]) == (first["model"], True)
    assert again["confirmationRequired"] is True


def test_a_driver_that_is_not_allowed_any_more_is_chosen_again(client: Client) -> None:
    assert route(client, MEDIUM, session_id="s")["driverKind"] == "codex"
    assert route(client, MEDIUM, session_id="s", drivers=["grok"])["driverKind"] == "grok"
    api = route(client, MEDIUM, session_id="s", drivers=["api"])
    assert (api["driverKind"], api["session"]["locked"]) == ("api", False)


def test_related_work_inherits_the_tier_unless_it_is_harder(client: Client) -> None:
    route(client, MEDIUM, session_id="before")
    inherits = route(client, EASY, session_id="after", related_to="before")
    assert (inherits["tier"], inherits["inheritedTier"]) == ("standard", "standard")
    harder = route(client, HARD, session_id="later", relatedTo="before")
    assert (harder["tier"], harder["inheritedTier"]) == ("top", None)


def test_a_locked_model_that_is_forbidden_now_is_chosen_again(client: Client) -> None:
    first = route(client, MEDIUM, session_id="s")
    set_limits(Limits(deny_models=frozenset({first["model"]})), scope=SITE, actor=COMMAND_LINE)
    second = route(client, MEDIUM, session_id="s")
    assert second["model"] != first["model"]
    assert route(client, MEDIUM, session_id="s")["model"] == second["model"]


def test_sessions_of_different_people_do_not_meet(client: Client) -> None:
    route(client, HARD, session_id="s")
    client.force_login(User.objects.create_user("ann", role="member"))
    assert route(client, EASY, session_id="s")["tier"] == "fast"


def test_of_two_who_start_a_session_at_once_the_slower_gets_the_faster_one_s_model(client: Client) -> None:
    """The lock is taken between the slower one's look and its own try."""
    from routing import routes

    look = routes.find_lock
    raced: list[str] = []

    def look_too_early(scope: str, session_id: str) -> Any:
        seen = look(scope, session_id)
        if not raced:
            raced.append("now")
            raced.append(route(client, HARD, session_id="s")["model"])
        return seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "find_lock", look_too_early)
        slower = route(client, EASY, session_id="s")
    assert slower["model"] == raced[1]
    assert slower["session"]["locked"]
    assert StoredDecision.objects.count() == RouteSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_session_has_one_model_however_many_ask_at_once() -> None:
    """Real threads on real connections."""
    from concurrent.futures import ThreadPoolExecutor

    tasks = [EASY, MEDIUM, HARD, DOCS] * 4

    def ask(task: str) -> str:
        try:
            return str(route(Client(), task, session_id="many")["model"])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, tasks))
    settled = route(Client(), EASY, session_id="many")
    assert RouteSession.objects.count() == 1
    assert settled["tier"] == "top"
    assert {str(row.pk) for row in StoredDecision.objects.all()} >= {settled["decisionId"]}
    assert StoredDecision.objects.count() == RouteSession.objects.get().version


# --- overrides, replay, rules ----------------------------------------------------------------------


def test_a_person_s_choice_is_recorded_and_holds(client: Client) -> None:
    first = route(client, MEDIUM, session_id="s")
    word = {"decisionId": first["decisionId"], "model": "x-ai/wide", "driverKind": "grok", "why": "I know it"}
    assert send(client, word, address="route/override") == {"recorded": True, "model": "x-ai/wide", "sessions": 1}
    kept = route(client, HARD, session_id="s")
    assert (kept["model"], kept["driverKind"]) == ("x-ai/wide", "grok")
    assert kept["session"] == {"id": "s", "locked": True, "overridden": True}
    assert DecisionOverride.objects.get().why == "I know it"


@pytest.mark.parametrize(
    ("model", "expected"), [("x-ai/wide", "grok"), ("deepseek/blind", "api"), ("anthropic/grand", "claude")]
)
def test_a_model_that_a_person_takes_comes_with_a_driver_that_runs_it(
    client: Client, model: str, expected: str
) -> None:
    first = route(client, RISKY, session_id="s")
    assert first["driverKind"] == "claude"
    send(client, {"decisionId": first["decisionId"], "model": model}, address="route/override")
    kept = route(client, RISKY, session_id="s")
    assert (kept["model"], kept["driverKind"]) == (model, expected)


def test_a_driver_for_everybody_keeps_the_model_that_a_person_takes(client: Client) -> None:
    first = route(client, RISKY, session_id="s", drivers=["api"])
    send(client, {"decisionId": first["decisionId"], "model": "x-ai/wide"}, address="route/override")
    assert route(client, RISKY, session_id="s", drivers=["api"])["driverKind"] == "api"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"driverKind": "nobody"}, 400, "INVALID_PARAM"),
        ({"decisionId": ""}, 400, "MISSING_PARAM"),
        ({"model": None}, 400, "MISSING_PARAM"),
        ({"model": "no/such"}, 400, "INVALID_PARAM"),
        ({"model": 5}, 400, "INVALID_PARAM"),
        ({"why": ["x"]}, 400, "INVALID_PARAM"),
        ({"decisionId": "00000000-0000-4000-8000-000000000000"}, 404, "NOT_FOUND"),
        ({"decisionId": "constructor"}, 404, "NOT_FOUND"),
    ],
)
def test_overrides_of_nothing_are_refused(client: Client, change: dict[str, Any], status: int, code: str) -> None:
    word = {"decisionId": route(client, MEDIUM)["decisionId"], "model": "x-ai/wide"} | change
    assert send(client, word, status, "route/override")["error"]["code"] == code


def test_nobody_overrides_or_replays_somebody_else_s_decision(client: Client) -> None:
    client.force_login(User.objects.create_user("ann", role="member"))
    mine = route(client, MEDIUM)["decisionId"]
    other = Client()
    other.force_login(User.objects.create_user("ben", role="member"))
    assert (
        send(other, {"decisionId": mine, "model": "x-ai/wide"}, 404, "route/override")["error"]["code"] == "NOT_FOUND"
    )
    assert other.get(f"/api/decisions/{mine}/replay").status_code == 404
    assert client.get(f"/api/decisions/{mine}/replay").status_code == 200
    admin = Client()
    admin.force_login(User.objects.create_user("root", role="admin"))
    assert admin.get(f"/api/decisions/{mine}/replay").status_code == 200


def test_a_decision_made_again_is_the_same_whatever_was_learned_since(client: Client) -> None:
    set_limits(Limits(deny_models=frozenset({"deepseek/blind"})), scope=SITE, actor=COMMAND_LINE)
    routed = route(client, HARD, drivers=["claude", "codex"], stack=["rust"])
    send(client, {"task": "coding", "count": 3, "preference": 3, "budget": "any"}, address="recommend")
    token = client.get("/api/pick?task=coding&budget=any&exclude=anthropic/grand").json()["data"]
    person = Client()
    person.force_login(User.objects.create_user("ann", role="member"))
    own = person.get("/api/recommend?task=coding&count=4").json()
    publish([Adjustment(Evidence.COMMUNITY, "google/quick", Category.CODING, 1.0, 900)])
    set_limits(Limits(deny_providers=frozenset({"anthropic", "openai"})), scope=SITE, actor=COMMAND_LINE)
    publish_snapshot_beside(make_snapshot(*models()[3:]))

    def again(decision_id: str, asking: Client = client) -> Any:
        return asking.get(f"/api/decisions/{decision_id}/replay").json()["data"]

    assert again(routed["decisionId"])["same"] is True
    assert again(routed["decisionId"])["chosenNow"] == [routed["model"]]
    assert again(token["decisionId"])["chosenNow"] == [token["id"]]
    mine = again(own["meta"]["decisionId"], person)
    assert mine["same"] is True
    assert mine["chosenNow"] == [item["model"]["id"] for item in own["data"]]
    kept = StoredDecision.objects.filter(kind="recommend", actor="anonymous").get()
    assert again(str(kept.pk))["chosenThen"] == again(str(kept.pk))["chosenNow"] == kept.chosen


def publish_snapshot_beside(snapshot: Any) -> None:
    """A newer snapshot, the older one kept."""
    from django.utils import timezone

    from catalog.codec import content_sha256, pack_snapshot
    from catalog.models import StoredSnapshot

    StoredSnapshot.objects.create(
        published_at=timezone.now(),
        trigger="test",
        policy_version="1",
        content_sha256=content_sha256(snapshot),
        entry_count=len(snapshot.entries),
        body_compressed=pack_snapshot(snapshot),
    )


def packed(*question: object) -> str:
    return "q1_" + base64.urlsafe_b64encode(msgspec.msgpack.encode(question)).decode().rstrip("=")


HUGE = [
    packed("pick", 2**63, "1", 0, "coding", "medium", 1, None, [], None, [], []),
    packed("pick", 1, "1", 2**64 - 1, "coding", "medium", 1, None, [], None, [], []),
    packed("pick", 1, "1", 0, "coding", "medium", -1, None, [], None, [], []),
    packed("pick", 999, "1", 0, "coding", "medium", 1, None, [], None, [], []),
    packed("pick", 0, "nine", 0, "coding", "medium", 1, None, [], None, [], []),
]


@pytest.mark.parametrize("token", [*HUGE, "q1_", "q1_AAAA", "q1_" + "A" * 20_000, "q1_nKRw", "q1_é", "x", "0"])
def test_tokens_that_this_site_did_not_make_open_nothing(client: Client, token: str) -> None:
    assert client.get(f"/api/decisions/{token}/replay").status_code == 404


def test_a_site_s_own_rules_hold_from_the_next_kickoff_on(client: Client) -> None:
    document = {
        "version": "ignored",
        "drivers": {"api": ["*"]},
        "tiers": [{"name": "only", "budget": "low"}],
        "rules": [{"name": "all", "tier": "only", "drivers": ["api"], "confirm": True}],
    }
    rules = save_rules(document, actor=COMMAND_LINE, why="try")
    answer = route(client, EASY)
    assert (answer["driverKind"], answer["tier"], answer["policyVersion"]) == ("api", "only", rules.version)
    assert get_rules(rules.version) == rules
    restore_shipped_rules(actor=COMMAND_LINE)
    assert route(client, EASY)["policyVersion"] == shipped_rules().version
    assert get_rules(rules.version) == rules


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"task": ["x"]},
        {"task": "easy", "files": {"a": 1}},
        {"task": "easy", "files": ["x"] * 201},
        {"task": "easy", "stack": [1]},
        {"task": "easy", "session_id": 7},
        {"task": "easy", "session_id": "a\u0000b"},
        {"task": "easy", "budget": "constructor"},
        {"task": "easy", "drivers": "constructor"},
        [],
    ],
)
def test_hostile_kickoffs_get_a_clear_refusal(client: Client, body: object) -> None:
    assert send(client, body, 400)["error"]["code"] in {"MISSING_PARAM", "INVALID_PARAM", "INVALID_BODY"}
