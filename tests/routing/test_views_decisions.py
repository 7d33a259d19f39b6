"""Decisions as a list and one by one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import StoredSnapshot
from routing.decide import recommend, route
from routing.decompose.decide import decompose, swarm
from routing.decompose.shapes import DecomposeRequest
from routing.models import DecisionOverride, StoredDecision
from routing.shapes import RouteRequest, TaskRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor, Role
from tests.catalog.pages import signed_in, text_of
from tests.factories import publish_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot() -> Any:
    return publish_snapshot()


def actor_of(role: Role) -> Actor:
    user, _ = User.objects.get_or_create(username=f"some-{role}", defaults={"role": role})
    return Actor(label=user.username, role=role, user_id=user.pk)


def decide(role: Role = Role.VIEWER, task: str = "Fix the crash in the login form", **wishes: Any) -> str:
    return recommend(request=TaskRequest(task, **wishes), actor=actor_of(role)).decision_id


def listed(html: bytes) -> list[str]:
    return re.findall(r'href="/decisions/([0-9a-f-]{36})/"', html.decode())


def test_an_empty_list_leads_to_the_playground() -> None:
    text = text_of(signed_in().get("/decisions/").content)

    assert "No decision yet" in text
    assert "Open the playground" in text


@pytest.mark.usefixtures("snapshot")
def test_a_viewer_reads_their_own_and_an_admin_all() -> None:
    own, other = decide(Role.VIEWER), decide(Role.MEMBER)

    assert listed(signed_in(Role.VIEWER).get("/decisions/").content) == [own]
    assert set(listed(signed_in(Role.ADMIN).get("/decisions/").content)) == {own, other}
    assert signed_in(Role.VIEWER).get(f"/decisions/{own}/").status_code == 200
    assert signed_in(Role.VIEWER).get(f"/decisions/{other}/").status_code == 404
    assert signed_in(Role.VIEWER).get(f"/decisions/{other}/_replay").status_code == 404
    assert signed_in(Role.ADMIN).get(f"/decisions/{other}/").status_code == 200


@pytest.mark.usefixtures("snapshot")
def test_pages_go_on_where_the_last_one_ended() -> None:
    start = timezone.now()
    for number in range(53):
        StoredDecision.objects.filter(pk=decide()).update(made_at=start - timedelta(minutes=number // 2))
    client = signed_in()

    first = client.get("/decisions/?category=coding").content
    older = re.search(r'rel="next" href="([^"]+)"', first.decode())
    assert older
    second = client.get("/decisions/" + older.group(1).replace("&amp;", "&")).content

    assert len(listed(first)) == 50
    assert len(listed(second)) == 3
    assert set(listed(first)).isdisjoint(listed(second))
    assert b'rel="next"' not in second
    assert "category=coding" in older.group(1)


@pytest.mark.usefixtures("snapshot")
def test_filters_are_heard_and_wrong_ones_named() -> None:
    decided = decide(budget="any")
    client = signed_in()

    for query in (
        "kind=recommend",
        "category=coding",
        "model=gamma-60",
        "since=2020-01-01",
        "until=2999-01-01",
        "since=",
    ):
        assert listed(client.get(f"/decisions/?{query}").content) == [decided], query
    for query in ("kind=pick", "category=vision", "model=nothing", "until=2020-01-01"):
        response = client.get(f"/decisions/?{query}")
        assert listed(response.content) == [], query
        assert "No decision fits" in text_of(response.content)
    for query in ("kind=guess", "since=someday", "after=nowhere", "after=2026-01-01T00:00:00_x", "model=" + "x" * 201):
        assert client.get(f"/decisions/?{query}").status_code == 422, query


@pytest.mark.usefixtures("snapshot")
def test_one_decision_shows_its_reasons_and_what_it_stands_on() -> None:
    decided = decide(budget="low", context_tags=("vision",), exclude=frozenset({"acme/alpha-1"}))

    text = text_of(signed_in().get(f"/decisions/{decided}/").content)

    row = StoredDecision.objects.get()
    for words in (
        row.chosen[0],
        row.reason,
        "Fix the crash in the login form",
        f"revision {row.catalog_revision}",
        "version 1",
        "Adjustments revision 0",
        "Context tags vision",
        "Excluded acme/alpha-1",
        "exclude 1 excluded by the request",
        "bugfix",
    ):
        assert words in text, words


@pytest.mark.usefixtures("snapshot")
def test_a_decision_shows_what_a_person_took_instead() -> None:
    decided = decide()
    StoredDecision.objects.update(kind="route")
    override_decision(decided)

    text = text_of(signed_in().get(f"/decisions/{decided}/").content)

    assert "ann took acme/alpha-1 instead" in text
    assert "It is quicker." in text


def override_decision(decided: str) -> None:
    DecisionOverride.objects.create(
        decision_id=decided, model_id="acme/alpha-1", why="It is quicker.", by="ann", at=timezone.now()
    )


@pytest.mark.usefixtures("snapshot")
def test_a_replay_says_whether_the_same_comes_out() -> None:
    decided = decide()
    client = signed_in()

    assert "The same comes out" in text_of(client.get(f"/decisions/{decided}/?replay=on").content)
    part = client.get(f"/decisions/{decided}/_replay").content
    assert "The same comes out" in text_of(part)
    assert b"<html" not in part
    assert "comes out" not in text_of(client.get(f"/decisions/{decided}/").content)

    StoredDecision.objects.update(chosen=["somebody/else"])
    text = text_of(client.get(f"/decisions/{decided}/_replay").content)
    assert "Something else comes out" in text
    assert "Then: somebody/else" in text


@pytest.mark.usefixtures("snapshot")
def test_a_decision_whose_snapshot_is_gone_cannot_be_made_again() -> None:
    decided = decide()
    StoredDecision.objects.update(catalog_revision=StoredSnapshot.objects.count() + 1000)

    response = signed_in().get(f"/decisions/{decided}/?replay=on")

    assert response.status_code == 200
    assert "It cannot be made again." in text_of(response.content)


@pytest.mark.usefixtures("snapshot")
@pytest.mark.parametrize("name", ["none", "00000000-0000-0000-0000-000000000000", "q1_AAAA"])
def test_an_unknown_decision_is_not_found(name: str) -> None:
    assert signed_in().get(f"/decisions/{name}/").status_code == 404


@pytest.mark.usefixtures("snapshot")
def test_the_pages_ask_the_database_little(django_assert_max_num_queries: Any) -> None:
    for _ in range(12):
        decided = decide()
    client = signed_in()
    for path in ("/decisions/", f"/decisions/{decided}/", f"/decisions/{decided}/?replay=on"):
        client.get(path)
        with django_assert_max_num_queries(8):
            assert client.get(path).status_code == 200


@pytest.mark.usefixtures("snapshot")
def test_a_row_of_another_shape_is_shown_as_far_as_it_goes() -> None:
    decided = decide()
    StoredDecision.objects.update(basis={"features": 1}, outcome={"driver": "codex"})

    text = text_of(signed_in().get(f"/decisions/{decided}/").content)

    assert "cannot be shown" in text
    assert "Driver codex" in text


# --- tasks in parts ------------------------------------------------------------------------------


FOUR_PARTS = "1. Design the <b>schema</b>\n2. Build the API\n3. Write the docs\n4. Deploy it"


@pytest.mark.usefixtures("snapshot")
def test_a_swarm_is_listed_and_shows_its_graph_and_reasons(django_assert_max_num_queries: Any) -> None:
    found = swarm(request=DecomposeRequest(FOUR_PARTS), actor=actor_of(Role.VIEWER))
    client = signed_in()
    decided = found.steps.decision_id

    assert listed(client.get("/decisions/?kind=swarm").content) == [decided]
    html = client.get(f"/decisions/{decided}/").content

    text = text_of(html)
    assert html.count(b'class="graph-box"') == 4
    assert html.count(b'class="graph-edge') == len(found.graph.edges)
    assert b"<b>schema</b>" not in html
    for part in found.steps.subtasks:
        assert part.reason in text
        assert f"{part.category}, {part.budget}" in text
    with django_assert_max_num_queries(8):
        assert "The same comes out" in text_of(client.get(f"/decisions/{decided}/?replay=on").content)


@pytest.mark.usefixtures("snapshot")
def test_steps_are_listed_without_a_graph() -> None:
    found = decompose(request=DecomposeRequest(FOUR_PARTS), actor=actor_of(Role.VIEWER))
    html = signed_in().get(f"/decisions/{found.decision_id}/").content
    assert b"graph-box" not in html
    assert "Waits for" not in text_of(html)
    assert "Build the API" in text_of(html)


@pytest.mark.usefixtures("snapshot")
def test_a_replay_of_parts_names_the_part_that_differs() -> None:
    decided = swarm(request=DecomposeRequest(FOUR_PARTS), actor=actor_of(Role.VIEWER)).steps.decision_id
    outcome = StoredDecision.objects.get().outcome
    for pick in outcome["picks"]:
        pick["model"]["model_id"] = "somebody/else"
    StoredDecision.objects.update(outcome=outcome)
    text = text_of(signed_in().get(f"/decisions/{decided}/_replay").content)
    assert "Something else comes out" in text
    assert "Part 4, " in text
    assert "then somebody/else" in text


@pytest.mark.usefixtures("snapshot")
def test_one_piece_of_work_and_parts_of_another_shape_are_shown_too() -> None:
    whole = swarm(request=DecomposeRequest("Explain salt and pepper"), actor=actor_of(Role.VIEWER)).steps.decision_id
    assert "One piece of work" in text_of(signed_in().get(f"/decisions/{whole}/?replay=on").content)
    StoredDecision.objects.update(outcome={"picks": 1})
    text = text_of(signed_in().get(f"/decisions/{whole}/?replay=on").content)
    assert "cannot be shown" in text
    assert "It cannot be made again" in text


# --- open questions --------------------------------------------------------------------------------


def open_question(client: Any, query: str) -> Any:
    return client.get(f"/api/pick?{query}").json()["data"]


@pytest.mark.usefixtures("snapshot")
def test_an_open_question_has_a_page_that_answers_it_again() -> None:
    picked = open_question(Client(), "task=coding&budget=low&context=vision&exclude=acme/alpha-1&preference=3")
    response = signed_in().get(f"/decisions/{picked['decisionId']}/")
    text = text_of(response.content)
    assert response.status_code == 200
    assert f"{picked['candidateCount']}" in text
    for words in (picked["id"], "Budget low", "Context tags vision", "Excluded acme/alpha-1", "3 of 10", "revision"):
        assert words in text, words
    assert not StoredDecision.objects.exists()
    assert signed_in().get(f"/decisions/{picked['decisionId']}x!/").status_code == 404


@pytest.mark.usefixtures("snapshot")
def test_an_open_recommendation_shows_all_that_it_chose() -> None:
    answer = Client().get("/api/recommend?task=coding&count=3").json()
    text = text_of(signed_in().get(f"/decisions/{answer['meta']['decisionId']}/").content)
    for item in answer["data"]:
        assert item["model"]["id"] in text
    assert "3 models" in text


@pytest.mark.usefixtures("snapshot")
def test_an_open_question_to_a_snapshot_that_is_gone_says_what_was_asked() -> None:
    picked = open_question(Client(), "task=coding&budget=low")
    publish_snapshot()
    response = signed_in().get(f"/decisions/{picked['decisionId']}/")
    assert response.status_code == 200
    assert "It cannot be made again" in text_of(response.content)
    assert "Budget low" in text_of(response.content)


@pytest.mark.usefixtures("snapshot")
def test_a_route_says_what_each_rule_did() -> None:
    answer = route(request=RouteRequest("Write the README of the parser"), actor=actor_of(Role.VIEWER))
    text = text_of(signed_in().get(f"/decisions/{answer.decision_id}/").content)
    assert "Tier fast “exploration and docs are cheap and fast” Says fast." in text
    assert f"Driver {answer.driver} “whoever is best” Prefers nobody" in text
    assert "Confirmation not required “nothing to confirm” Lets it go without a person's yes." in text
    assert "Rules exploration" not in text


@pytest.mark.usefixtures("snapshot")
def test_a_route_is_made_again_with_few_questions(django_assert_max_num_queries: Any) -> None:
    answer = route(request=RouteRequest("Fix the login form", session_id="s"), actor=actor_of(Role.VIEWER))
    override_decision(answer.decision_id)
    client = signed_in()
    client.get(f"/decisions/{answer.decision_id}/")
    with django_assert_max_num_queries(8):
        text = text_of(client.get(f"/decisions/{answer.decision_id}/?replay=on").content)
    assert "The same comes out" in text
    assert "ann took acme/alpha-1 instead" in text
