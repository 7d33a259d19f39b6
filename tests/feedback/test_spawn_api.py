"""The ancestor's log of spawns and outcomes, as its clients send it and as the hostile do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from feedback.models import LessonRow, Rating, Spawn
from routing.adjustments import routing_revision
from smartspawn.access.keys import create_key
from smartspawn.access.limits import build_limiter
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.rates import Rate
from smartspawn.access.shapes import Scope

pytestmark = pytest.mark.django_db
SPAWN = {"model": "openrouter/openai/big", "category": "coding"}
OUTCOME = {"model": "openai/big", "category": "coding", "rating": 5}
Send = Callable[..., Any]


@pytest.fixture
def mine(ann: User) -> dict[str, str]:
    scopes = frozenset({Scope.FEEDBACK_WRITE})
    made = create_key(actor=ann.as_actor(), name="plugin", scopes=scopes, expires_at=None)
    return {"Authorization": f"Bearer {made.token}"}


@pytest.fixture
def send(client: Client, catalogue: None) -> Send:
    def post(path: str, body: Any, **headers: str) -> Any:
        text = body if isinstance(body, str) else json.dumps(body)
        return client.post(f"/api/spawn-log{path}", text, "application/json", headers=headers)

    return post


def test_a_plugin_logs_without_a_key_and_gets_the_ancestors_answer(send: Send) -> None:
    answer = send("", {**SPAWN, "budget": "high", "mode": "cascade", "role": "cascade_cheap", "source": "openclaw"})

    assert answer.status_code == 200
    assert answer.json()["data"]["logged"] is True
    spawn = Spawn.objects.get()
    assert (spawn.model_id, spawn.user_id, spawn.is_estimate) == ("openai/big", None, True)
    assert spawn.cost_nano_usd == 2000 * 5_000 + 2000 * 20_000  # $5 in, $20 out for a million


def test_an_outcome_answers_with_what_was_recorded(send: Send, mine: dict[str, str]) -> None:
    data = send("/outcome", OUTCOME, **mine).json()["data"]

    assert {name: data[name] for name in ("recorded", "model", "category", "rating")} == {"recorded": True, **OUTCOME}
    assert data["counts"] is True


def test_what_nobody_in_particular_says_moves_no_choice(send: Send) -> None:
    before = routing_revision()

    for _ in range(20):
        assert send("/outcome", {**OUTCOME, "rating": 1}).json()["data"]["counts"] is False

    assert routing_revision() == before
    assert not AuditEntry.objects.filter(action__startswith="rating").exists()


def test_a_key_that_was_made_for_reading_does_not_rate_for_its_owner(send: Send, ann: User) -> None:
    made = create_key(actor=ann.as_actor(), name="ro", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)

    answer = send("/outcome", OUTCOME, Authorization=f"Bearer {made.token}")

    assert answer.json()["data"]["counts"] is False
    assert Rating.objects.get().user_id is None


HOSTILE = [99, 0, -1, 5.6, "5", "five", True, [5], {"$gt": 1}, 1e308]


@pytest.mark.parametrize("rating", HOSTILE)
def test_what_is_no_rating_is_refused_and_moves_nothing(send: Send, mine: dict[str, str], rating: object) -> None:
    before = routing_revision()

    answer = send("/outcome", {**OUTCOME, "rating": rating}, **mine)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_PARAM")
    assert not Rating.objects.exists()
    assert routing_revision() == before


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(send: Send, mine: dict[str, str], word: str) -> None:
    text = f'{{"model": "openai/big", "category": "coding", "rating": {word}}}'

    assert send("/outcome", text, **mine).status_code == 400
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": ""}, "INVALID_BODY"),
        ({"category": None}, "INVALID_BODY"),
        ({"rating": None}, "INVALID_BODY"),
        ({"model": 7}, "INVALID_PARAM"),
        ({"model": "openai/big,openai/small"}, "INVALID_PARAM"),
        ({"model": "nobody/knows"}, "INVALID_PARAM"),
        ({"model": "openai/big\u0000"}, "INVALID_PARAM"),
        ({"category": "Coding"}, "INVALID_PARAM"),
        ({"category": ["coding"]}, "INVALID_PARAM"),
        ({"context": {"a": 1}}, "INVALID_PARAM"),
        ({"context": "x" * 200}, "INVALID_PARAM"),
    ],
)
def test_a_malformed_outcome_is_refused_by_name(
    send: Send, mine: dict[str, str], change: dict[str, object], code: str
) -> None:
    answer = send("/outcome", {**OUTCOME, **change}, **mine)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert not Rating.objects.exists()


@pytest.mark.parametrize("body", ["[]", "7", "null", "{", '"text"'])
def test_a_body_that_is_no_object_is_refused(send: Send, body: str) -> None:
    assert send("", body).status_code == 400
    assert send("/outcome", body).status_code == 400


def test_a_model_that_the_catalogue_does_not_know_needs_a_name_behind_it(send: Send, mine: dict[str, str]) -> None:
    local = {"model": "ollama/own-model", "category": "coding"}

    assert send("", local).json()["error"]["code"] == "INVALID_PARAM"
    assert send("", local, **mine).status_code == 200
    assert Spawn.objects.get().cost_nano_usd is None
    assert send("/outcome", {**local, "rating": 4}, **mine).status_code == 200


def test_the_same_key_twice_is_one_report(send: Send, mine: dict[str, str]) -> None:
    keyed = {**mine, "Idempotency-Key": "a-7"}

    first, second = (send("/outcome", OUTCOME, **keyed).json()["data"] for _ in range(2))
    reused = send("/outcome", {**OUTCOME, "rating": 1}, **keyed)

    assert first == second
    assert reused.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (Rating.objects.count(), LessonRow.objects.count()) == (1, 1)


def test_a_retried_log_is_one_spawn_and_without_a_key_there_are_two(send: Send, mine: dict[str, str]) -> None:
    for headers in ({"Idempotency-Key": "b"}, {"Idempotency-Key": "b"}, {}, {}):
        assert send("", SPAWN, **mine, **headers).status_code == 200

    assert Spawn.objects.count() == 3


def test_an_outcome_is_about_the_last_such_spawn_and_takes_over_its_tags(send: Send, mine: dict[str, str]) -> None:
    send("", {**SPAWN, "context": "python, Django"}, **mine)
    send("/outcome", OUTCOME, **mine)
    send("/outcome", OUTCOME, **mine)

    first, second = Rating.objects.order_by("pk")
    assert first.spawn_id == Spawn.objects.get().pk
    assert second.spawn_id is None
    assert LessonRow.objects.get(rating=first).context_tags == ["python", "django"]


def test_scores_tell_the_rate_and_how_much_stands_behind_it(client: Client, send: Send, mine: dict[str, str]) -> None:
    for rating in (5, 5, 3, 1):
        send("/outcome", {**OUTCOME, "rating": rating}, **mine)
    send("/outcome", {**OUTCOME, "model": "openai/small"}, **mine)

    scores = client.get("/api/spawn-log/scores", headers=mine).json()["data"]
    lenient = client.get("/api/spawn-log/scores?minSamples=1&category=coding", headers=mine).json()["data"]

    (item,) = scores
    assert (item["model"], item["successRate"], item["total"]) == ("openai/big", 0.625, 4)
    assert item["lower"] < item["expected"] < item["upper"]
    assert [one["model"] for one in lenient] == ["openai/big", "openai/small"]
    assert client.get("/api/spawn-log/scores", headers={}).json()["data"] == []
    assert client.get("/api/spawn-log/scores?category=cooking").json()["error"]["code"] == "INVALID_PARAM"


def test_no_answer_about_ones_own_is_kept_on_the_way(client: Client, catalogue: None) -> None:
    for path in ("scores", "stats"):
        assert client.get(f"/api/spawn-log/{path}")["Cache-Control"] == "no-store"


def test_a_flood_without_a_key_is_stopped_and_people_with_one_go_on(
    send: Send, mine: dict[str, str], settings: Any
) -> None:
    build_limiter.cache_clear()
    settings.REDIS_URL = ""
    settings.FEEDBACK_RATE_LIMIT = Rate(3, 60)

    statuses = [send("/outcome", OUTCOME).status_code for _ in range(5)]
    flooded = send("", SPAWN)

    assert statuses == [200, 200, 200, 429, 429]
    assert flooded.status_code == 429
    assert int(flooded["Retry-After"]) >= 1
    assert send("/outcome", OUTCOME, **mine).status_code == 200


def test_many_addresses_together_cannot_fill_the_disk(client: Client, catalogue: None, settings: Any) -> None:
    build_limiter.cache_clear()
    settings.REDIS_URL = ""
    settings.FEEDBACK_SITE_RATE_LIMIT = Rate(4, 3600)

    for host in range(10):
        client.post("/api/spawn-log", SPAWN, "application/json", REMOTE_ADDR=f"198.51.100.{host}")

    assert Spawn.objects.count() == 4


@pytest.mark.parametrize("rating", [*HOSTILE, ""])
def test_a_rating_of_ones_own_work_is_held_to_the_same(
    client: Client, send: Send, mine: dict[str, str], rating: object
) -> None:
    number = send("", SPAWN, **mine).json()["data"]["id"]
    before = routing_revision()

    answer = client.post("/api/ratings", {"spawn": number, "rating": rating}, "application/json", headers=mine)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_PARAM")
    assert not Rating.objects.exists()
    assert routing_revision() == before
