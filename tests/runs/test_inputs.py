"""Requests as they come over the wire: read exactly, refused clearly, stored and read back the same."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import pytest
from rest_framework.exceptions import ValidationError

from catalog.shapes import Budget
from runs.inputs import MAX_PROMPTS, read_run
from runs.keeping.serial import StoredShapeFault, node_from_json, request_from_json, request_to_json
from runs.shapes import MergeStyle, Mode, RoleRequest, RunOptions, RunRequest
from runs.texts.ready_schemas import READY_SCHEMAS
from runs.texts.schema_check import check_schema, is_strict
from smartspawn.api import translate

EVERYTHING = {
    "mode": "collective",
    "task": "Write.",
    "prompts": ["a"],
    "subjects": ["Oslo", "Oslo", "Bergen"],
    "topic": "people",
    "chain": {"template": "swot", "data": "x"},
    "context": "Background of the task.",
    "contextTags": "TypeScript, vision",
    "label": "mine",
    "role": {
        "persona": "editor",
        "stack": ["python", "django"],
        "domain": "saas",
        "format": "review",
        "guardrails": "safe",
    },
    "options": {
        "reflect": {"threshold": 8, "maxRefinements": 2},
        "vote": 3,
        "skeleton": False,
        "schema": {"type": "object"},
        "webSearch": True,
        "stream": False,
        "shareEqual": False,
    },
    "budget": "high",
    "preference": 7,
    "model": "openrouter/openai/gpt-5",
    "nodeModels": {"merge": "anthropic/claude-opus-4.6", "task-1": ""},
    "exclude": ["openrouter/a/b", "c/d"],
    "collectiveCount": 4,
    "merge": {"style": "decision", "model": "x/y"},
    "judge": {"model": "j/k", "threshold": 6.5},
    "driver": "claude",
    "maxUsd": 0.1,
    "approveAboveUsd": "0.000000001",
    "maxOutputTokens": 1000,
    "temperature": 0,
    "maxParallelNodes": 8,
    "nodeTimeoutSeconds": 30,
    "runTimeoutSeconds": 600,
    "simulate": True,
}
READ = RunRequest(
    mode=Mode.COLLECTIVE,
    task="Write.",
    prompts=("a",),
    subjects=("Oslo", "Bergen"),
    topic="people",
    chain={"template": "swot", "data": "x"},
    context="Background of the task.",
    context_tags=("typescript", "vision"),
    label="mine",
    role=RoleRequest("editor", ("python", "django"), "saas", "review", ("safe",)),
    options=RunOptions(
        reflect=True,
        reflect_threshold=8.0,
        max_refinements=2,
        vote_count=3,
        schema={"type": "object"},
        web_search=True,
        stream=False,
        share_equal=False,
    ),
    budget=Budget.HIGH,
    preference=7,
    model="openai/gpt-5",
    node_models={"merge": "anthropic/claude-opus-4.6"},
    exclude=frozenset({"a/b", "c/d"}),
    collective_count=4,
    merge_style=MergeStyle.DECISION,
    merge_model="x/y",
    judge_model="j/k",
    judge_threshold=6.5,
    driver="claude",
    max_usd=Decimal("0.1"),
    approve_above_usd=Decimal("0.000000001"),
    max_output_tokens=1000,
    temperature=0.0,
    max_parallel_nodes=8,
    node_timeout_s=30.0,
    run_timeout_s=600.0,
    is_simulated=True,
)


def refusal(**given: object) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        read_run({"mode": "single", "task": "x", **given})
    told = translate(caught.value)
    return told.code, told.message


def test_everything_that_can_be_asked_is_read():
    assert read_run(EVERYTHING) == READ


def test_the_ancestors_request_is_understood():
    ancestor = {
        "task": "x",
        "mode": "collective",
        "budget": "low",
        "context": "typescript, vision",
        "collectiveCount": 9,
        "role": {"persona": "editor", "stack": [], "domain": "", "format": "", "guardrails": []},
        "merge": {"style": "concise", "model": ""},
    }
    request = read_run(ancestor)
    assert request.collective_count == 5
    assert request.context_tags == ("typescript", "vision")
    assert request.merge_style is MergeStyle.CONCISE


def test_a_background_in_words_gives_no_tags():
    assert read_run({"mode": "single", "task": "x", "context": "We use Python, mostly."}).context_tags == ()


def test_what_is_left_out_or_null_is_the_default():
    names = ("role", "options", "merge", "judge", "maxUsd", "temperature", "preference", "context", "chain")
    request = read_run({"mode": "single", "task": "x", **dict.fromkeys(names)})
    assert request == RunRequest(Mode.SINGLE, task="x")


@pytest.mark.parametrize(
    ("given", "code", "why"),
    [
        ({"mode": "sideways"}, "INVALID_PARAM", "mode must be one of single|collective|cascade|plan|swarm|parallel"),
        ({"task": ""}, "MISSING_PARAM", "task is required"),
        ({"task": "  \n "}, "MISSING_PARAM", "task is required"),
        ({"task": 5}, "INVALID_PARAM", "must be a text"),
        ({"task": "a\x00b"}, "INVALID_PARAM", "U+0000"),
        ({"mode": "parallel"}, "MISSING_PARAM", "prompts is required"),
        ({"mode": "parallel", "prompts": "one"}, "INVALID_PARAM", "list of texts"),
        ({"mode": "parallel", "prompts": ["a", ""]}, "MISSING_PARAM", "Item 2 is empty"),
        ({"mode": "parallel", "prompts": ["a", 5]}, "INVALID_PARAM", "Item 2 is no text"),
        ({"mode": "parallel", "prompts": ["a"] * (MAX_PROMPTS + 1)}, "INVALID_PARAM", "at most 10000"),
        ({"mode": "parallel", "prompts": ["a" * 200_000] * 41}, "INVALID_PARAM", "8000000 characters in all"),
        ({"mode": "research", "task": ""}, "MISSING_PARAM", "topic is required"),
        ({"mode": "chain", "task": ""}, "MISSING_PARAM", "chain is required"),
        ({"mode": "chain", "chain": {"stages": [{"mode": "x"}, {"mode": "y"}]}}, "INVALID_PARAM", "stages[1].mode"),
        ({"maxUSD": 1}, "INVALID_PARAM", "Did you mean maxUsd?"),
        ({"options": {"votes": 3}}, "INVALID_PARAM", "options.votes"),
        ({"options": {"vote": 1}}, "INVALID_PARAM", "2 to 7"),
        ({"options": {"vote": True}}, "INVALID_PARAM", "whole number"),
        ({"options": {"reflect": {"threshold": 0}}}, "INVALID_PARAM", "greater than or equal to 1"),
        ({"options": {"schema": {"type": "strng"}}}, "INVALID_PARAM", "no valid JSON Schema"),
        ({"options": {"schema": "[1]"}}, "INVALID_PARAM", "JSON object"),
        ({"options": []}, "INVALID_PARAM", "must be an object"),
        ({"role": {"stack": 5}}, "INVALID_PARAM", "list of texts"),
        ({"maxUsd": -1}, "INVALID_PARAM", "greater than or equal to 0"),
        ({"maxUsd": "much"}, "INVALID_PARAM", "valid number"),
        ({"maxUsd": "NaN"}, "INVALID_PARAM", "valid number"),
        ({"temperature": float("nan")}, "INVALID_PARAM", "must be a number"),
        ({"temperature": 3}, "INVALID_PARAM", "less than or equal to 2"),
        ({"preference": 11}, "INVALID_PARAM", "less than or equal to 10"),
        ({"maxOutputTokens": 1.5}, "INVALID_PARAM", "whole number"),
        ({"model": "no model at all"}, "INVALID_PARAM", "not a model id"),
        ({"nodeModels": {"task": "no model"}}, "INVALID_PARAM", "not a model id"),
        ({"exclude": ["<script>"]}, "INVALID_PARAM", "not a model id"),
        ({"driver": "rm -rf"}, "INVALID_PARAM", "driver"),
        ({"merge": {"style": "loud"}}, "INVALID_PARAM", "not a valid choice"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(given: dict, code: str, why: str):
    told = refusal(**given)
    assert told[0] == code
    assert why in told[1]


@pytest.mark.parametrize("name", READY_SCHEMAS)
def test_a_ready_schema_is_taken_by_its_name_and_can_be_enforced(name: str):
    schema = read_run({"mode": "single", "task": "x", "options": {"schema": name}}).options.schema
    assert schema == READY_SCHEMAS[name]
    assert check_schema(schema) == ""
    assert is_strict(schema)


def test_a_document_that_is_nested_without_end_is_refused():
    deep: dict = {}
    for _ in range(5_000):
        deep = {"a": deep}
    assert "nested too deeply" in refusal(options={"schema": deep})[1]


def test_ten_thousand_prompts_are_read_in_good_time():
    started = time.perf_counter()
    request = read_run({"mode": "parallel", "prompts": [f"prompt {number}" for number in range(10_000)]})
    assert len(request.prompts) == 10_000
    assert time.perf_counter() - started < 1


# --- stored --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_", [READ, RunRequest(Mode.SINGLE), RunRequest(Mode.CHAIN, chain={"a": [1, None, {}]})]
)
def test_a_stored_request_is_read_back_the_same(request_: RunRequest):
    assert request_from_json(json.loads(json.dumps(request_to_json(request_)))) == request_


def test_money_is_stored_to_the_last_digit():
    stored = json.dumps(request_to_json(RunRequest(Mode.SINGLE, max_usd=Decimal("0.1234567890123456789"))))
    assert '"0.1234567890123456789"' in stored


def test_equal_requests_are_stored_equal():
    names = [f"a/{number}" for number in range(30)]
    texts = {
        json.dumps(request_to_json(RunRequest(Mode.SINGLE, exclude=frozenset(order)))) for order in (names, names[::-1])
    }
    assert len(texts) == 1


def test_a_field_that_was_not_stored_yet_takes_its_default():
    node = node_from_json({"key": "a", "kind": "call", "purpose": "task", "title": "A"})
    assert node.max_attempts == 3


@pytest.mark.parametrize("stored", [{}, {"mode": "sideways"}, {"mode": "single", "max_usd": "much"}])
def test_what_is_no_request_is_said_to_be_none(stored: dict):
    with pytest.raises(StoredShapeFault, match="The stored RunRequest cannot be read"):
        request_from_json(stored)
