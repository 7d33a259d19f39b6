"""Taking back what was shared, also from a server that does not answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from feedback.community.models import CommunityPost, Sharer
from feedback.community.sending import MOST_ATTEMPTS, Outcome, claim_next, note_outcome, read_answer
from feedback.community.shapes import PostKind, PostState
from feedback.community.sharing import start_sharing, withdraw_all
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor
from smartspawn.lib.http import Answer
from tests.runs.rows import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _somewhere(settings: Any) -> None:
    settings.COMMUNITY_URL = "https://community.example.org/api"
    settings.DO_NOT_TRACK = False


def given_up(actor: Actor) -> str:
    """A withdrawal that nobody ever answered; the id that was to be forgotten."""
    start_sharing(actor=actor)
    instance_id = str(Sharer.objects.get().instance_id)
    withdraw_all(actor=actor)
    now = timezone.now()
    for _ in range(MOST_ATTEMPTS):
        now += timedelta(days=3)
        claim = claim_next(now)
        assert claim is not None
        note_outcome(claim, Outcome(PostState.WAITING, error="The server gave no answer within 15 s."), now)
    assert CommunityPost.objects.get().state == PostState.DEAD
    return instance_id


def test_one_that_was_given_up_is_told_and_can_be_asked_for_again(client: Client, ann: User, actor: Actor) -> None:
    instance_id = given_up(actor)
    client.force_login(ann)
    page = client.get("/community/").content.decode()
    assert "has not confirmed that it forgot" in page
    assert "Asked 8 times" in page
    client.post("/community/share/", {"act": "again", "post": CommunityPost.objects.get().pk})
    claim = claim_next()
    assert claim is not None
    assert json.loads(claim.body) == {"instanceId": instance_id}
    note_outcome(claim, Outcome(PostState.SENT, 200))
    assert instance_id not in CommunityPost.objects.get().body
    assert "has not confirmed" not in client.get("/community/").content.decode()


def test_nobody_else_can_ask_again_and_nobody_for_what_has_arrived(client: Client, ann: User, actor: Actor) -> None:
    given_up(actor)
    number = CommunityPost.objects.get().pk
    client.force_login(make_user("bob"))
    assert "has not confirmed" not in client.get("/community/").content.decode()
    assert client.post("/community/share/", {"act": "again", "post": number}).status_code == 404
    client.force_login(ann)
    CommunityPost.objects.update(state=PostState.SENT)
    assert client.post("/community/share/", {"act": "again", "post": number}).status_code == 404
    assert client.post("/community/share/", {"act": "again", "post": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b'{"data": {"withdrawn": 3}}', PostState.SENT),
        (b'{"data": {"withdrawn": 0}}', PostState.SENT),
        (b"<html>Welcome to this hotel</html>", PostState.WAITING),
        (b'{"data": {"recorded": true}}', PostState.WAITING),
        (b"[" * 100_000, PostState.WAITING),
        (b"", PostState.WAITING),
    ],
)
def test_only_a_server_that_says_so_has_forgotten(body: bytes, state: PostState) -> None:
    assert read_answer(Answer("https://x", 200, {}, body), PostKind.WITHDRAW).state is state
