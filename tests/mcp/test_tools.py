"""The MCP server in one process with the SDK's own client: the ancestor's tools, and ours beside them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.test import Client as HttpClient
from mcp import Client
from mcp.types import TextContent

from runs.keeping.artifacts import NewArtifact, write_artifacts
from runs.keeping.events import EventKind, NewEvent, add_events
from runs.models import Run
from runs.shapes import NodeStatus, RunStatus
from smartspawn.access.keys import create_key
from smartspawn.access.shapes import Actor, Scope
from smartspawn.mcp import server as mcp_server
from smartspawn.mcp.server import TOOLS, make_server
from tests.runs.rows import make_node, make_run, make_user

pytestmark = pytest.mark.django_db(transaction=True)

ANCESTORS = {
    "smartspawn_health": set(),
    "smartspawn_run_create": {"task", "mode", "budget", "context", "collectiveCount", "role", "merge"},
    "smartspawn_run_status": {"run_id"},
    "smartspawn_run_result": {"run_id", "include_raw"},
    "smartspawn_artifact_get": {"run_id", "node_id"},
    "smartspawn_run_list": {"status", "limit"},
    "smartspawn_run_cancel": {"run_id"},
}


@pytest.fixture
def ann(transactional_db: None) -> Actor:
    return make_user().as_actor()


def talk(actor: Actor, conversation: Callable[[Client], Awaitable[Any]]) -> Any:
    async def hold() -> Any:
        async with Client(make_server(lambda _context: actor)) as client:
            return await conversation(client)

    return asyncio.run(hold())


def call(actor: Actor, name: str, **arguments: Any) -> dict[str, Any]:
    """What the tool answers."""
    result = talk(actor, lambda client: client.call_tool(name, arguments))
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert not result.is_error, content.text
    return dict(json.loads(content.text))


def refusal(actor: Actor, name: str, **arguments: Any) -> str:
    """What the tool refuses with."""
    result = talk(actor, lambda client: client.call_tool(name, arguments))
    assert result.is_error
    return str(json.loads(result.content[0].text)["error"])


def test_the_ancestors_tools_are_there_with_their_inputs(ann: Actor) -> None:
    tools = {tool.name: tool for tool in talk(ann, lambda client: client.list_tools()).tools}
    for name, inputs in ANCESTORS.items():
        assert inputs <= set(tools[name].input_schema["properties"]), name
        assert tools[name].input_schema["additionalProperties"] is False
    assert tools["smartspawn_run_create"].input_schema["properties"]["mode"]["enum"][:5] == [
        "single",
        "collective",
        "cascade",
        "plan",
        "swarm",
    ]


def test_a_run_is_created_and_told_as_the_ancestor_tells_it(world: None, ann: Actor) -> None:
    made = call(ann, "smartspawn_run_create", task="Name a colour", mode="single", simulate=True)
    assert set(made) == {"run_id", "status", "created_at"}
    status = call(ann, "smartspawn_run_status", run_id=made["run_id"])
    assert status["status"] == "queued"
    assert status["progress"] == {
        "total_nodes": 1,
        "done_nodes": 0,
        "running_nodes": 0,
        "failed_nodes": 0,
        "percent": 0.0,
    }
    assert (
        call(ann, "smartspawn_run_create", task="Name a colour", mode="single", simulate=True)["deduplicated"] is True
    )


def test_a_result_has_the_ancestors_fields(ann: Actor) -> None:
    run = make_run(status=RunStatus.COMPLETED, user_id=ann.user_id)
    make_node(run, "task-1", NodeStatus.COMPLETED, model_id="acme/one", output_tokens=5)
    write_artifacts(run.pk, [NewArtifact("task-1", "raw", "x" * 13_000), NewArtifact("merged", "merged", "done")])
    result = call(ann, "smartspawn_run_result", run_id=str(run.pk), include_raw=True)
    assert (result["status"], result["merged_output"]) == ("completed", "done")
    assert result["summary"] == "single run with 1 node"
    assert result["artifacts"][0] == {
        "node_id": "task-1",
        "path": None,
        "model": "acme/one",
        "status": "completed",
        "type": "raw",
    }
    assert result["cost"] == {"prompt_tokens": 0, "completion_tokens": 5, "usd_estimate": 0.0}
    assert [len(item["output"]) for item in result["raw_outputs"]] == [12_000]


def test_an_artifact_is_had_by_its_name_or_its_whole_id(ann: Actor) -> None:
    run = make_run(user_id=ann.user_id)
    write_artifacts(run.pk, [NewArtifact("merged", "merged", "done")])
    for node_id in ("merged", f"{run.pk}:merged"):
        text = call(ann, "smartspawn_artifact_get", run_id=str(run.pk), node_id=node_id)
        assert (text["artifact_type"], text["content"], text["metadata"]["bytes"]) == ("merged", "done", 4)


def test_runs_are_listed_canceled_and_approved(ann: Actor) -> None:
    waiting = make_run(user_id=ann.user_id, status=RunStatus.AWAITING_APPROVAL, task="first")
    other = make_run(user_id=ann.user_id, task="second")
    assert [item["task"] for item in call(ann, "smartspawn_run_list")["runs"]] == ["second", "first"]
    assert len(call(ann, "smartspawn_run_list", limit=1)["runs"]) == 1
    assert call(ann, "smartspawn_run_approve", run_id=str(waiting.pk))["status"] == "queued"
    assert call(ann, "smartspawn_run_cancel", run_id=str(other.pk))["status"] == "canceled"


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("smartspawn_run_status", {}, "run_id is required"),
        ("smartspawn_run_status", {"run_id": "no-such"}, "run not found: no-such"),
        ("smartspawn_artifact_get", {"run_id": "x"}, "run_id and node_id are required"),
        ("smartspawn_run_create", {"mode": "single"}, "task is required"),
        ("smartspawn_run_create", {}, "task is required"),
        ("smartspawn_run_create", {"task": "x", "mode": "single", "role": {"dance": 1}}, "role.dance"),
        ("smartspawn_artifact_get", {}, "run_id and node_id are required"),
        ("smartspawn_compare", {}, "models parameter is required"),
        ("smartspawn_route", {}, "task"),
        ("smartspawn_decompose", {}, "task"),
        ("smartspawn_rate", {}, "what is rated"),
        ("smartspawn_run_create", {"task": "x", "mode": "solo"}, "mode must be one of single|collective"),
        ("smartspawn_run_list", {"limit": 0}, "limit"),
        ("smartspawn_run_list", {"limit": "many"}, "limit"),
        ("smartspawn_pick", {"task": "x", "bugdet": "low"}, "no argument 'bugdet'"),
        ("smartspawn_run_status", {"runId": "x"}, "no argument 'runId'. It takes run_id."),
        ("smartspawn_health", {"deep": True}, "no argument 'deep'. It takes none."),
        ("smartspawn_pick", {"task": ["x"]}, "task"),
        ("smartspawn_nothing", {}, "unknown tool: smartspawn_nothing"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_half_done(
    world: None, ann: Actor, name: str, arguments: dict[str, Any], words: str
) -> None:
    assert words in refusal(ann, name, **arguments)
    assert Run.objects.count() == 0


def test_a_refusal_does_not_send_a_whole_book_back(world: None, ann: Actor) -> None:
    said = refusal(ann, "smartspawn_run_create", task="x", mode="single", role="book " * 50_000)
    assert said.startswith("role: 'book book")
    assert said.endswith("is not of type 'object'")
    assert len(said) < 300


def test_a_key_does_what_its_scopes_say(world: None, ann: Actor) -> None:
    reader = Actor(label="key r", scopes=frozenset({Scope.RUNS_READ}), user_id=ann.user_id)
    assert "needs the scope runs:write" in refusal(reader, "smartspawn_run_create", task="x", mode="single")
    assert call(reader, "smartspawn_run_list")["runs"] == []


def test_choosing_is_for_everybody_only_while_the_site_is_open(world: None, settings: Any) -> None:
    nobody = Actor(label="nobody", scopes=frozenset({Scope.RUNS_READ}))
    assert call(nobody, "smartspawn_pick", task="coding")["id"]
    settings.OPEN_API = False
    assert "needs the scope catalog:read" in refusal(nobody, "smartspawn_pick", task="coding")


def test_a_fault_of_ours_is_a_number_in_the_log_and_no_detail(
    ann: Actor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(_actor: Actor, **_fields: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("smartspawn.mcp.run_tools.list_runs", break_down)
    said = refusal(ann, "smartspawn_run_list")
    assert "secret detail" not in said
    number = said.removesuffix(" in the log.").rpartition(" ")[2]
    assert number in caplog.text


def test_waiting_ends_with_the_run_or_after_a_while(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_server, "LONGEST_WAIT_S", 0.3)
    monkeypatch.setattr(mcp_server, "_LOOK_EVERY_S", 0.05)
    over = make_run(user_id=ann.user_id, status=RunStatus.COMPLETED)
    under_way = make_run(user_id=ann.user_id, status=RunStatus.RUNNING)
    assert call(ann, "smartspawn_run_wait", run_id=str(over.pk))["status"] == "completed"
    assert call(ann, "smartspawn_run_wait", run_id=str(under_way.pk))["status"] == "running"


def test_who_waits_is_told_of_progress(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_server, "LONGEST_WAIT_S", 0.3)
    monkeypatch.setattr(mcp_server, "_LOOK_EVERY_S", 0.05)
    run = make_run(user_id=ann.user_id, status=RunStatus.RUNNING)
    make_node(run, "a", NodeStatus.COMPLETED)
    make_node(run, "b")
    add_events(run.pk, [NewEvent(EventKind.NODE_COMPLETED, message="a is done")])
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    talk(
        ann,
        lambda client: client.call_tool("smartspawn_run_wait", {"run_id": str(run.pk)}, progress_callback=hear),
    )
    assert told == [(50.0, 100.0, "a is done")]


# --- the same answer at every face ---------------------------------------------------------

ASKED = [
    ("smartspawn_pick", "/api/pick", {"task": "Fix the login", "budget": "low"}),
    ("smartspawn_recommend", "/api/recommend", {"task": "Fix the login", "count": 2}),
    ("smartspawn_route", "/api/route", {"task": "Refactor the billing module", "stack": ["python"]}),
    ("smartspawn_decompose", "/api/decompose", {"task": "1. Research it\n2. Write it"}),
]
_OF_THE_MOMENT = {"decisionId"}


@pytest.mark.parametrize(("tool", "path", "asked"), ASKED)
def test_a_tool_answers_what_the_api_answers(
    world: None, ann: Actor, tool: str, path: str, asked: dict[str, Any]
) -> None:
    key = create_key(actor=ann, name="k", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)
    client = HttpClient(headers={"Authorization": f"Bearer {key.token}"})
    over_http = client.post(path, json.dumps(asked), content_type="application/json").json()
    over_http = over_http["data"] if set(over_http) == {"data"} else over_http
    over_mcp = call(ann, tool, **asked)
    assert _lasting(over_mcp) == _lasting(over_http)


def test_a_comparison_is_the_same_too(world: None, ann: Actor) -> None:
    over_http = HttpClient().get("/api/compare?models=openai/big,no/such").json()["data"]
    assert call(ann, "smartspawn_compare", models=["openai/big", "no/such"]) == over_http


def _lasting(payload: Any) -> Any:
    """The answer without what is new each time, at any depth."""
    if isinstance(payload, dict):
        return {name: _lasting(value) for name, value in payload.items() if name not in _OF_THE_MOMENT}
    return [_lasting(item) for item in payload] if isinstance(payload, list) else payload


def test_the_schema_of_a_comparison_asks_for_as_many_models_as_the_tool_does() -> None:
    given = TOOLS["smartspawn_compare"].schema["properties"]["models"]
    assert (given["minItems"], given["maxItems"]) == (2, 6)


def test_every_tool_says_what_it_is_for_and_takes_an_object() -> None:
    for tool in TOOLS.values():
        assert tool.description.endswith(".")
        assert tool.schema["type"] == "object"


def test_a_rating_over_mcp_is_a_rating_and_a_wrong_one_moves_nothing(ann: Actor) -> None:
    run = make_run(user_id=ann.user_id, status=RunStatus.COMPLETED)
    make_node(run, "task-1", NodeStatus.COMPLETED, model_id="acme/one")
    said = call(ann, "smartspawn_rate", run=str(run.pk), rating=5, reasons=["great"])
    assert (said["rating"], said["reasons"], said["run"]) == (5, ["great"], str(run.pk))
    for wrong in ({"rating": 99}, {"rating": "good"}, {"verdict": "splendid"}, {}):
        assert refusal(ann, "smartspawn_rate", run=str(run.pk), **wrong)
    assert call(ann, "smartspawn_rate", run=str(run.pk), rating=4)["id"] == said["id"]
