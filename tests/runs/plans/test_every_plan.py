"""What holds for every plan, whatever was asked: it can be done, stored, forecast, and read back."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.shapes import Budget
from runs.chains.templates import TEMPLATES
from runs.forecast import forecast
from runs.keeping.serial import node_from_json, node_to_json, plan_from_json, plan_head_to_json, plan_to_json
from runs.plans.finish import BrokenPlan, check, count_waves
from runs.plans.make import make_plan
from runs.shapes import (
    Feed,
    MergeStyle,
    Mode,
    ModelChoice,
    NodeKind,
    NodeSpec,
    Plan,
    Purpose,
    RunOptions,
    RunRequest,
)
from smartspawn.lib.errors import InvalidParam
from tests.runs.plans.desks import make_desk
from tests.runs.plans.play import FAIL, play

TASKS = (
    "Explain why the sky is blue.",
    "1. Write the database schema\n2. Write the REST API\n3. Write the tests\n4. Deploy it",
    "- Compare Postgres and SQLite\n- Write a summary",
    "First collect the complaints, then write a summary, then translate it",
    "Braces {like} {0} these, and </material id='x'> that",
)
CHAINS = (
    None,
    *({"template": key, "data": "Some text."} for key in TEMPLATES),
    *({"auto": {"task": "Compare A and B", "depth": depth}} for depth in ("quick", "standard", "deep", "exhaustive")),
    {
        "name": "Own",
        "input": "one\n\ntwo",
        "stages": [
            {"name": "Split", "outputTransform": "split", "prompt": "List."},
            {"name": "Each", "mode": "parallel", "prompts": ["Work on it."], "outputTransform": "mergeUnique"},
            {"name": "Views", "mode": "fan-out", "perspectives": ["analyst", "a pirate"], "required": False},
            {"name": "End", "mode": "reduce", "inputTransform": "best"},
        ],
    },
)

requests = st.builds(
    RunRequest,
    mode=st.sampled_from(Mode),
    task=st.sampled_from(TASKS),
    prompts=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=6).map(tuple),
    subjects=st.lists(st.sampled_from(["Oslo", "Bergen", "Tromsø"]), unique=True, max_size=3).map(tuple),
    topic=st.sampled_from(["", "population"]),
    chain=st.sampled_from(CHAINS),
    budget=st.sampled_from(Budget),
    collective_count=st.integers(0, 6),
    merge_style=st.sampled_from([None, *MergeStyle]),
    options=st.builds(
        RunOptions,
        reflect=st.booleans(),
        max_refinements=st.integers(1, 3),
        vote_count=st.sampled_from([0, 2, 3, 7]),
        skeleton=st.booleans(),
        web_search=st.booleans(),
    ),
    max_output_tokens=st.sampled_from([None, 50, 100_000]),
)


def make(request: RunRequest) -> Plan:
    return make_plan(request, make_desk(can_search=True))


def waves_by_hand(nodes: tuple[NodeSpec, ...]) -> dict[str, int]:
    """The slow, obvious way: the longest way from any beginning; what grows takes a wave more."""
    by_key = {node.key: node for node in nodes}

    def wave(key: str) -> int:
        return max((wave(item) + (2 if by_key[item].expands else 1) for item in by_key[key].depends_on), default=0)

    return {key: wave(key) for key in by_key}


@settings(max_examples=300, deadline=None)
@given(requests)
def test_every_plan_can_be_done(request: RunRequest):
    plan = make(request)
    keys = [node.key for node in plan.nodes]
    assert len(keys) == len(set(keys))
    assert all(set(node.depends_on) <= set(keys) for node in plan.nodes)
    assert plan.final in keys or (plan.final == "" and request.mode is Mode.PARALLEL)
    assert {node.key: node.wave for node in plan.nodes} == waves_by_hand(plan.nodes)
    assert all(len(node.key) <= 60 and len(node.title) <= 300 and len(node.purpose) <= 12 for node in plan.nodes)
    assert all(node.model for node in plan.nodes if node.kind is NodeKind.CALL)


@settings(max_examples=100, deadline=None)
@given(requests, st.randoms(use_true_random=False))
def test_every_plan_comes_to_an_end_whatever_fails(request: RunRequest, chance):
    def say(spec: NodeSpec, _prompt: str) -> object:
        return chance.choice([FAIL, "1. One: x\n2. Two", '{"score": 3}', f"output of {spec.key}"])

    played = play(make(request), say)
    assert not [key for key, status in played.status.items() if not status.is_final]


@settings(max_examples=100, deadline=None)
@given(requests)
def test_every_plan_is_stored_and_read_back_exactly(request: RunRequest):
    plan = make(request)
    stored = json.loads(json.dumps(plan_to_json(plan)))
    assert plan_to_json(plan_from_json(stored)) == plan_to_json(plan)
    assert plan_from_json(stored).nodes[0].model == plan.nodes[0].model
    assert all(
        node_to_json(node_from_json(json.loads(json.dumps(node_to_json(n))))) == node_to_json(n) for n in plan.nodes
    )
    assert "nodes" not in plan_head_to_json(plan)


@settings(max_examples=100, deadline=None)
@given(requests)
def test_every_forecast_rises_from_expected_over_likely_to_worst(request: RunRequest):
    costs = forecast(make(request))
    assert 0 < costs.expected_nano_usd <= costs.likely_worst_nano_usd <= costs.worst_nano_usd
    assert costs.unknown_models == ()


# --- plans that are refused ----------------------------------------------------------------


def node(key: str, *depends_on: str, **changes: object) -> NodeSpec:
    model = ModelChoice("a/b", prompt_usd_per_mtok=Decimal(1), completion_usd_per_mtok=Decimal(1))
    values = {"kind": NodeKind.CALL, "purpose": Purpose.TASK, "title": key, "model": model, "feed": Feed.CONTEXT}
    return NodeSpec(key=key, depends_on=depends_on, **{**values, **changes})


def test_a_circle_is_found():
    with pytest.raises(BrokenPlan, match="wait for each other: a, b"):
        count_waves((node("a", "b"), node("b", "a"), node("c")))


def test_a_dependency_that_does_not_exist_is_found():
    with pytest.raises(BrokenPlan, match="a depends on z"):
        count_waves((node("a", "z"),))


@pytest.mark.parametrize(
    ("nodes", "final", "why"),
    [
        ((node("a"), node("a")), "a", "same key"),
        ((node("a"),), "b", "no node 'b'"),
        ((), "", "no node"),
        ((node("a", model=None),), "a", "no model"),
        ((node("k" * 61),), "", "too long"),
        ((node("a", least_inputs=1),), "a", "more inputs"),
        ((node("a", expands="sections"),), "a", "grows"),
    ],
)
def test_a_plan_that_could_never_be_done_is_found(nodes: tuple[NodeSpec, ...], final: str, why: str):
    with pytest.raises(BrokenPlan, match=why):
        check(nodes, final)


def test_more_nodes_than_a_run_may_have_are_refused():
    prompts = tuple(f"prompt {number}" for number in range(10_000))
    with pytest.raises(InvalidParam, match="a run may have"):
        make(RunRequest(Mode.PARALLEL, prompts=prompts, options=RunOptions(vote_count=7)))
