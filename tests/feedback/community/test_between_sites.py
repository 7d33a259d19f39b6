"""Two sites over real sockets: ratings go out once each, scores come in, and nobody is counted twice."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from catalog.shapes import Category
from feedback.community.fetching import fetch_if_wanted
from feedback.community.models import BallotRow, CommunityPost, CommunityScoreRow, CommunitySite
from feedback.community.publishing import community_site
from feedback.community.reporting import take_report
from feedback.community.sending import send_due
from feedback.community.shapes import PostState, Report
from feedback.community.sharing import gather, start_sharing
from feedback.record import rate
from feedback.shapes import Said, Subject
from smartspawn.access.shapes import Role
from tests.factories import make_snapshot, publish_snapshot
from tests.feedback.community.test_sharing import export, upload
from tests.feedback.work import finished
from tests.routing.conftest import models
from tests.runs.ledger.test_at_once import at_once
from tests.runs.rows import make_user


class OtherSite(ThreadingHTTPServer):
    """A community server that notes what it is sent; ``statuses`` are its next answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, Any]] = []
        self.statuses: list[int] = []
        self.scores: bytes = b""


class _Handler(BaseHTTPRequestHandler):
    server: OtherSite

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Idempotency-Key"], body))
        self._answer(self.server.statuses.pop(0) if self.server.statuses else 200, b'{"data": {"recorded": true}}')

    def do_GET(self) -> None:
        self._answer(200 if self.server.scores else 404, self.server.scores)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def other(settings: Any) -> Iterator[OtherSite]:
    server = OtherSite()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.COMMUNITY_URL = f"http://127.0.0.1:{server.server_port}/api"
    settings.COMMUNITY_ALLOW_PRIVATE, settings.DO_NOT_TRACK = True, False
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _published(transactional_db: None) -> None:
    """The queue's work has connections of its own: it sees what is committed."""
    publish_snapshot(make_snapshot(*models()))


def test_a_shared_rating_arrives_again_under_the_same_key_until_it_is_taken(other: OtherSite) -> None:
    ann = make_user("ann")
    start_sharing(actor=ann.as_actor())
    rate(subject=Subject(finished(ann).pk), said=Said(4), actor=ann.as_actor())
    gather(timezone.now() + timedelta(hours=2))
    other.statuses = [503]
    assert async_to_sync(send_due)() == 1
    CommunityPost.objects.update(next_at=timezone.now())
    assert async_to_sync(send_due)() == 1
    assert async_to_sync(send_due)() == 0
    (first, again) = other.asked
    assert first == again
    assert first[0] == "/api/community/report"
    assert set(first[2]) == {"model", "category", "rating", "instanceId"}
    assert CommunityPost.objects.get().state == PostState.SENT


def test_one_own_network_is_out_of_reach_unless_it_is_allowed(other: OtherSite, settings: Any) -> None:
    settings.COMMUNITY_ALLOW_PRIVATE = False
    ann = make_user("ann")
    start_sharing(actor=ann.as_actor())
    rate(subject=Subject(finished(ann).pk), said=Said(4), actor=ann.as_actor())
    gather(timezone.now() + timedelta(hours=2))
    async_to_sync(send_due)()
    assert other.asked == []
    assert "may not be reached" in CommunityPost.objects.get().error


def test_scores_are_fetched_and_what_is_there_outlives_a_bad_answer(other: OtherSite) -> None:
    CommunitySite.objects.filter(pk=community_site().pk).update(is_fetching=True)
    assert "gives no scores" in fetch_if_wanted()
    other.scores = json.dumps(export()).encode()
    assert fetch_if_wanted() == "1 scores"
    assert community_site().fetch_error == ""
    other.scores = b'{"scores": "lies"}'
    assert "format" in fetch_if_wanted()
    assert CommunityScoreRow.objects.count() == 1
    assert "format" in community_site().fetch_error


def test_a_server_is_one_voice_whatever_ids_it_speaks_under(other: OtherSite) -> None:
    CommunitySite.objects.filter(pk=community_site().pk).update(is_fetching=True)
    for number in range(3):
        other.scores = json.dumps(export(publisher=str(uuid.UUID(int=number + 1)))).encode()
        assert fetch_if_wanted() == "1 scores"
    assert [row.publisher.int for row in CommunityScoreRow.objects.all()] == [3]


def test_neither_a_server_nor_a_file_speaks_for_the_other(other: OtherSite, client: Client) -> None:
    CommunitySite.objects.filter(pk=community_site().pk).update(is_fetching=True)
    client.force_login(make_user("root", Role.ADMIN))
    upload(client, export())
    lie = export(score={"avgRating": 1, "successShare": 0})
    other.scores = json.dumps(lie).encode()
    assert "whose scores came from a file" in fetch_if_wanted()
    assert CommunityScoreRow.objects.get().success_share == 1
    client.post("/community/remove/", {"publisher": export()["publisher"]})
    assert fetch_if_wanted() == "1 scores"
    assert upload(client, export()).status_code == 409
    assert CommunityScoreRow.objects.get().success_share == 0


def test_reports_at_once_are_all_counted_and_one_key_once() -> None:
    said = Report("openai/small", Category.CODING, 4, "instance-0001")
    report = partial(take_report, report=said, network="a network")
    at_once([report] * 12 + [partial(report, key="again")] * 12, 8)
    row = BallotRow.objects.get()
    assert (row.rating_count, row.score_sum) == (13, 52)
