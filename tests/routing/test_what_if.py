"""What a change would have meant: for limits, an override, and another snapshot, on decisions that were made."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.corrections import set_override
from catalog.load import load_embedded
from catalog.models import StoredSnapshot
from catalog.queries import current_snapshot
from catalog.refresh import rebuild_catalog
from catalog.shapes import Budget, Override
from routing import what_if
from routing.adjustments import publish, scope_of_user
from routing.decide import pick, recommend, route
from routing.limits import SITE, set_limits
from routing.models import StoredDecision
from routing.past_decisions import list_past
from routing.route_rules import shipped_rules
from routing.shapes import Adjustment, Evidence, Limits, RouteRequest, TaskRequest
from routing.what_if import compare_snapshots, what_if_limits, what_if_override, what_if_removed, what_if_rules
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Actor
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import entry, models


@pytest.fixture
def ann(db: None) -> Actor:
    return User.objects.create_user("ann", role="member").as_actor()


def publish_again(*entries: Any) -> int:
    """Another snapshot beside the published ones."""
    kept = list(StoredSnapshot.objects.all())
    row = publish_snapshot(make_snapshot(*entries))
    StoredSnapshot.objects.bulk_create(kept)
    return row.revision


@pytest.mark.usefixtures("catalogue")
def test_the_present_is_what_was_decided_as_long_as_nothing_changed(ann: Actor) -> None:
    publish([Adjustment(Evidence.PERSONAL, "x-ai/wide", "coding", 1.0, 40)], scope=scope_of_user(ann.user_id or 0))  # type: ignore[arg-type]  # its word
    route(request=RouteRequest("Fix the segfault", ("src/main.rs",), ("rust",), budget=Budget.ANY), actor=ann)
    route(request=RouteRequest("Redesign the login screen", stack=("react",)), actor=ann)
    route(request=RouteRequest("Tidy up the notes", drivers=("codex", "grok")), actor=ann)
    recommend(request=TaskRequest("Write a haiku", count=3, preference=2), actor=ann)
    pick(request=TaskRequest("coding", budget=Budget.HIGH, exclude=frozenset({"openai/big"})), actor=ann)
    pick(request=TaskRequest("coding"), actor=ann)
    found = what_if_rules(shipped_rules(), actor=COMMAND_LINE, count=20)
    assert found.changed == ()
    assert len(found.moves) == 6
    for move in found.moves:
        row = StoredDecision.objects.get(pk=move.past.decision_id)
        assert list(move.present.ids) == row.chosen, move.past
        if move.past.route:
            told = (move.present.tier, move.present.driver, move.present.is_confirmation_required)
            assert told == tuple(row.outcome[name] for name in ("tier", "driver", "is_confirmation_required"))


@pytest.mark.usefixtures("catalogue")
def test_limits_are_tried_before_they_hold(ann: Actor) -> None:
    decided = pick(request=TaskRequest("coding"), actor=ann)
    found = what_if_limits(Limits(deny_providers=frozenset({"openai"})), scope=SITE, actor=COMMAND_LINE, count=20)
    (move,) = found.changed
    assert (move.present.ids, move.proposed.ids) == (decided.chosen, ("anthropic/middle",))
    set_limits(Limits(deny_models=frozenset({"anthropic/middle"})), scope=f"user:{ann.user_id}", actor=ann)
    found = what_if_limits(Limits(deny_providers=frozenset({"openai"})), scope=SITE, actor=COMMAND_LINE, count=20)
    assert found.changed[0].proposed.ids == ("deepseek/blind",)


@pytest.mark.usefixtures("catalogue")
def test_two_snapshots_are_compared_under_the_rules_of_today(ann: Actor) -> None:
    pick(request=TaskRequest("coding"), actor=ann)
    pick(request=TaskRequest("coding", budget=Budget.LOW), actor=ann)
    before = current_snapshot().revision
    after = publish_again(*models(), entry("x-ai/new", 91, "4"))
    found = compare_snapshots(before=before, after=after, actor=COMMAND_LINE, count=20)
    assert [(move.present.ids, move.proposed.ids) for move in found.changed] == [(("openai/big",), ("x-ai/new",))]
    assert compare_snapshots(before=after, after=before, actor=COMMAND_LINE, count=20).changed[0].score_difference == -7


@pytest.mark.usefixtures("catalogue")
def test_people_see_what_changes_for_them_and_admins_for_all(ann: Actor) -> None:
    ben = User.objects.create_user("ben", role="member").as_actor()
    for actor in (ann, ben, ben):
        pick(request=TaskRequest("coding"), actor=actor)
    assert [len(list_past(actor=actor, count=20)) for actor in (ann, ben, COMMAND_LINE)] == [1, 2, 3]


@pytest.mark.usefixtures("catalogue")
def test_so_many_decisions_as_asked_for_are_replayed_and_no_more(ann: Actor) -> None:
    for _ in range(22):
        pick(request=TaskRequest("coding"), actor=ann)
    assert len(list_past(actor=ann, count=20)) == 20
    assert len(list_past(actor=ann, count=1000)) == 22
    newest = StoredDecision.objects.order_by("-made_at").values_list("pk", flat=True)[:20]
    assert [item.decision_id for item in list_past(actor=ann, count=20)] == [str(key) for key in newest]


@pytest.mark.usefixtures("catalogue")
def test_time_that_runs_out_is_told(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        pick(request=TaskRequest("coding"), actor=ann)
    monkeypatch.setattr(what_if, "TIME_LIMIT_S", -1.0)
    found = what_if_rules(shipped_rules(), actor=ann, count=20)
    assert (len(found.moves), found.asked_count) == (0, 3)


@pytest.mark.usefixtures("catalogue")
def test_many_people_s_decisions_cost_no_more_queries_than_one_s() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as told:
            what_if_rules(shipped_rules(), actor=COMMAND_LINE, count=100)
        return len(told)

    people = [User.objects.create_user(f"p{number}", role="member").as_actor() for number in range(6)]
    pick(request=TaskRequest("coding"), actor=people[0])
    first = queries()
    for actor in people:
        set_limits(Limits(deny_models=frozenset({"a/b"})), scope=f"user:{actor.user_id}", actor=actor)
        pick(request=TaskRequest("coding"), actor=actor)
    queries()  # reads the rules of the new revision
    assert queries() <= first


@pytest.mark.django_db
def test_an_override_is_tried_before_it_is_saved(ann: Actor) -> None:
    load_embedded(actor=COMMAND_LINE)
    decided = pick(request=TaskRequest("coding"), actor=ann)
    (chosen,) = decided.chosen
    wanted = Override(model_id=chosen, field="score.coding", value="5", why="tried")
    found = what_if_override(wanted, actor=COMMAND_LINE, count=20)
    (move,) = found.changed
    assert move.present.ids == decided.chosen
    set_override(actor=COMMAND_LINE, override=wanted)
    rebuild_catalog(actor=COMMAND_LINE, trigger="override")
    assert pick(request=TaskRequest("coding"), actor=ann).chosen == move.proposed.ids
    back = what_if_removed(wanted, actor=COMMAND_LINE, count=20)
    assert {item.proposed.ids for item in back.changed} == {(chosen,)}


@pytest.mark.usefixtures("catalogue")
def test_the_api_tells_the_same(ann: Actor) -> None:
    pick(request=TaskRequest("coding"), actor=ann)
    before = current_snapshot().revision
    after = publish_again(*models(), entry("x-ai/new", 91, "4"))
    client = Client()
    client.force_login(User.objects.get(username="ann"))
    told = client.get("/api/route/what-if/snapshots?count=20").json()["data"]
    assert (told["before"], told["after"], told["changed"]) == (before, after, 1)
    assert told["swaps"] == [{"from": "openai/big", "to": "x-ai/new", "count": 1}]
    assert client.get("/api/route/what-if/snapshots?before=999999&count=20").status_code == 404
    for query in ("before=first", "count=7", "count=x", f"after={'9' * 40}"):
        assert client.get(f"/api/route/what-if/snapshots?{query}").status_code == 400, query
    body = json.dumps({"model": "openai/big", "field": "score.coding", "value": 5})
    assert client.post("/api/route/what-if/override", body, content_type="application/json").status_code == 403
