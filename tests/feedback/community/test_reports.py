"""Reports to a community server, over HTTP: the whole thread to the next pick, and all that must move nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.shapes import Category
from feedback.community.aggregation import LEAST_REPORTERS
from feedback.community.limits import hash_instance
from feedback.community.models import BallotRow, CommunityScoreRow, NetworkSalt, ReportReceipt
from feedback.community.publishing import recount
from feedback.community.reporting import MOST_INSTANCES_A_NETWORK, forget_instance, take_report, tidy_votes
from feedback.community.shapes import Report
from smartspawn.access.limits import build_limiter
from smartspawn.access.rates import Rate
from tests.feedback.community.conftest import BODY, Send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]


def pick(client: Client) -> Any:
    return client.get("/api/pick?task=coding&budget=medium").json()["data"]


def crowd(count: int, **changes: Any) -> None:
    """So many people, each from a network of their own, without the way over HTTP."""
    told = {**BODY, **changes}
    for number in range(count):
        said = Report(told["model"], Category(told["category"]), told["rating"], f"instance-{number:04}")
        take_report(report=said, network=f"network {number}")


def test_what_enough_people_say_moves_the_pick_and_says_so(client: Client) -> None:
    leader = pick(client)["id"]
    crowd(60, model=leader, rating=1)
    assert pick(client)["id"] == leader  # nothing counts before it is counted up
    recount()
    after = pick(client)
    assert after["id"] != leader
    crowd(60, model=after["id"])
    recount()
    told = next(part for part in pick(client)["parts"] if part["evidence"] == "community")
    assert told["detail"].startswith("community 60 ratings, 100% good")


def test_nineteen_people_are_nobody(client: Client, report: Send) -> None:
    before = pick(client)
    crowd(19, model=before["id"], rating=1)
    assert recount() == 0
    assert pick(client) == before
    report("93.184.216.34", instanceId="instance-0019", model=before["id"], rating=1)
    assert recount() == 1


def test_one_poster_with_many_instances_moves_nothing(client: Client, report: Send) -> None:
    before = pick(client)
    codes = [
        report(f"203.0.113.{number}", instanceId=f"made-up-{number:04}", model=before["id"], rating=1).status_code
        for number in range(MOST_INSTANCES_A_NETWORK + 3)
    ]
    assert codes == [200] * MOST_INSTANCES_A_NETWORK + [429] * 3
    assert recount() == 0
    assert pick(client) == before


def test_one_network_counts_as_one_among_many() -> None:
    crowd(30, rating=5)
    for number in range(MOST_INSTANCES_A_NETWORK):
        said = Report("openai/small", Category.CODING, 1, f"made-up-{number:04}")
        take_report(report=said, network="one network")
    recount()
    score = CommunityScoreRow.objects.get()
    assert (score.mean_score, score.reporter_count) == (5.0, 30)


def test_addresses_of_one_ipv6_site_are_one_network(report: Send) -> None:
    for number in range(3):
        report(f"2001:db8:5:{number:x}::1", instanceId=f"instance-{number:04}")
    assert BallotRow.objects.values("network").distinct().count() == 1


def test_one_instance_has_one_vote_however_often_it_reports() -> None:
    crowd(20, rating=4)
    for _ in range(50):
        take_report(report=Report("openai/small", Category.CODING, 1, "instance-0003"), network="network 3")
    recount()
    assert CommunityScoreRow.objects.get().mean_score == 4.0


def test_the_rate_of_an_instance_is_the_ancestors(report: Send, settings: Any) -> None:
    client_key = hash_instance(BODY["instanceId"])
    limiter = build_limiter("community-instance", settings.COMMUNITY_RATE_LIMIT, settings.REDIS_URL)
    for _ in range(99):
        limiter.hit(client_key)
    assert report().status_code == 200
    refused = report()
    assert refused.status_code == 429
    assert refused.json() == {"error": {"code": "RATE_LIMITED", "message": "Rate limit exceeded (100/hr)"}}
    assert int(refused.headers["Retry-After"]) > 3000


def test_another_instance_id_does_not_get_round_the_rate(report: Send, settings: Any) -> None:
    settings.COMMUNITY_RATE_LIMIT = Rate(3, 3600)
    codes = [report(instanceId=f"instance-{number:04}").status_code for number in range(5)]
    assert codes == [200, 200, 200, 429, 429]


def test_another_address_of_the_network_does_not_get_round_the_rate(report: Send, settings: Any) -> None:
    settings.COMMUNITY_NETWORK_RATE_LIMIT = Rate(3, 3600)
    codes = [report(f"198.51.100.{number}", instanceId=f"instance-{number:04}").status_code for number in range(5)]
    assert codes == [200, 200, 200, 429, 429]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rating": "5"}, "rating must be a number from 1 to 5"),
        ({"rating": "five"}, "rating must be a number from 1 to 5"),
        ({"rating": 99}, "rating must be a number from 1 to 5"),
        ({"rating": 0}, "rating must be a number from 1 to 5"),
        ({"rating": True}, "rating must be a number from 1 to 5"),
        ({"rating": [5]}, "rating must be a number from 1 to 5"),
        ({"rating": None}, "model, category, rating and instanceId are required"),
        ({"model": "nobody/knows-it"}, "'nobody/knows-it' is not in the catalogue."),
        ({"model": "openai/small\u0000"}, "model"),
        ({"model": 7}, "model must be a text"),
        ({"category": "cooking"}, "Invalid category. Use one of: "),
        ({"instanceId": "short"}, "instanceId must be a text of 8 to 100"),
        ({"instanceId": "with\nlines-in-it"}, "instanceId must be a text of 8 to 100"),
        ({"instanceId": "x" * 101}, "instanceId must be a text of 8 to 100"),
        ({"instanceId": {"a": 1}}, "instanceId must be a text of 8 to 100"),
    ],
)
def test_what_is_no_report_is_refused_with_a_reason(report: Send, change: dict[str, Any], words: str) -> None:
    refused = report(**change)
    assert refused.status_code == 400
    assert words in refused.json()["error"]["message"]
    assert not BallotRow.objects.exists()


@pytest.mark.parametrize("body", [b'{"model": "openai/small", "rating": NaN', b'{"rating": NaN}', b"[]", b"", b"5"])
def test_what_is_no_json_object_is_refused(client: Client, body: bytes) -> None:
    refused = client.post("/api/community/report", body, "application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "INVALID_BODY")


def test_a_clients_prefix_is_understood(report: Send) -> None:
    assert report(model="openrouter/openai/small").status_code == 200
    assert BallotRow.objects.get().model_id == "openai/small"


def test_the_same_sent_twice_under_one_key_counts_once(report: Send) -> None:
    for _ in range(3):
        assert report(headers={"Idempotency-Key": "k1"}).json() == {"data": {"recorded": True}}
    assert BallotRow.objects.get().rating_count == 1
    assert report(headers={"Idempotency-Key": "k1"}, rating=1).status_code == 422
    assert report(headers={"Idempotency-Key": "k1"}, instanceId="instance-0002").status_code == 200


def test_nothing_is_kept_that_tells_who_it_was(report: Send) -> None:
    report("198.51.100.77", instanceId="a-telling-name")
    kept = json.dumps([*BallotRow.objects.values(), *ReportReceipt.objects.values()], default=str)
    assert "198.51" not in kept
    assert "telling" not in kept


def test_a_months_networks_cannot_be_told_when_it_is_over(report: Send) -> None:
    report()
    tidy_votes(timezone.now() + timedelta(days=40))
    assert BallotRow.objects.exists()
    assert not NetworkSalt.objects.exists()
    tidy_votes(timezone.now() + timedelta(days=200))
    assert not BallotRow.objects.exists()


def test_an_instance_takes_back_all_it_said(client: Client, report: Send) -> None:
    report()
    report(model="openai/big")
    report(instanceId="instance-0002")
    answer = client.post("/api/community/withdraw", {"instanceId": "instance-0001"}, "application/json")
    assert answer.json() == {"data": {"withdrawn": 2}}
    assert BallotRow.objects.count() == 1


def test_scores_come_in_the_ancestors_words(client: Client) -> None:
    crowd(23, rating=4)
    crowd(20, model="openai/big")
    recount()
    answer = client.get("/api/community/scores?category=coding").json()
    assert answer["data"] == [
        {"model": "openai/big", "category": "coding", "totalRatings": 20, "avgRating": 5.0, "contributors": 20},
        {"model": "openai/small", "category": "coding", "totalRatings": 20, "avgRating": 4.0, "contributors": 20},
    ]
    assert client.get("/api/community/scores?category=vision").json() == {"data": []}
    assert client.get("/api/community/scores?minRatings=21").json() == {"data": []}
    refused = client.get("/api/community/scores?category=cooking")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "INVALID_PARAM")


def test_a_site_that_is_no_server_keeps_nothing_and_says_so(report: Send, settings: Any) -> None:
    settings.COMMUNITY_SERVER = None
    answer = report()
    assert answer.status_code == 200
    assert answer.json()["data"]["recorded"] is False
    assert not BallotRow.objects.exists()
    assert report(rating=99).status_code == 400


def test_a_score_changes_only_once_a_whole_crowd_has_reported_since() -> None:
    """Else who compares it before and after would read the one voice between."""
    crowd(25, rating=5)
    recount()
    told = CommunityScoreRow.objects.values_list("mean_score", "vote_weight", "published_at").get()
    for number in range(LEAST_REPORTERS - 1):
        said = Report(BODY["model"], Category.CODING, 1, f"later-instance-{number:04}")
        take_report(report=said, network=f"later {number}")
        if number % 6 == 0:
            assert recount() == 1
    recount()
    assert CommunityScoreRow.objects.values_list("mean_score", "vote_weight", "published_at").get() == told
    take_report(report=Report(BODY["model"], Category.CODING, 1, "the-last-instance"), network="the last")
    recount()
    assert CommunityScoreRow.objects.get().mean_score < told[0]


def test_a_score_goes_at_once_when_too_few_are_left_behind_it() -> None:
    crowd(LEAST_REPORTERS)
    recount()
    assert forget_instance("instance-0003") == 1
    assert recount() == 0
    assert not CommunityScoreRow.objects.exists()
