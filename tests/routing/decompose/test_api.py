"""Taking tasks apart over HTTP, as the ancestor's plugin and MCP server ask for it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from catalog.shapes import Category
from routing.adjustments import publish
from routing.limits import SITE, set_limits
from routing.shapes import Adjustment, Evidence, Limits
from smartspawn.access.shapes import COMMAND_LINE

pytestmark = pytest.mark.usefixtures("catalogue")

TWO_VERBS = "Build and deploy a SaaS landing page"
FOUR_PARTS = "1. Design the schema\n2. Build the API\n3. Write tests\n4. Deploy to AWS"


def post(client: Client, address: str, body: object, status: int = 200) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body)
    response = client.post(f"/api/{address}", data=data, content_type="application/json")
    assert response.status_code == status, response.content[:300]
    assert response.headers["Content-Type"].startswith("application/json")
    return json.loads(response.content)


# --- the ancestor's wire ---------------------------------------------------------------------------


def test_steps_have_the_ancestor_s_fields(client: Client) -> None:
    answer = post(client, "decompose", {"task": TWO_VERBS, "budget": "medium", "context": "typescript"})
    assert answer["decomposed"] is True
    assert answer["totalSteps"] == 2
    assert (answer["originalTask"], answer["context"]) == (TWO_VERBS, "typescript")
    first = answer["steps"][0]
    assert (first["step"], first["task"], first["budget"]) == (1, "Build a SaaS landing page", "medium")
    assert set(first["model"]) == {"id", "name", "provider", "score", "pricing"}
    assert set(first["model"]["pricing"]) == {"prompt", "completion"}
    best = first["model"]
    assert first["reason"] == f"Best {first['category']} model at medium budget ($0-5/M) — score: {best['score']:g}"
    assert first["reasons"][0].startswith("benchmarks say")


def test_a_part_s_reason_is_that_of_a_pick_but_for_the_personal_rate(client: Client) -> None:
    task = "1. Design the schema\n2. Build the API"
    publish([Adjustment(Evidence.COMMUNITY, "anthropic/middle", Category.CODING, 0.9, 20)])
    publish([Adjustment(Evidence.PERSONAL, "anthropic/middle", Category.CODING, 0.9, 20)])
    for address, body in (("decompose", {"task": task}), ("swarm", {"task": task, "context": "typescript"})):
        answer = post(client, address, {**body, "budget": "any"})
        parts = answer["steps"] if address == "decompose" else answer["dag"]["tasks"]
        for part in parts:
            picked = post(
                client, "pick", {"task": part["category"], "budget": part["budget"], "context": body.get("context", "")}
            )["data"]
            assert part["reason"] == re.sub(r" \(personal: \d+%\)", "", picked["reason"])
            assert part["model"]["id"] == picked["id"]
    assert "personal: 90%" in picked["reason"]


def test_a_swarm_has_the_ancestor_s_fields(client: Client) -> None:
    answer = post(client, "swarm", {"task": FOUR_PARTS})
    dag = answer["dag"]
    assert answer["decomposed"] is True
    assert (dag["totalTasks"], dag["totalWaves"], dag["originalTask"], dag["context"]) == (4, 4, FOUR_PARTS, None)
    assert [task["id"] for task in dag["tasks"]] == ["swarm-1", "swarm-2", "swarm-3", "swarm-4"]
    assert {"id", "description", "category", "budget", "persona", "dependsOn", "model", "reason", "wave"} <= set(
        dag["tasks"][0]
    )
    assert [task["dependsOn"] for task in dag["tasks"]] == [[], ["swarm-1"], ["swarm-2"], ["swarm-3"]]
    assert [task["wave"] for task in dag["tasks"]] == [0, 1, 2, 3]
    assert dag["waves"][0] == {"wave": 0, "taskIds": ["swarm-1"], "description": "1 task"}
    assert dag["edges"][0] == {"from": "swarm-1", "to": "swarm-2", "type": "phase"}
    assert 0 < dag["estimatedCost"]["low"] < dag["estimatedCost"]["high"]
    assert "warning" not in dag


@pytest.mark.parametrize("address", ["decompose", "swarm"])
def test_one_piece_of_work_says_why(client: Client, address: str) -> None:
    answer = post(client, address, {"task": "Explain salt and pepper"})
    assert set(answer) == {"decomposed", "reason", "decisionId"}
    assert answer["decomposed"] is False
    assert "One piece of work" in answer["reason"]


def test_unrelated_bullets_share_a_wave(client: Client) -> None:
    task = "- Write a poem about autumn\n- Translate the contract to German\n- Deploy the billing service"
    dag = post(client, "swarm", {"task": task})["dag"]
    assert dag["edges"] == []
    assert dag["waves"] == [
        {"wave": 0, "taskIds": ["swarm-1", "swarm-2", "swarm-3"], "description": "3 parallel tasks"}
    ]


def test_a_contradicting_order_is_kept_with_a_warning(client: Client) -> None:
    dag = post(client, "swarm", {"task": "1. Deploy\n2. Test\n3. Implement\n4. Design"})["dag"]
    assert "contradicts" in dag["warning"]
    assert [wave["taskIds"] for wave in dag["waves"]] == [["swarm-1"], ["swarm-2"], ["swarm-3"], ["swarm-4"]]


def test_the_preamble_is_handed_over_and_is_no_step(client: Client) -> None:
    answer = post(client, "decompose", {"task": "Please do the following:\n- Build a form\n- Write its tests"})
    assert [step["task"] for step in answer["steps"]] == ["Build a form", "Write its tests"]
    assert answer["preamble"] == "Please do the following:"


def test_any_stays_any_for_hard_parts(client: Client) -> None:
    answer = post(client, "decompose", {"task": "1. Review the critical security\n2. Fix it", "budget": "any"})
    assert [step["budget"] for step in answer["steps"]] == ["any", "any"]


def test_a_part_for_which_no_model_is_left_says_so(client: Client) -> None:
    set_limits(scope=SITE, limits=Limits(allow_providers=frozenset({"nobody"})), actor=COMMAND_LINE)
    dag = post(client, "swarm", {"task": TWO_VERBS})["dag"]
    assert [task["model"] for task in dag["tasks"]] == [None, None]
    assert dag["tasks"][0]["reason"].startswith("No model found for coding at medium budget. Budget took 1 (")
    assert (dag["estimatedCost"]["low"], dag["estimatedCost"]["high"]) == (None, None)
    assert "2 parts have no model" in dag["estimatedCost"]["note"]


# --- what clients send -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "widest"), [(1, 1), (2, 2), ("2", 2), (0, 1), (-5, 1), (99, 3), (2.0, 2), (None, 3), ("", 3)]
)
def test_max_parallel_bounds_the_waves(client: Client, value: object, widest: int) -> None:
    task = "- Write a poem\n- Translate the contract\n- Build a chess engine"
    dag = post(client, "swarm", {"task": task, "maxParallel": value})["dag"]
    assert max(len(wave["taskIds"]) for wave in dag["waves"]) == widest


def test_no_wave_is_wider_than_eight(client: Client) -> None:
    task = "\n".join(f"- Build engine {number}" for number in range(10))
    dag = post(client, "swarm", {"task": task, "maxParallel": 99})["dag"]
    assert [len(wave["taskIds"]) for wave in dag["waves"]] == [8, 2]


def test_a_body_beyond_the_limit_is_refused(client: Client) -> None:
    assert post(client, "swarm", {"task": "a" * 1_100_000}, status=413)["error"]["code"] == "PAYLOAD_TOO_LARGE"
    assert post(client, "swarm", {"task": "a" * 900_000}, status=400)["error"]["code"] == "INVALID_PARAM"


@pytest.mark.parametrize("value", ["abc", "NaN", "2.5", 2.5, True, [], {}, "1e3", "٣"])
def test_max_parallel_that_is_no_whole_number_is_refused_at_once(client: Client, value: object) -> None:
    error = post(client, "swarm", {"task": TWO_VERBS, "maxParallel": value}, status=400)["error"]
    assert error["code"] == "INVALID_PARAM"
    assert "maxParallel" in error["message"]


@pytest.mark.parametrize("address", ["decompose", "swarm"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MISSING_PARAM"),
        ({"task": ""}, "MISSING_PARAM"),
        ({"task": " \n "}, "MISSING_PARAM"),
        ({"task": None}, "MISSING_PARAM"),
        ({"task": 7}, "INVALID_PARAM"),
        ({"task": ["a"]}, "INVALID_PARAM"),
        ({"task": {"a": 1}}, "INVALID_PARAM"),
        ({"task": "Build \ud800 and deploy it"}, "INVALID_PARAM"),
        ({"task": "Build \x00 and deploy it"}, "INVALID_PARAM"),
        ({"task": TWO_VERBS, "context": 5}, "INVALID_PARAM"),
        ({"task": TWO_VERBS, "context": {"a": 1}}, "INVALID_PARAM"),
        ({"task": TWO_VERBS, "budget": "constructor"}, "INVALID_PARAM"),
        ({"task": TWO_VERBS, "budget": 3}, "INVALID_PARAM"),
        ([1], "INVALID_BODY"),
        ("text", "INVALID_BODY"),
        (b"{", "INVALID_BODY"),
        (b'{"task": "a", "maxParallel": NaN}', "INVALID_BODY"),
        (b"\xff", "INVALID_BODY"),
    ],
)
def test_wrong_types_are_refused_in_the_envelope(client: Client, address: str, body: object, code: str) -> None:
    assert post(client, address, body, status=400)["error"]["code"] == code


@pytest.mark.parametrize("address", ["decompose", "swarm"])
def test_too_many_parts_are_refused_and_counted(client: Client, address: str) -> None:
    error = post(client, address, {"task": "- build it\n" * 10_000}, status=400)["error"]
    assert error["code"] == "INVALID_PARAM"
    assert "10,000 parts" in error["message"]
    assert "at most 50" in error["message"]


def test_fifty_parts_are_planned(client: Client) -> None:
    task = "\n".join(f"- Build engine {number}" for number in range(50))
    assert post(client, "swarm", {"task": task})["dag"]["totalTasks"] == 50


@pytest.mark.parametrize("address", ["decompose", "swarm"])
def test_a_get_is_not_allowed(client: Client, address: str) -> None:
    assert client.get(f"/api/{address}").status_code == 405


def test_a_program_without_a_key_is_asked_for_one_when_the_site_is_closed(client: Client, settings: Any) -> None:
    settings.OPEN_API = False
    assert post(client, "swarm", {"task": TWO_VERBS}, status=401)["error"]["code"] == "UNAUTHORIZED"
