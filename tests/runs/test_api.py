"""Runs over HTTP, as a client meets them."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from runs.keeping.artifacts import NewArtifact, write_artifacts
from runs.keeping.events import EventKind, NewEvent, add_events
from runs.models import Run
from runs.shapes import NodeStatus, RunStatus
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Scope
from smartspawn.tickets import TICKET_HEADER
from tests.runs.rows import make_node, make_run, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(db: None) -> User:
    return make_user()


@pytest.fixture
def api(ann: User) -> Client:
    scopes = frozenset({Scope.RUNS_READ, Scope.RUNS_WRITE})
    key = create_key(actor=ann.as_actor(), name="ci", scopes=scopes, expires_at=None)
    return Client(headers={"Authorization": f"Bearer {key.token}"})


def post(api: Client, path: str, body: Any, **headers: str) -> Any:
    return api.post(path, json.dumps(body), content_type="application/json", headers=headers)


SINGLE = {"mode": "single", "task": "Name a colour", "simulate": True}


def test_a_run_is_accepted_with_its_id_and_what_it_may_cost(world: None, api: Client) -> None:
    response = post(api, "/api/runs", SINGLE)
    data = response.json()["data"]
    assert response.status_code == 202
    assert response["Location"] == f"/api/runs/{data['id']}"
    assert (data["status"], data["deduplicated"], data["isSimulated"]) == ("queued", False, True)
    assert 0 < data["expectedUsd"] <= data["likelyWorstUsd"] <= data["worstUsd"]


def test_the_same_body_twice_is_said_to_be_one_run_unless_another_is_forced(world: None, api: Client) -> None:
    first, second = (post(api, "/api/runs", SINGLE).json()["data"] for _ in range(2))
    forced = post(api, "/api/runs", {**SINGLE, "forceNew": True}).json()["data"]
    assert (second["id"], second["deduplicated"]) == (first["id"], True)
    assert forced["id"] != first["id"]


def test_a_key_with_another_body_is_a_422(world: None, api: Client) -> None:
    header = {"Idempotency-Key": "k1"}
    post(api, "/api/runs", SINGLE, **header)
    response = post(api, "/api/runs", {**SINGLE, "task": "Name a number"}, **header)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"mode": "single"}, "task is required"),
        ({"mode": "sing", "task": "x"}, "mode must be one of"),
        ({"mode": "parallel"}, "prompts is required"),
        ({"mode": "chain", "chain": {"auto": {"depth": "quick"}}}, "task is required"),
        ({**SINGLE, "maxUsd": -1}, "maxUsd"),
        ({**SINGLE, "max_usd": 1}, "Did you mean maxUsd?"),
        ({**SINGLE, "forceNew": "perhaps"}, "forceNew"),
        ([1, 2], "JSON object"),
    ],
)
def test_what_is_wrong_with_a_body_is_said(world: None, api: Client, body: Any, words: str) -> None:
    response = post(api, "/api/runs", body)
    assert response.status_code == 400
    assert words in response.json()["error"]["message"]
    assert Run.objects.count() == 0


def test_a_preview_shows_the_plan_and_starts_nothing(world: None, api: Client) -> None:
    data = post(api, "/api/runs/preview", {**SINGLE, "mode": "collective"}).json()["data"]
    assert [node["id"] for node in data["nodes"]] == ["task-1", "task-2", "task-3", "merge"]
    assert data["nodes"][0]["model"]
    assert data["cost"]["expectedUsd"] > 0
    assert Run.objects.count() == 0


def test_a_list_shows_the_persons_own_runs_newest_first_and_goes_on(api: Client, ann: User) -> None:
    runs = [make_run(ann, task=f"task {number}") for number in range(3)]
    make_run(make_user("bob"))
    page = api.get("/api/runs?limit=2").json()["data"]
    assert [item["task"] for item in page] == ["task 2", "task 1"]
    rest = api.get(f"/api/runs?before={page[-1]['id']}").json()["data"]
    assert [item["id"] for item in rest] == [str(runs[0].pk)]


def test_a_list_is_filtered_by_status_mode_and_words(api: Client, ann: User) -> None:
    make_run(ann, task="paint the fence", status=RunStatus.COMPLETED)
    make_run(ann, task="mow the lawn")
    assert [item["task"] for item in api.get("/api/runs?status=completed").json()["data"]] == ["paint the fence"]
    assert [item["task"] for item in api.get("/api/runs?q=LAWN").json()["data"]] == ["mow the lawn"]
    assert api.get("/api/runs?mode=swarm").json()["data"] == []
    assert api.get("/api/runs?status=lost").status_code == 400


def test_a_list_costs_few_questions_however_long_it_is(
    api: Client, ann: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make_node(make_run(ann))
    api.get("/api/runs")
    with django_assert_max_num_queries(8):
        assert len(api.get("/api/runs").json()["data"]) == 5


def test_one_run_comes_with_its_nodes_and_progress(api: Client, ann: User) -> None:
    run = make_run(ann)
    make_node(run, "a", NodeStatus.COMPLETED, output_tokens=7, fresh_input_tokens=3, cost_nano_usd=2_500)
    make_node(run, "b", NodeStatus.FAILED, error="no answer", error_code="timeout", depends_on=["a"])
    data = api.get(f"/api/runs/{run.pk}").json()["data"]
    assert data["progress"] == {
        "totalNodes": 2,
        "doneNodes": 1,
        "runningNodes": 0,
        "failedNodes": 1,
        "percent": 50.0,
    }
    assert (data["cost"]["promptTokens"], data["cost"]["completionTokens"]) == (3, 7)
    assert data["nodes"][0]["usd"] == 2.5e-06
    assert data["nodes"][1]["error"] == {"code": "timeout", "message": "no answer", "hint": None}
    assert data["nodes"][1]["dependsOn"] == ["a"]


@pytest.mark.parametrize("path", ["", "/events", "/result", "/artifacts/merged"])
def test_somebody_elses_run_is_not_there(api: Client, path: str) -> None:
    theirs = make_run(make_user("bob"))
    for run_id in (theirs.pk, uuid4()):
        response = api.get(f"/api/runs/{run_id}{path}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_events_come_in_pages_that_say_when_all_is_over(api: Client, ann: User) -> None:
    run = make_run(ann, status=RunStatus.COMPLETED)
    add_events(
        run.pk, [NewEvent(EventKind.RUN_CREATED), NewEvent(EventKind.RUN_STARTED), NewEvent(EventKind.RUN_COMPLETED)]
    )
    first = api.get(f"/api/runs/{run.pk}/events?limit=2").json()["data"]
    assert [event["event"] for event in first["events"]] == ["run.created", "run.started"]
    assert not first["isOver"]
    rest = api.get(f"/api/runs/{run.pk}/events?after=2").json()["data"]
    assert ([event["seq"] for event in rest["events"]], rest["isOver"]) == ([3], True)


@pytest.mark.parametrize(("accept", "form"), [("text/event-stream", "sse"), ("application/x-ndjson", "ndjson")])
def test_who_accepts_a_stream_gets_a_ticket_for_one(api: Client, ann: User, accept: str, form: str) -> None:
    run = make_run(ann)
    response = api.get(f"/api/runs/{run.pk}/events?after=4", headers={"Accept": accept})
    ticket = json.loads(response[TICKET_HEADER])
    assert ticket == {"stream": "run-events", "params": {"run": str(run.pk), "after": 4, "format": form}}


def test_a_browser_that_reconnects_goes_on_after_the_last_event_it_saw(api: Client, ann: User) -> None:
    run = make_run(ann)
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "17"}
    response = api.get(f"/api/runs/{run.pk}/events", headers=headers)
    assert json.loads(response[TICKET_HEADER])["params"]["after"] == 17


def test_a_result_brings_the_answer_the_artifacts_and_on_request_the_raw_texts(api: Client, ann: User) -> None:
    run = make_run(ann, status=RunStatus.COMPLETED)
    make_node(run, "task-1", NodeStatus.COMPLETED, model_id="openai/big")
    texts = [NewArtifact("task-1", "raw", "x" * 13_000), NewArtifact("merged", "merged", "# Done")]
    write_artifacts(run.pk, [*texts, NewArtifact("plan", "plan", "{}", media_type="application/json")])
    data = api.get(f"/api/runs/{run.pk}/result").json()["data"]
    assert data["mergedOutput"] == "# Done"
    assert [item["nodeId"] for item in data["artifacts"]] == ["plan", "task-1", "merged"]
    assert "rawOutputs" not in data
    (raw,) = api.get(f"/api/runs/{run.pk}/result?includeRaw=true").json()["data"]["rawOutputs"]
    assert (raw["nodeId"], len(raw["output"]), raw["isCut"]) == ("task-1", 12_000, True)


def test_an_artifact_is_read_by_its_short_or_its_whole_name_or_downloaded_as_text(api: Client, ann: User) -> None:
    run = make_run(ann)
    write_artifacts(run.pk, [NewArtifact("task-1", "raw", "<script>alert(1)</script>")])
    for name in ("task-1", f"{run.pk}:task-1"):
        data = api.get(f"/api/runs/{run.pk}/artifacts/{name}").json()["data"]
        assert (data["content"], data["metadata"]["bytes"]) == ("<script>alert(1)</script>", 25)
    file = api.get(f"/api/runs/{run.pk}/artifacts/task-1?download=on")
    assert file["Content-Type"].startswith("text/plain")
    assert file["Content-Disposition"] == 'attachment; filename="task-1.md"'


def test_a_run_is_approved_canceled_and_retried(api: Client, ann: User) -> None:
    waiting = make_run(ann, status=RunStatus.AWAITING_APPROVAL)
    assert post(api, f"/api/runs/{waiting.pk}/approve", {}).json()["data"]["status"] == "queued"
    assert post(api, f"/api/runs/{waiting.pk}/cancel", {}).json()["data"]["status"] == "canceled"
    assert post(api, f"/api/runs/{waiting.pk}/approve", {}).status_code == 409
    make_node(waiting, "a", NodeStatus.FAILED)
    response = post(api, f"/api/runs/{waiting.pk}/retry", {"nodes": ["a"], "maxUsd": 9})
    assert (response.status_code, response.json()["data"]["status"]) == (202, "queued")


def test_a_key_that_only_reads_starts_nothing(world: None, ann: User) -> None:
    key = create_key(actor=ann.as_actor(), name="r", scopes=frozenset({Scope.RUNS_READ}), expires_at=None)
    reader = Client(headers={"Authorization": f"Bearer {key.token}"})
    assert reader.get("/api/runs").status_code == 200
    assert post(reader, "/api/runs", SINGLE).status_code == 403
    assert post(reader, "/api/parallel", {"prompts": ["a"], "simulate": True}).status_code == 403


# --- Swarm's addresses ---------------------------------------------------------------------


def test_prompts_are_answered_by_a_stream_that_names_its_run(world: None, api: Client) -> None:
    response = post(api, "/api/parallel", {"prompts": ["a", "b"], "simulate": True, "detach": True})
    ticket = json.loads(response[TICKET_HEADER])
    assert ticket["stream"] == "run-drive"
    assert ticket["params"] == {"run": response["X-Run-Id"], "shape": "parallel", "isDetached": True}
    assert Run.objects.get().nodes.count() == 2


def test_a_batch_sent_twice_over_a_stream_is_two_runs_unless_it_has_a_key(world: None, api: Client) -> None:
    body = {"prompts": ["a"], "simulate": True}
    plain = {post(api, "/api/parallel", body)["X-Run-Id"] for _ in range(2)}
    keyed = {post(api, "/api/parallel", body, **{"Idempotency-Key": "k"})["X-Run-Id"] for _ in range(2)}
    assert (len(plain), len(keyed)) == (2, 1)


def test_a_bad_batch_is_an_error_and_no_stream(world: None, api: Client) -> None:
    for body in ({}, {"prompts": "a"}, {"prompts": ["a", 1], "simulate": True}, []):
        response = post(api, "/api/parallel", body)
        assert response.status_code == 400
        assert TICKET_HEADER not in response
