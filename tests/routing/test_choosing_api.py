"""Picking and recommending over HTTP, as the ancestor's plugin and MCP server do it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from routing.adjustments import publish, scope_of_user
from routing.limits import SITE, set_limits
from routing.models import StoredDecision
from routing.shapes import Adjustment, Classification, Evidence, Label, Limits
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE

pytestmark = pytest.mark.usefixtures("catalogue")


def get(client: Client, address: str, status: int = 200, **query: object) -> Any:
    response = client.get(f"/api/{address}?{urlencode(query)}")
    assert response.status_code == status, response.content[:300]
    return json.loads(response.content)


def post(client: Client, address: str, body: object, status: int = 200) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body)
    response = client.post(f"/api/{address}", data=data, content_type="application/json")
    assert response.status_code == status, response.content[:300]
    return json.loads(response.content)


def picked(client: Client, **query: object) -> str:
    return str(get(client, "pick", **query)["data"]["id"])


# --- the ancestor's wire ---------------------------------------------------------------------------


def test_a_pick_has_the_ancestor_s_fields_and_types(client: Client) -> None:
    data = get(client, "pick", task="coding")["data"]
    assert data["id"] == "openai/big"
    assert (data["name"], data["provider"], data["budget"]) == ("Big", "openai", "medium")
    assert (data["score"], data["benchmarkScore"], data["personalScore"]) == (84, 84, None)
    assert data["pricing"] == {"prompt": 5, "completion": 20}
    assert data["tier"] == {"min": 0, "max": 5}
    assert data["candidateCount"] == 7
    assert data["reason"] == "Best coding model at medium budget ($0-5/M) — score: 84"
    assert "contextTags" not in data
    assert "contextBoost" not in data


def test_a_pick_at_any_budget_has_no_upper_end(client: Client) -> None:
    data = get(client, "pick", task="coding", budget="any")["data"]
    assert data["id"] == "anthropic/grand"
    assert data["tier"] == {"min": 0, "max": None}
    assert "($0-Infinity/M)" in data["reason"]


def test_tags_are_echoed_even_where_they_do_nothing(client: Client) -> None:
    data = get(client, "pick", task="coding", context="bogus,constructor,bogus")["data"]
    assert (data["contextTags"], data["contextBoost"]) == (["bogus", "constructor"], 0)


def test_recommendations_have_the_ancestor_s_fields_and_types(client: Client) -> None:
    body = get(client, "recommend", task="coding", count=3)
    assert [item["model"]["provider"] for item in body["data"]] == ["openai", "anthropic", "deepseek"]
    assert {name: body["meta"][name] for name in ("task", "taskRaw", "budget", "candidatesConsidered")} == {
        "task": "coding",
        "taskRaw": "coding",
        "budget": "medium",
        "candidatesConsidered": 7,
    }
    first = body["data"][0]
    assert first["reason"] == "Top coding model at medium budget (2 benchmark sources)"
    assert 0 < first["confidence"] < 1
    assert first["model"]["capabilities"]["vision"] is True
    assert first["model"]["scores"]["coding"] == 84


def test_recommendations_may_be_none_and_say_why(client: Client) -> None:
    body = get(client, "recommend", task="vision", budget="low", exclude="openai/small,google/quick")
    assert body["data"] == []
    assert body["meta"]["candidatesConsidered"] == 0
    assert [item["filter"] for item in body["meta"]["removed"]] == ["category", "budget", "exclude"]


def test_a_pick_of_nothing_says_which_filter_took_what(client: Client) -> None:
    body = get(client, "pick", 404, task="vision", budget="low", exclude="openai/small,google/quick")
    assert body["error"]["code"] == "NO_MODEL"
    assert "exclude took 2" in body["error"]["message"]
    assert "budget took 4" in body["error"]["message"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "MISSING_PARAM"),
        ({"budget": "x"}, "MISSING_PARAM"),
        ({"task": "coding", "budget": "x", "exclude": "a b"}, "INVALID_PARAM"),
        ({"task": "coding", "exclude": "a b"}, "INVALID_PARAM"),
        ({"task": "coding", "require": "telepathy"}, "INVALID_PARAM"),
    ],
)
@pytest.mark.parametrize("address", ["pick", "recommend"])
def test_faults_have_the_ancestor_s_codes(client: Client, address: str, query: dict[str, str], code: str) -> None:
    assert get(client, address, 400, **query)["error"]["code"] == code


def test_of_a_repeated_parameter_the_first_value_counts(client: Client) -> None:
    body = client.get("/api/pick?task=coding&budget=low&budget=any").json()
    assert body["data"]["budget"] == "low"


# --- right where the ancestor is wrong -------------------------------------------------------------


def test_a_task_about_pictures_never_gets_a_blind_model(client: Client) -> None:
    ids = {item["model"]["id"] for item in get(client, "recommend", task="vision", budget="low", count=5)["data"]}
    assert ids == {"openai/small", "google/quick"}
    assert "blind" not in picked(client, task="coding", context="vision", budget="low")
    assert "blind" not in picked(client, task="coding", require="vision", budget="low")


def test_a_fast_and_cheap_task_never_gets_a_flagship(client: Client) -> None:
    for budget in ("low", "medium", "any"):
        assert picked(client, task="fast-cheap", budget=budget) == "deepseek/blind"


def test_a_task_that_only_sounds_quick_is_done_at_the_price_that_was_asked_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = Classification(*[Label("fast-cheap", 0.8)] * 4, sub_dimensions={}, engine="test")
    monkeypatch.setattr("routing.decide.classify", lambda _text: quick)
    assert get(client, "pick", task="say hello")["data"]["category"] == "fast-cheap"
    dear = get(client, "pick", task="say hello", budget="high")["data"]
    assert (dear["category"], dear["id"]) == ("general", "anthropic/grand")
    named = get(client, "pick", task="fast-cheap", budget="high")["data"]
    assert (named["category"], named["id"]) == (dear["category"], dear["id"])


def test_context_lengths_hold_above_a_million(client: Client) -> None:
    assert picked(client, task="coding", minContext=1_500_000) == "x-ai/wide"
    assert get(client, "recommend", task="coding", minContext=3_000_000)["data"] == []


def test_a_task_in_words_gets_its_category(client: Client) -> None:
    data = get(client, "pick", task="Write a short poem about autumn for a birthday card")["data"]
    assert data["category"] == "creative"


def test_long_tasks_over_many_lines_are_accepted(client: Client) -> None:
    task = "Fix the failing tests:\n\n" + "\tTraceback in module alpha\n" * 40
    assert get(client, "pick", task=task)["data"]["category"] == "coding"
    assert post(client, "pick", {"task": task * 90})["data"]["category"] == "coding"


@pytest.mark.parametrize(
    "query",
    [
        {"task": "coding"},
        {"task": "Compare three vendors\nand say which is cheapest", "budget": "low"},
        {"task": "vision", "context": "rust,bogus", "exclude": "openai/big,openrouter/google/quick", "require": "json"},
        {"task": "coding", "preference": "4", "minContext": "150000", "count": "4"},
        {"task": "coding", "budget": "x"},
        {"task": "fast-cheap", "budget": "high"},
    ],
)
@pytest.mark.parametrize("address", ["pick", "recommend"])
def test_a_request_as_get_and_as_post_gets_the_same_answer(client: Client, address: str, query: dict[str, str]) -> None:
    as_get = client.get(f"/api/{address}?{urlencode(query)}")
    as_post = client.post(f"/api/{address}", data=json.dumps(query), content_type="application/json")
    assert as_get.status_code == as_post.status_code
    assert as_get.content == as_post.content


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MISSING_PARAM"),
        (b"{", "INVALID_BODY"),
        (b"[]", "INVALID_BODY"),
        (b'"coding"', "INVALID_BODY"),
        (b'{"task": {"constructor": 1}}', "INVALID_PARAM"),
        (b'{"task": "\\ud800"}', "INVALID_PARAM"),
        (b'{"task": "a\\u0000b"}', "INVALID_PARAM"),
        (b'{"task": "coding", "budget": "constructor"}', "INVALID_PARAM"),
        (b'{"task": "coding", "exclude": {"a": 1}}', "INVALID_PARAM"),
        (b'{"task": "coding", "context": [["rust"]]}', "INVALID_PARAM"),
        (b'{"task": "' + b"x" * 300_000 + b'"}', "INVALID_PARAM"),
        (b"[" * 100_000, "INVALID_BODY"),
        (b"\xff\xfe", "INVALID_BODY"),
    ],
)
def test_hostile_bodies_get_a_clear_refusal(client: Client, body: bytes, code: str) -> None:
    assert post(client, "pick", body, 400)["error"]["code"] == code


def test_a_body_beyond_the_limit_is_not_read(client: Client) -> None:
    assert post(client, "pick", b'{"task": "' + b"x" * 1_100_000 + b'"}', 413)["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_an_empty_catalogue_has_no_model(client: Client) -> None:
    from catalog.models import StoredSnapshot

    StoredSnapshot.objects.all().delete()
    assert get(client, "pick", 404, task="coding")["error"]["code"] == "NO_MODEL"
    assert get(client, "recommend", task="coding")["data"] == []


# --- feedback, limits, decisions -------------------------------------------------------------------


def rated(model_id: str, share: float, count: float, evidence: Evidence = Evidence.PERSONAL) -> Adjustment:
    from catalog.shapes import Category

    return Adjustment(evidence, model_id, Category.CODING, share, count)


def test_ratings_count_for_their_person_alone(client: Client) -> None:
    person = User.objects.create_user("rater", role="member")
    publish([rated("x-ai/wide", 1.0, 80)], scope=scope_of_user(person.pk))
    assert picked(client, task="coding") == "openai/big"
    client.force_login(person)
    data = get(client, "pick", task="coding")["data"]
    assert (data["id"], data["personalScore"]) == ("x-ai/wide", 1)
    assert data["reason"].endswith("(personal: 100%)")
    assert [part["evidence"] for part in data["parts"]] == ["benchmark", "personal"]


def test_what_the_community_says_counts_for_everybody(client: Client) -> None:
    publish([rated("anthropic/middle", 1.0, 200, Evidence.COMMUNITY)])
    assert picked(client, task="coding") == "anthropic/middle"
    publish([], is_whole=[Evidence.COMMUNITY])
    assert picked(client, task="coding") == "openai/big"


def test_publishing_the_same_again_changes_nothing() -> None:
    first = publish([rated("anthropic/middle", 0.9, 20)], scope="user:1")
    assert publish([rated("anthropic/middle", 0.9, 20)], scope="user:1") == first
    assert publish([rated("anthropic/middle", 0.9, 21)], scope="user:1") == first + 1


def test_the_site_s_limits_hold_for_everybody(client: Client) -> None:
    set_limits(Limits(deny_providers=frozenset({"openai"})), scope=SITE, actor=COMMAND_LINE)
    assert picked(client, task="coding") == "anthropic/middle"
    set_limits(Limits(), scope=SITE, actor=COMMAND_LINE)
    assert picked(client, task="coding") == "openai/big"


def test_an_open_read_writes_nothing_and_everything_else_is_stored(client: Client) -> None:
    get(client, "pick", task="coding")
    get(client, "recommend", task="coding")
    assert not StoredDecision.objects.exists()
    post(client, "pick", {"task": "Fix the login"})
    client.force_login(User.objects.create_user("member", role="member"))
    get(client, "recommend", task="coding", count=2)
    kinds = StoredDecision.objects.order_by("made_at").values_list("kind", "actor", "task", "chosen")
    assert list(kinds) == [
        ("pick", "anonymous", "Fix the login", ["openai/big"]),
        ("recommend", "member", "coding", ["openai/big", "anthropic/middle"]),
    ]
