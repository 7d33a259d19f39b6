"""Connections and breakers over HTTP: a key goes in and never comes out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from runs.breakers.shared import is_open, list_breakers, note_fault
from runs.connections import reveal_secret
from runs.models import Connection
from runs.places.endpoints import find_endpoints
from runs.providers.faults import FaultCode, make_fault
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in
from tests.runs.connections.builders import make_connection
from tests.runs.connections.places import fake_place

pytestmark = pytest.mark.django_db

SECRET = "sk-canary-0123456789abcdef"


@pytest.fixture
def admin() -> Client:
    return signed_in(Role.ADMIN)


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def test_a_provider_is_connected_tested_changed_and_taken_away(admin: Client) -> None:
    with fake_place() as place:
        made = post(
            admin, "/api/connections", provider="vllm", baseUrl=place.url, secret=SECRET, title="Ours", priority=2
        )
        assert made.status_code == 201
        shown = made.json()["data"]
        assert (shown["key"], shown["title"], shown["priority"], shown["secretTail"]) == ("vllm", "Ours", 2, "cdef")
        assert shown["allowPrivate"] is True

        tested = post(admin, "/api/connections/vllm/test").json()["data"]
        assert tested["isWell"]
        assert [model["id"] for model in tested["connection"]["models"]] == ["model-a", "model-b"]

        changed = admin.patch("/api/connections/vllm", {"priority": 7}, content_type="application/json")
        assert changed.json()["data"]["priority"] == 7
        assert changed.json()["data"]["title"] == "Ours"
        assert reveal_secret("vllm") == SECRET

        assert admin.delete("/api/connections/vllm").status_code == 204
        assert not Connection.objects.exists()


def test_prices_are_set_over_the_api(admin: Client) -> None:
    model = {"id": "house-model", "promptUsdPerMtok": "0.25", "completionUsdPerMtok": 1}
    post(admin, "/api/connections", provider="custom", baseUrl="https://models.example.org/v1", models=[model])

    (endpoint,) = find_endpoints("house-model")
    assert (str(endpoint.prompt_usd_per_mtok), str(endpoint.completion_usd_per_mtok)) == ("0.25", "1")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MISSING_PARAM"),
        ({"provider": "nobody"}, "INVALID_PARAM"),
        ({"provider": "openai"}, "INVALID_PARAM"),
        ({"provider": "custom"}, "INVALID_PARAM"),
        ({"provider": "custom", "baseUrl": "http://169.254.169.254/v1", "allowPrivate": True}, "INVALID_PARAM"),
        ({"provider": "ollama", "key": "No Slug"}, "INVALID_PARAM"),
        ({"provider": "ollama", "models": [{"id": "a", "promptUsdPerMtok": -1}]}, "INVALID_PARAM"),
        ({"provider": "ollama", "priority": 1000}, "INVALID_PARAM"),
    ],
)
def test_what_cannot_be_a_connection_is_refused(admin: Client, body: dict[str, Any], code: str) -> None:
    answer = post(admin, "/api/connections", **body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert not Connection.objects.exists()


def test_a_member_learns_what_is_reachable_and_nothing_more(admin: Client) -> None:
    make_connection("custom", secret=SECRET, base_url="https://inner.example.org/v1", models=[{"id": "house-model"}])
    (seen,) = signed_in(Role.MEMBER).get("/api/connections").json()["data"]

    assert seen["title"] == "Another server"
    assert seen["isUsable"] is True
    assert (seen["baseUrl"], seen["secretTail"], seen["models"], seen["allowPrivate"]) == (None, None, None, None)
    assert "inner.example.org" not in str(seen)


def test_the_providers_that_can_be_connected_are_told(admin: Client) -> None:
    providers = admin.get("/api/connections").json()["meta"]["providers"]

    assert {"openrouter", "anthropic", "gemini", "ollama", "custom"} <= {provider["name"] for provider in providers}


def test_open_breakers_are_told_and_can_be_closed(admin: Client) -> None:
    make_connection("ollama", models=[{"id": "qwen3:8b"}])
    (endpoint,) = find_endpoints("qwen3:8b")
    note_fault(endpoint, make_fault(FaultCode.MODEL_UNKNOWN, "No such model.", status=404))
    (shown,) = admin.get("/api/breakers").json()["data"]
    assert (shown["connection"], shown["model"], shown["code"]) == ("ollama", "qwen3:8b", "model_unknown")
    assert admin.get("/api/connections").json()["data"][0]["state"] == "1 of its models left alone"

    assert post(admin, "/api/breakers/reset", connection="ollama", model="qwen3:8b").status_code == 204
    assert not is_open(endpoint)
    assert list_breakers() == ()
    assert post(admin, "/api/breakers/reset", connection="ollama").status_code == 404
