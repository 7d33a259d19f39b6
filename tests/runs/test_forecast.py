"""Forecasts: against sums made by hand, and the laws that every forecast keeps."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from catalog.shapes import Category
from runs.forecast import forecast
from runs.plans.make import make_plan
from runs.shapes import Mode, ModelChoice, NodeKind, NodeSpec, Plan, Purpose, RunOptions, RunRequest
from runs.tokens.estimate import text_tokens
from tests.runs.plans.desks import make_desk

MODEL = ModelChoice(
    "a/b",
    category=Category.GENERAL,
    prompt_usd_per_mtok=Decimal(2),
    completion_usd_per_mtok=Decimal(10),
    max_output_tokens=10_000,
    context_length_tokens=100_000,
)


def plan(*nodes: NodeSpec) -> Plan:
    return Plan(Mode.SINGLE, nodes, nodes[-1].key, "")


def node(**changes: object) -> NodeSpec:
    return replace(NodeSpec("a", NodeKind.CALL, Purpose.TASK, "A", "word " * 1_000, model=MODEL), **changes)


def made(mode: Mode = Mode.SINGLE, **changes: object):
    task = "1. Write the schema\n2. Write the API\n3. Write the tests"
    return forecast(make_plan(RunRequest(mode, task=task, **changes), make_desk(can_search=True)))


def test_one_call_costs_what_its_tokens_cost():
    """By hand: the prompt with 40 tokens of frame at $2, 900 tokens of a usual answer at $10, 3 % asked again."""
    prompt = text_tokens("word " * 1_000) + 40
    by_hand = (prompt * 2_000 + 900 * 10_000) * Decimal("1.03")
    assert abs(forecast(plan(node())).expected_nano_usd - by_hand) <= 1


def test_the_worst_is_every_attempt_with_all_the_room_it_may_be_given():
    """By hand: three attempts that each read the prompt, one of them with twice the room."""
    prompt = text_tokens("word " * 1_000) + 40
    by_hand = 3 * prompt * 2_000 + (4_096 + 8_192 + 4_096) * 10_000
    assert forecast(plan(node())).worst_nano_usd == by_hand
    fixed = forecast(plan(node(params={"is_limit_given": True}))).worst_nano_usd
    assert fixed == 3 * prompt * 2_000 + 3 * 4_096 * 10_000


def test_the_worst_reckons_with_every_stand_in():
    dear = replace(MODEL, model_id="c/d", completion_usd_per_mtok=Decimal(100), max_output_tokens=1_000)
    prompt = text_tokens("word " * 1_000) + 40
    more = forecast(plan(node(fallbacks=(dear,)))).worst_nano_usd - forecast(plan(node())).worst_nano_usd
    assert more == 3 * prompt * 2_000 + 3 * 1_000 * 100_000


@pytest.mark.parametrize("price", ["prompt_usd_per_mtok", "completion_usd_per_mtok"])
def test_an_unknown_price_is_unknown_and_named(price: str):
    unknown = replace(MODEL, model_id="x/unknown", **{price: None})
    costs = forecast(plan(node(), node(key="b", model=unknown)))
    assert (costs.expected_nano_usd, costs.likely_worst_nano_usd, costs.worst_nano_usd) == (None, None, None)
    assert costs.unknown_models == ("x/unknown",)


def test_an_unknown_stand_in_makes_it_unknown_too():
    spare = replace(MODEL, model_id="x/unknown", prompt_usd_per_mtok=None)
    assert forecast(plan(node(fallbacks=(spare,)))).unknown_models == ("x/unknown",)


def test_a_search_of_the_provider_costs_beside_its_tokens():
    free = replace(MODEL, prompt_usd_per_mtok=Decimal(0), completion_usd_per_mtok=Decimal(0))
    dear = replace(free, most_search_usd=Decimal("0.05"))
    costs = forecast(plan(node(model=dear, uses_web_search=True)))
    assert 0 < costs.expected_nano_usd < costs.likely_worst_nano_usd < costs.worst_nano_usd == 3 * 50_000_000
    assert costs.unknown_search_fees == ()


def test_a_fee_that_nobody_publishes_is_named_and_no_part_of_the_sums():
    silent = replace(MODEL, model_id="x/silent", most_search_usd=None)
    searching, plain = node(model=silent, uses_web_search=True), node(key="b", model=silent)
    assert forecast(plan(searching, plain)).unknown_search_fees == ("x/silent",)
    assert forecast(plan(plain)).unknown_search_fees == ()


def test_a_free_model_costs_nothing():
    free = replace(MODEL, prompt_usd_per_mtok=Decimal(0), completion_usd_per_mtok=Decimal(0))
    costs = forecast(plan(node(model=free)))
    assert (costs.expected_nano_usd, costs.likely_worst_nano_usd, costs.worst_nano_usd) == (0, 0, 0)


def test_rules_searches_and_agents_cost_nothing_here():
    kinds = (NodeKind.TRANSFORM, NodeKind.SEARCH, NodeKind.FETCH, NodeKind.HARNESS)
    nodes = [node(key=kind.value, kind=kind, params={"rule": "merge"}) for kind in kinds]
    assert forecast(plan(*nodes)).worst_nano_usd == 0


def test_an_escalation_counts_as_often_as_it_is_usual_and_at_worst_always():
    cascade = make_plan(RunRequest(Mode.CASCADE, task="x"), make_desk())
    always = replace(cascade, nodes=tuple(replace(item, gate=None) for item in cascade.nodes))
    never = replace(cascade, nodes=cascade.nodes[:2], final="cheap")
    usual, most, least = (forecast(plan).expected_nano_usd for plan in (cascade, always, never))
    assert usual == pytest.approx(least + 0.35 * (most - least), rel=1e-6)
    assert forecast(cascade).worst_nano_usd == forecast(always).worst_nano_usd


def test_many_calls_are_more_certain_than_one():
    one = forecast(plan(node()))
    many = forecast(plan(*(node(key=f"n{number}") for number in range(100))))
    assert many.expected_nano_usd == pytest.approx(100 * one.expected_nano_usd, rel=1e-6)
    surplus = (one.likely_worst_nano_usd / one.expected_nano_usd, many.likely_worst_nano_usd / many.expected_nano_usd)
    assert surplus[1] < surplus[0]


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.PARALLEL])
@pytest.mark.parametrize(
    "options", [RunOptions(reflect=True), RunOptions(vote_count=3), RunOptions(reflect=True, max_refinements=3)]
)
def test_an_option_never_makes_it_cheaper(mode: Mode, options: RunOptions):
    plain, more = made(mode), made(mode, options=options)
    assert more.expected_nano_usd > plain.expected_nano_usd
    assert more.worst_nano_usd > plain.worst_nano_usd


def test_a_skeleton_counts_its_sections():
    plain, more = made(), made(options=RunOptions(skeleton=True))
    assert more.expected_nano_usd > 3 * plain.expected_nano_usd
    assert more.worst_nano_usd > 3 * plain.worst_nano_usd


def test_a_list_of_unknown_length_counts_at_worst_as_a_hundred_tasks():
    stages = [
        {"prompt": "List.", "outputTransform": "split"},
        {"mode": "parallel", "prompts": ["Describe."]},
    ]
    request = RunRequest(Mode.CHAIN, chain={"input": "x", "stages": stages}, max_output_tokens=1_000)
    costs = forecast(make_plan(request, make_desk()))
    assert costs.worst_nano_usd > 100 * 3 * 1_000 * 16_000
    assert costs.expected_nano_usd < costs.worst_nano_usd / 20


def test_dearer_models_never_cost_less():
    costs = []
    for price in ("0.1", "1", "5", "50"):
        dear = replace(MODEL, prompt_usd_per_mtok=Decimal(price), completion_usd_per_mtok=4 * Decimal(price))
        costs.append(forecast(plan(node(model=dear))))
    for figure in ("expected_nano_usd", "likely_worst_nano_usd", "worst_nano_usd"):
        figures = [getattr(cost, figure) for cost in costs]
        assert figures == sorted(figures)


@pytest.mark.parametrize("count", [1, 5, 50])
def test_nine_runs_in_ten_stay_below_the_likely_worst(count: int):
    """An oracle: lengths are lognormal around the usual 900 tokens, and half of their variance is in common."""
    costs = forecast(plan(*(node(key=f"n{number}") for number in range(count))))
    chance = np.random.default_rng(20261121)
    sigma = np.sqrt(np.log(1 + 0.8**2))
    together = chance.normal(size=(20_000, 1))
    apart = chance.normal(size=(20_000, count))
    lengths = 900 * np.exp(sigma * (np.sqrt(0.5) * together + np.sqrt(0.5) * apart) - sigma**2 / 2)
    prompt = text_tokens("word " * 1_000) + 40
    totals = 1.03 * (count * prompt * 2_000 + lengths.sum(axis=1) * 10_000)
    assert np.mean(totals) == pytest.approx(costs.expected_nano_usd, rel=0.02)
    assert 0.88 < np.mean(totals < costs.likely_worst_nano_usd) < 0.94
