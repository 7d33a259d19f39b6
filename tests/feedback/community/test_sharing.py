"""Sharing one's ratings: by choice, four fields, once each; and scores that come back."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from feedback.community import sending
from feedback.community.fetching import fetch_if_wanted
from feedback.community.models import CommunityPost, CommunityScoreRow, CommunitySite, Sharer
from feedback.community.publishing import community_site
from feedback.community.queries import MOST_LISTED, list_posts
from feedback.community.sending import Outcome, claim_next, note_outcome, read_answer
from feedback.community.shapes import PostKind, PostState
from feedback.community.sharing import gather, preview, rotate_instance, start_sharing, stop_sharing, withdraw_all
from feedback.record import rate, withdraw
from feedback.shapes import Said, Subject
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor, Role
from smartspawn.lib.errors import Conflict
from smartspawn.lib.http import Answer
from tests.feedback.work import finished
from tests.runs.rows import make_user

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=2)


@pytest.fixture(autouse=True)
def _somewhere(settings: Any) -> None:
    settings.COMMUNITY_URL = "https://community.example.org/api"
    settings.DO_NOT_TRACK = False


def rated(ann: User, score: int = 4, **fields: Any) -> int:
    run = finished(ann, **fields)
    return rate(subject=Subject(run.pk), said=Said(score), actor=ann.as_actor()).pk


def put_out() -> int:
    return gather(timezone.now() + LATER)


def test_nothing_is_shared_without_a_choice(ann: User) -> None:
    rated(ann)
    assert put_out() == 0


def test_what_goes_out_is_what_was_shown(ann: User, actor: Actor) -> None:
    start_sharing(actor=actor)
    rated(ann)
    (shown,) = preview(Sharer.objects.get(), most=9)
    assert json.loads(shown.body) == {
        "model": "openai/big",
        "category": "coding",
        "rating": 4,
        "instanceId": str(Sharer.objects.get().instance_id),
    }
    assert (put_out(), put_out()) == (1, 0)
    assert CommunityPost.objects.get().body == shown.body


def test_what_is_not_shared(ann: User, actor: Actor) -> None:
    rated(ann)  # before
    start_sharing(actor=actor)
    rated(ann, is_simulated=True)
    rated(ann, models=("openai/big", "openai/small"))  # whose work was it?
    run = finished(ann)
    rate(subject=Subject(run.pk), said=Said(verdict="accepted"), actor=actor)  # type: ignore[arg-type]  # no score
    assert put_out() == 0
    rated(ann)
    assert gather() == 0  # one may still change one's mind


def test_do_not_track_and_no_server_mean_nothing_goes_out(ann: User, actor: Actor, settings: Any) -> None:
    start_sharing(actor=actor)
    rated(ann)
    settings.DO_NOT_TRACK = True
    assert put_out() == 0
    assert async_to_sync(sending.send_due)() == 0
    with pytest.raises(Conflict, match="DO_NOT_TRACK"):
        start_sharing(actor=actor)
    settings.DO_NOT_TRACK, settings.COMMUNITY_URL = False, ""
    assert put_out() == 0


def test_stopping_drops_what_waits(ann: User, actor: Actor) -> None:
    start_sharing(actor=actor)
    rated(ann)
    put_out()
    stop_sharing(actor=actor)
    assert not CommunityPost.objects.exists()


def test_a_rating_that_is_taken_back_in_time_does_not_go_out(ann: User, actor: Actor) -> None:
    start_sharing(actor=actor)
    rating_id = rated(ann)
    put_out()
    withdraw(rating_id=rating_id, actor=actor)
    assert claim_next() is None


def test_a_new_id_leaves_no_trace_of_the_old_one(ann: User, actor: Actor) -> None:
    start_sharing(actor=actor)
    old = str(Sharer.objects.get().instance_id)
    rated(ann)
    put_out()
    claim = claim_next()
    assert claim is not None
    note_outcome(claim, Outcome(PostState.SENT, 200))
    rated(ann)
    put_out()
    rotate_instance(actor=actor)
    bodies = [post.body for post in CommunityPost.objects.order_by("pk")]
    assert old not in str(bodies)
    assert json.loads(bodies[0])["instanceId"] == "forgotten"
    assert json.loads(bodies[1])["instanceId"] == str(Sharer.objects.get().instance_id)


def test_taking_all_back_asks_the_server_and_then_forgets(ann: User, actor: Actor) -> None:
    start_sharing(actor=actor)
    old = str(Sharer.objects.get().instance_id)
    withdraw_all(actor=actor)
    claim = claim_next()
    assert claim is not None
    assert json.loads(claim.body) == {"instanceId": old}
    note_outcome(claim, Outcome(PostState.SENT, 200))
    assert not Sharer.objects.get().is_on
    assert old not in CommunityPost.objects.get().body


def test_two_senders_never_hold_the_same_message(ann: User, actor: Actor) -> None:
    start_sharing(actor=actor)
    rated(ann)
    put_out()
    first = claim_next()
    assert first is not None
    assert claim_next() is None
    again = claim_next(timezone.now() + sending.LEASE + timedelta(seconds=1))  # the first one died
    assert again is not None
    assert again.key == first.key
    note_outcome(first, Outcome(PostState.DEAD))  # and comes back too late
    assert CommunityPost.objects.get().state == PostState.WAITING


def test_it_gives_up_after_the_last_try(ann: User, actor: Actor) -> None:
    start_sharing(actor=actor)
    rated(ann)
    put_out()
    now = timezone.now()
    for _ in range(sending.MOST_ATTEMPTS):
        now += timedelta(days=3)
        claim = claim_next(now)
        assert claim is not None
        note_outcome(claim, Outcome(PostState.WAITING, 503), now)
    assert CommunityPost.objects.get().state == PostState.DEAD


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, b'{"data": {"recorded": true}}', PostState.SENT),
        (200, b'{"data": {"recorded": false}}', PostState.DEAD),
        (200, b"<html>", PostState.SENT),
        (200, b"[[[", PostState.SENT),
        (429, b"", PostState.WAITING),
        (503, b"", PostState.WAITING),
        (400, b"", PostState.DEAD),
        (302, b"", PostState.DEAD),
    ],
)
def test_what_an_answer_means(status: int, body: bytes, state: PostState) -> None:
    assert read_answer(Answer("https://x", status, {"retry-after": "9"}, body), PostKind.REPORT).state is state


# --- scores that come back -------------------------------------------------------------------------------


def export(**changes: Any) -> dict[str, Any]:
    score = {
        "model": "openai/small",
        "category": "coding",
        "totalRatings": 200,
        "avgRating": 5.0,
        "contributors": 100,
        "successShare": 1.0,
        "votes": 100,
        "lastRatedAt": "2026-11-01T00:00:00Z",
    }
    return {
        "format": "smartspawn-community",
        "version": 1,
        "publisher": "3d0e0a4e-6a52-4a7e-8f0e-5d3a0b9f7a11",
        "publishedAt": timezone.now().isoformat(),
        "scores": [{**score, **changes.pop("score", {})}],
        **changes,
    }


def upload(client: Client, content: object) -> Any:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post("/community/import/", {"file": SimpleUploadedFile("scores.json", text)})


@pytest.fixture
def admin(client: Client, catalogue: None) -> Client:
    client.force_login(make_user("root", Role.ADMIN))
    return client


def leader(client: Client) -> str:
    return str(client.get("/api/pick?task=coding&budget=medium").json()["data"]["id"])


def test_imported_scores_move_picks_until_they_are_switched_off_or_removed(admin: Client) -> None:
    before = leader(admin)
    assert upload(admin, export(score={"model": "anthropic/middle"})).status_code == 302
    assert leader(admin) == "anthropic/middle" != before
    assert "anthropic/middle" in admin.get("/community/").content.decode()
    admin.post("/community/switch/", {"switch": "counting"})
    assert leader(admin) == before
    admin.post("/community/switch/", {"switch": "counting", "on": "on"})
    assert leader(admin) == "anthropic/middle"
    admin.post("/community/remove/", {"publisher": export()["publisher"]})
    assert leader(admin) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not json", "The file is not JSON."),
        (b'{"version": NaN}', "The file is not JSON."),
        (b"[" * 100_000, "The file is not JSON."),
        (b"[]", "The file must hold one JSON object."),
        ({}, "format: This field is required."),
        (export(version=2), "this release reads version 1"),
        (export(publishedAt="2999-01-01T00:00:00Z"), "lies in the future"),
        (export(scores=[1]), "score 1: Invalid data"),
        (export(score={"contributors": 19}), "score 1, contributors: "),
        (export(score={"successShare": 1.5}), "score 1, successShare: "),
        (export(score={"successShare": "nan"}), "score 1, successShare: "),
        (export(score={"avgRating": 99}), "score 1, avgRating: "),
        (export(score={"model": "<b>x</b>"}), "score 1, model: "),
        (export(score={"category": "cooking"}), "score 1, category: "),
        (export(scores=export()["scores"] * 2), "stands in the file twice"),
    ],
)
def test_what_is_no_export_is_refused_with_a_reason(admin: Client, content: object, words: str) -> None:
    refused = upload(admin, content)
    assert refused.status_code == 422
    assert words in refused.content.decode()
    assert not CommunityScoreRow.objects.exists()


def test_older_scores_and_ones_own_are_refused(admin: Client) -> None:
    upload(admin, export())
    assert upload(admin, export(publishedAt="2026-01-01T00:00:00Z")).status_code == 409
    assert upload(admin, export(publisher=str(community_site().publisher))).status_code == 422


def test_the_command_imports_a_file(catalogue: None, tmp_path: Path) -> None:
    path, out = tmp_path / "scores.json", StringIO()
    path.write_text(json.dumps(export()))
    call_command("import_community", str(path), stdout=out)
    assert out.getvalue().startswith("1 scores of publisher")
    path.write_text("{")
    with pytest.raises(CommandError, match="not JSON"):
        call_command("import_community", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_community", str(tmp_path / "none.json"))


def test_a_fetch_that_fails_keeps_what_is_there(catalogue: None, settings: Any) -> None:
    settings.COMMUNITY_URL = "http://169.254.169.254/api"
    site = community_site()
    assert fetch_if_wanted() == "off"
    CommunitySite.objects.filter(pk=site.pk).update(is_fetching=True)
    assert "may not be reached" in fetch_if_wanted()
    assert "may not be reached" in community_site().fetch_error


def test_the_page_holds_one_choice_for_people_and_the_rest_for_admins(client: Client, ann: User) -> None:
    client.force_login(ann)
    page = client.get("/community/").content.decode()
    assert "Share my ratings" in page
    assert "How this site takes part" not in page
    client.post("/community/share/", {"act": "start"})
    assert Sharer.objects.get().is_on
    assert client.post("/community/share/", {"act": "dance"}).status_code == 400


def test_the_page_asks_little_and_shows_only_what_has_not_gone_out(
    client: Client, ann: User, actor: Actor, django_assert_max_num_queries: Any
) -> None:
    client.force_login(ann)
    client.get("/community/")
    with django_assert_max_num_queries(8):
        client.get("/community/")
    start_sharing(actor=actor)
    rated(ann, 2)
    put_out()
    rated(ann, 5)
    (waits,) = preview(Sharer.objects.get(), most=9)
    assert waits.report.score == 5
    with django_assert_max_num_queries(9):  # what goes out next is asked for besides
        page = client.get("/community/")
    assert [post.about for post in page.context["posts"]] == [CommunityPost.objects.get().about]


def test_a_withdrawal_that_was_given_up_stays_in_sight_behind_whatever_came_after(ann: User, actor: Actor) -> None:
    start_sharing(actor=actor)
    withdraw_all(actor=actor)
    CommunityPost.objects.update(state=PostState.DEAD)
    start_sharing(actor=actor)
    for number in range(MOST_LISTED + 5):
        CommunityPost.objects.create(user_id=ann.pk, kind=PostKind.REPORT, about=f"rating {number}", body="{}")
    posts, given_up = list_posts(actor)
    assert (len(posts), [post.kind for post in given_up]) == (MOST_LISTED, [PostKind.WITHDRAW])
    assert posts[0].about == f"rating {MOST_LISTED + 4}"
