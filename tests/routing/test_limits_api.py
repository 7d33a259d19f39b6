"""Limits over HTTP: whose they are, how they add up, who may set them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from smartspawn.access.keys import create_key
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import Scope

pytestmark = pytest.mark.usefixtures("catalogue")


def signed_in(role: str = "member", name: str = "") -> tuple[Client, User]:
    person = User.objects.create_user(name or role, role=role)
    client = Client()
    client.force_login(person)
    return client, person


def put(client: Client, address: str, body: object, status: int = 200, **headers: str) -> Any:
    response = client.put(
        f"/api/limits/{address}", data=json.dumps(body), content_type="application/json", headers=headers
    )
    assert response.status_code == status, response.content[:300]
    return json.loads(response.content)


def picked(client: Client, **headers: str) -> str:
    return str(client.get("/api/pick?task=coding", headers=headers).json()["data"]["id"])


def test_limits_of_site_person_and_key_all_hold_for_the_key() -> None:
    admin, _ = signed_in("admin")
    client, person = signed_in()
    key = create_key(actor=person.as_actor(), name="k", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)
    bearer = {"authorization": f"Bearer {key.token}"}
    assert picked(Client(), **bearer) == "openai/big"
    put(admin, "site", {"denyProviders": ["openai"], "why": "contract"})
    assert picked(Client()) == picked(Client(), **bearer) == "anthropic/middle"
    put(client, "me", {"denyModels": ["anthropic/middle"]})
    assert (picked(Client()), picked(client), picked(Client(), **bearer)) == (
        "anthropic/middle",
        "deepseek/blind",
        "deepseek/blind",
    )
    put(client, f"keys/{key.key_id}", {"maxPromptUsdPerMtok": "0.3", "excludeFree": True})
    assert (picked(client), picked(Client(), **bearer)) == ("deepseek/blind", "google/quick")
    told = Client().get("/api/limits", headers=bearer).json()["data"]
    assert told["effective"]["denyModels"] == ["anthropic/middle"]
    assert (told["effective"]["maxPromptUsdPerMtok"], told["effective"]["excludeFree"]) == (0.3, True)
    assert list(told["of"]) == ["site", f"user:{person.pk}", f"key:{key.key_id}"]


def test_a_ceiling_of_zero_is_a_ceiling() -> None:
    client, _ = signed_in()
    put(client, "me", {"maxPromptUsdPerMtok": 0})
    assert picked(client) == "deepseek/blind:free"


def test_a_change_is_in_the_log_with_what_was_before() -> None:
    admin, _ = signed_in("admin")
    put(admin, "site", {"denyProviders": ["openai"]})
    put(admin, "site", {"denyProviders": ["x-ai"], "why": "again"})
    entry = AuditEntry.objects.filter(action="limits.set").first()
    assert entry is not None
    assert (entry.before, entry.after, entry.why) == (
        {"deny_providers": ["openai"]},
        {"deny_providers": ["x-ai"]},
        "again",
    )


def test_a_key_does_not_loosen_what_holds_for_it() -> None:
    _, person = signed_in()
    key = create_key(actor=person.as_actor(), name="k", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)
    for address in ("me", f"keys/{key.key_id}"):
        put(Client(), address, {}, 400, authorization=f"Bearer {key.token}")


def test_nobody_limits_somebody_else_s_key() -> None:
    _, ann = signed_in(name="ann")
    ben, _ = signed_in(name="ben")
    key = create_key(actor=ann.as_actor(), name="k", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)
    put(ben, f"keys/{key.key_id}", {}, 404)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"denyModel": ["a/b"]},
        {"denyModels": "a/b"},
        {"denyModels": [{"a": 1}]},
        {"denyModels": ["a"] * 1001},
        {"maxPromptUsdPerMtok": -1},
        {"maxPromptUsdPerMtok": "NaN"},
        {"moderatedOnly": "perhaps"},
        {"denyModels": ["a\u0000"]},
    ],
)
def test_limits_that_would_not_limit_are_refused(body: object) -> None:
    client, _ = signed_in()
    put(client, "me", body, 400)
    assert picked(client) == "openai/big"
