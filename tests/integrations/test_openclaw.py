"""The ancestor's published OpenClaw plugin, unchanged, with this site as its API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.integrations.openclaw import OpenClaw, install_plugin
from tests.site import Site, running_site

pytestmark = pytest.mark.faults

SPAWN = "smart_spawn"
CATEGORIES = ("coding", "reasoning", "creative", "research", "general", "fast-cheap", "vision")
BUDGETS = ("low", "medium", "high", "any")
TWO_PARTS = "Research the competitors of our billing product and then write a pitch deck for investors"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("openclaw-site"), SMARTSPAWN_RATE_LIMIT="off") as running:
        yield running


@pytest.fixture(scope="module")
def openclaw(tmp_path_factory: pytest.TempPathFactory, site: Site) -> OpenClaw:
    return OpenClaw(install_plugin(tmp_path_factory.mktemp("openclaw")), f"{site.address}/api")


def spawn(openclaw: OpenClaw, **given: Any) -> Mapping[str, Any]:
    """The one answer; whatever the plugin asked to make it was answered well."""
    told = openclaw.call((SPAWN, given))
    assert [item for item in told.requests if item["status"] != 200] == []
    (answer,) = told.results
    assert answer.get("source") != "fallback"
    return answer


def test_the_plugin_registers_its_tools(openclaw: OpenClaw) -> None:
    assert openclaw.call().tools == ["smart_spawn", "smart_spawn_feedback"]


def test_a_single_task_gets_a_model_of_the_catalogue(openclaw: OpenClaw, site: Site) -> None:
    answer = spawn(openclaw, task="Fix the flaky login test in our Django project", context="python,django")
    assert set(answer) == {"action", "model", "task", "category", "budget", "reason", "source", "label"}
    assert (answer["action"], answer["source"], answer["category"], answer["budget"]) == (
        "spawn",
        "api",
        "coding",
        "medium",
    )
    assert site.status_of("/api/models/" + answer["model"].removeprefix("openrouter/")) == 200
    assert answer["reason"].startswith("Best coding model at medium budget")


def test_a_provider_of_ones_own_is_asked_directly(openclaw: OpenClaw) -> None:
    picked = spawn(openclaw, task="anything", category="coding")["model"]
    provider = picked.split("/")[1]
    told = openclaw.call((SPAWN, {"task": "anything", "category": "coding"}), profiles=[f"{provider}:default"])
    assert picked == "openrouter/" + told.results[0]["model"]


def test_a_role_is_put_before_the_task(openclaw: OpenClaw) -> None:
    answer = spawn(openclaw, task="Review this", persona="security-engineer", stack=["django"], format="review")
    assert answer["task"].startswith("## Role: ")
    assert answer["task"].endswith("## Task\n\nReview this")


def test_a_collective_gets_models_of_different_providers(openclaw: OpenClaw) -> None:
    answer = spawn(openclaw, task="Compare three message queues", mode="collective", collectiveCount=4)
    assert set(answer) == {"action", "models", "task", "category", "budget", "count", "mergeLabel"}
    assert (answer["action"], answer["count"], len(answer["models"])) == ("collective", 4, 4)
    assert len({item["id"].split("/")[1] for item in answer["models"]}) == 4
    assert all(set(item) == {"id", "reason", "label"} and item["reason"] for item in answer["models"])


def test_a_cascade_gets_a_cheap_model_and_a_better_one(openclaw: OpenClaw) -> None:
    answer = spawn(openclaw, task="Write a parser", category="coding", mode="cascade")
    assert answer["action"] == "cascade"
    assert answer["cheapModel"] != answer["premiumModel"]
    assert answer["cheapScore"] < answer["premiumScore"]
    assert answer["cheapPricing"]["prompt"] < answer["premiumPricing"]["prompt"]
    assert {"cheapLabel", "premiumLabel", "escalationHint", "task", "category"} <= set(answer)


def test_a_plan_gets_a_model_for_each_step(openclaw: OpenClaw) -> None:
    answer = spawn(openclaw, task=TWO_PARTS, mode="plan", persona="analyst")
    assert set(answer) == {"action", "subtasks", "originalTask", "totalSteps", "executionHint"}
    assert (answer["action"], answer["originalTask"]) == ("plan", TWO_PARTS)
    assert [item["step"] for item in answer["subtasks"]] == list(range(1, answer["totalSteps"] + 1))
    assert answer["totalSteps"] >= 2
    for item in answer["subtasks"]:
        assert set(item) == {"step", "task", "category", "model", "budget", "reason", "label"}
        assert item["model"].startswith("openrouter/")
        assert item["task"].startswith("## Role: ")


def test_a_swarm_gets_a_graph_with_a_model_for_each_part(openclaw: OpenClaw) -> None:
    answer = spawn(openclaw, task=TWO_PARTS, mode="swarm")
    dag = answer["dag"]
    assert answer["action"] == "swarm"
    assert dag["totalTasks"] == len(dag["tasks"]) >= 2
    assert dag["totalWaves"] == len(dag["waves"])
    ids = {item["id"] for item in dag["tasks"]}
    assert {"swarm-1", "swarm-2"} <= ids
    assert {end for edge in dag["edges"] for end in (edge["from"], edge["to"])} <= ids
    for item in dag["tasks"]:
        assert set(item["dependsOn"]) <= ids
        assert item["model"].startswith("openrouter/")
        assert item["persona"]
    assert dag["estimatedCost"]["low"] <= dag["estimatedCost"]["high"]


@pytest.mark.parametrize("mode", ["plan", "swarm"])
def test_what_cannot_be_taken_apart_gets_one_model(openclaw: OpenClaw, mode: str) -> None:
    answer = spawn(openclaw, task="Name a colour", mode=mode)
    assert (answer["action"], answer["source"]) == ("spawn", "api")
    assert answer["reason"].startswith("Task not decomposable — Best ")


def test_every_category_and_budget_has_a_model(openclaw: OpenClaw) -> None:
    asked = [(category, budget) for category in CATEGORIES for budget in BUDGETS]
    told = openclaw.call(*[(SPAWN, {"task": "x", "category": kind, "budget": budget}) for kind, budget in asked])
    without = [words for words, answer in zip(asked, told.results, strict=True) if answer["source"] != "api"]
    assert without == []


def test_what_is_spawned_is_logged_with_its_part(openclaw: OpenClaw) -> None:
    told = openclaw.call((SPAWN, {"task": "Write a parser", "category": "coding", "mode": "cascade"}))
    logged = [item for item in told.requests if item["path"] == "/api/spawn-log"]
    assert [item["status"] for item in logged] == [200, 200]
    assert [json.loads(item["body"])["role"] for item in logged] == ["cascade_cheap", "cascade_premium"]


def test_feedback_is_taken(openclaw: OpenClaw) -> None:
    model = spawn(openclaw, task="x", category="coding")["model"]
    rated = {"model": model, "category": "coding", "rating": 5, "context": "python"}
    told = openclaw.call(("smart_spawn_feedback", rated))
    (answer,) = told.results
    assert (answer["recorded"], answer["model"], answer["rating"]) == (True, model, 5)
    assert [(item["path"], item["status"]) for item in told.requests] == [("/api/spawn-log/outcome", 200)]


def test_ratings_that_are_shared_are_answered_too(openclaw: OpenClaw) -> None:
    """This site is no community server: it keeps no second copy, and the plugin goes on as ever."""
    model = spawn(openclaw, task="x", category="coding")["model"]
    told = openclaw.call(("smart_spawn_feedback", {"model": model, "category": "coding", "rating": 4}), shares=True)
    (answer,) = told.results
    assert (answer["recorded"], answer["communityReported"]) == (True, True)
    assert sorted((item["path"], item["status"]) for item in told.requests) == [
        ("/api/community/report", 200),
        ("/api/spawn-log/outcome", 200),
    ]
