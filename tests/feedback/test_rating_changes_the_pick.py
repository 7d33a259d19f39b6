"""The whole thread: a rating over the API, and the very next pick."""

from __future__ import annotations

import pytest
from django.test import Client

from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Scope

pytestmark = pytest.mark.django_db
BAD = {"model": "openai/big", "category": "coding", "rating": 1}


def client_of(user: User) -> dict[str, str]:
    scopes = frozenset({Scope.FEEDBACK_WRITE, Scope.CATALOG_READ, Scope.RUNS_READ})
    made = create_key(actor=user.as_actor(), name="plugin", scopes=scopes, expires_at=None)
    return {"Authorization": f"Bearer {made.token}"}


def pick(client: Client, **headers: str) -> dict[str, object]:
    return client.get("/api/pick?task=coding&budget=medium", headers=headers).json()["data"]


def test_ratings_of_a_person_change_their_next_pick_and_nobody_elses(client: Client, ann: User) -> None:
    mine = client_of(ann)
    leader = pick(client, **mine)
    assert leader["personalScore"] is None

    for _ in range(12):
        body = {**BAD, "model": leader["id"]}
        assert client.post("/api/spawn-log/outcome", body, "application/json", headers=mine).status_code == 200
        if pick(client, **mine)["id"] != leader["id"]:
            break
    after = pick(client, **mine)

    assert after["id"] != leader["id"]
    assert pick(client)["id"] == leader["id"]
