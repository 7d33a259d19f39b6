"""Which outcomes came of picks that tried another model: told by the decision's id."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from feedback.models import LessonRow, Rating, Spawn
from routing import decide
from routing.decide import pick
from routing.exploring.settings import set_terms
from routing.models import AdjustmentRow, ExplorationAccount, ExploredPick
from routing.shapes import Decision, TaskRequest
from runs.models import LedgerEntry
from runs.shapes import NodeStatus, RunStatus
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import entry, models
from tests.routing.exploring.conftest import TASK, WIDE, classification
from tests.runs.rows import make_node, make_run

LEADER = "openai/big"


@pytest.fixture
def actor(ann: User, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """Somebody who lets others be tried on low-risk coding."""
    monkeypatch.setattr(decide, "classify", lambda _text: classification())
    publish_snapshot(make_snapshot(*models(), entry("mistral/near", 83.5, "4")))
    person = ann.as_actor()
    set_terms(WIDE, scope=f"user:{ann.pk}", actor=person)
    return person


@pytest.fixture
def client(ann: User) -> Client:
    browser = Client()
    browser.force_login(ann)
    return browser


@pytest.fixture
def trial(actor: Actor) -> Decision:
    """A pick that tried another model."""
    return next(item for item in _picks(actor) if item.chosen != (LEADER,))


@pytest.fixture
def kept(actor: Actor) -> Decision:
    """A pick that kept its leader."""
    return pick(request=TaskRequest(TASK), actor=actor)


def _picks(actor: Actor) -> Any:
    for _ in range(80):
        ExplorationAccount.objects.update_or_create(pk=actor.user_id, defaults={"credit_permille": 1000})
        yield pick(request=TaskRequest(TASK), actor=actor)


def post(client: Client, address: str, body: dict[str, object], status: int = 200) -> Any:
    response = client.post(f"/api/{address}", json.dumps(body), "application/json")
    assert response.status_code == status, response.content[:300]
    return response.json()


def outcome(decision: Decision, rating: int = 5) -> dict[str, object]:
    model = decision.chosen[0]
    return {"model": model, "category": "coding", "rating": rating, "decisionId": decision.decision_id}


def results(client: Client) -> dict[str, Any]:
    return client.get("/api/exploration/results").json()["data"]  # type: ignore[no-any-return]


def test_an_outcome_that_names_its_decision_counts_for_the_trial(client: Client, trial: Decision) -> None:
    post(client, "spawn-log/outcome", outcome(trial))
    assert LessonRow.objects.get().tried_by == UUID(trial.decision_id)
    found = results(client)
    assert (found["ratedPicks"], found["picks"][0]["rated"]) == (1, True)
    assert found["cells"][0]["tried"]["model"] == trial.chosen[0]
    assert found["cells"][0]["tried"]["ratings"] == 1


def test_its_rating_counts_for_the_next_pick_as_any_other(client: Client, trial: Decision) -> None:
    post(client, "spawn-log/outcome", outcome(trial, rating=1))
    row = AdjustmentRow.objects.current().get(model_id=trial.chosen[0], evidence="personal")
    assert (row.success_share, row.sample_count) == (0.0, 1.0)


def test_an_outcome_of_a_pick_that_kept_its_leader_is_no_trial_s(client: Client, kept: Decision) -> None:
    post(client, "spawn-log/outcome", outcome(kept))
    assert LessonRow.objects.get().tried_by is None


def test_another_model_s_work_under_the_decision_is_no_trial_s(client: Client, trial: Decision) -> None:
    """The client took another model than was picked: that says nothing of the tried one."""
    post(client, "spawn-log/outcome", {**outcome(trial), "model": LEADER})
    assert LessonRow.objects.get().tried_by is None


def test_work_logged_with_its_decision_is_rated_for_it_now_and_when_rated_again(
    client: Client, trial: Decision
) -> None:
    body = {"model": trial.chosen[0], "category": "coding", "decisionId": trial.decision_id}
    spawn = post(client, "spawn-log", body)["data"]["id"]
    for rating in (2, 5):
        post(client, "ratings", {"spawn": spawn, "rating": rating})
        lesson = LessonRow.objects.get()
        assert (lesson.tried_by, lesson.worth_share) == (UUID(trial.decision_id), 1.0 if rating == 5 else 0.15)


def test_an_outcome_finds_the_logged_work_of_its_own_decision(client: Client, trial: Decision, ann: User) -> None:
    other = Spawn.objects.create(
        user=ann,
        model_id=trial.chosen[0],
        category="coding",
        mode="single",
        role="primary",
        source="api",
        is_estimate=True,
        prompt_tokens=1,
        completion_tokens=1,
        decision_id=uuid4(),
    )
    post(client, "spawn-log/outcome", outcome(trial))
    assert Rating.objects.get().spawn_id != other.pk


def test_a_run_s_node_by_a_tried_model_is_told_by_the_run_s_decisions(
    client: Client, trial: Decision, ann: User
) -> None:
    run = make_run(
        ann, status=RunStatus.COMPLETED, category="coding", decision_ids=[trial.decision_id], finished_at=timezone.now()
    )
    make_node(run, "task-1", NodeStatus.COMPLETED, model_id=trial.chosen[0])
    make_node(run, "task-2", NodeStatus.COMPLETED, model_id=LEADER)
    post(client, "ratings", {"run": str(run.pk), "rating": 4})
    tried = dict(LessonRow.objects.values_list("model_id", "tried_by"))
    assert tried == {trial.chosen[0]: UUID(trial.decision_id), LEADER: None}


@pytest.mark.parametrize("decision_id", ["nonsense", 7, "0" * 32, "{stranger}"])
def test_a_decision_that_is_none_of_the_caller_s_is_refused(
    client: Client, trial: Decision, decision_id: object
) -> None:
    if decision_id == "{stranger}":
        stranger = User.objects.create_user("stranger", role="member").as_actor()
        decision_id = pick(request=TaskRequest(TASK), actor=stranger).decision_id
    post(client, "spawn-log/outcome", {**outcome(trial), "decisionId": decision_id}, 400)
    post(client, "spawn-log", {"model": LEADER, "category": "coding", "decisionId": decision_id}, 400)
    assert not LessonRow.objects.exists()
    assert not Spawn.objects.exists()


def test_an_open_pick_s_id_is_taken_and_says_nothing(client: Client, actor: Actor) -> None:
    token = Client().get("/api/pick?task=coding").json()["data"]["decisionId"]
    body = {"model": LEADER, "category": "coding", "rating": 4, "decisionId": token}
    post(client, "spawn-log/outcome", body)
    assert LessonRow.objects.get().tried_by is None


def spend(user: User, model: str, decision: str, cost: int, **fields: Any) -> None:
    LedgerEntry.objects.create(
        call_id=uuid4(),
        kind="charge",
        day=timezone.now().date(),
        status="ok",
        user_id=user.pk,
        purpose="task",
        mode="chat",
        category="coding",
        driver="api",
        decision_id=decision,
        connection="c",
        provider="p",
        model_id=model,
        cost_nano_usd=cost,
        **fields,
    )


def test_measured_costs_stand_beside_the_leader_s(client: Client, trial: Decision, ann: User) -> None:
    for cost in (30_000_000, 10_000_000):  # two calls of one pick
        spend(ann, trial.chosen[0], trial.decision_id, cost)
    spend(ann, LEADER, str(uuid4()), 15_000_000)
    spend(ann, LEADER, str(uuid4()), 25_000_000)
    spend(ann, LEADER, str(uuid4()), 99_000_000, is_simulated=True)
    spend(User.objects.create_user("other"), LEADER, str(uuid4()), 99_000_000)
    (cell,) = results(client)["cells"]
    assert cell["tried"]["costUsd"] == {"mean": 0.04, "lower": None, "upper": None, "measured": 1}
    assert (cell["leader"]["costUsd"]["mean"], cell["leader"]["costUsd"]["measured"]) == (0.02, 2)


def test_the_page_tells_all_of_it_and_only_to_its_person(
    client: Client, trial: Decision, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    post(client, "spawn-log/outcome", outcome(trial))
    post(client, "spawn-log/outcome", {"model": LEADER, "category": "coding", "rating": 3})
    ExploredPick.objects.update(made_at=timezone.now() - timedelta(hours=1))
    with django_assert_max_num_queries(10):
        text = client.get("/exploration/results/").content.decode()
    assert trial.chosen[0].split("/")[1] in text
    assert "open" in text  # one rating each tells nothing yet
    stranger = Client()
    stranger.force_login(User.objects.create_user("stranger", role="viewer"))
    assert "Every pick takes its leader." in stranger.get("/exploration/results/").content.decode()
    assert stranger.get("/api/exploration/results").json()["data"]["picks"] == []


def test_the_decision_s_page_and_the_list_say_that_it_was_a_trial(
    client: Client, trial: Decision, kept: Decision
) -> None:
    page = client.get(f"/decisions/{trial.decision_id}/?replay=on").content.decode()
    assert "drew best and was taken in place of" in page
    assert trial.trial is not None
    assert trial.trial.seed in page
    listed = client.get("/decisions/").content.decode()
    assert listed.count(">tried</span>") == ExploredPick.objects.count() == 1
