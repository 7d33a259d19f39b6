"""What a run keeps for bringing its answers together."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from runs.graph.closing import LEAST_OUTPUT_TOKENS, find_closers, least_call_nano, least_cap_nano
from runs.graph.live import Graph, Place
from runs.graph.share import ClosingShare
from runs.shapes import (
    Feed,
    Gate,
    GateKind,
    ModelChoice,
    NodeInput,
    NodeKind,
    NodeSpec,
    NodeStatus,
    PlanGrowth,
    Purpose,
)
from runs.texts.prompts import build_messages
from runs.texts.transforms import Rule
from runs.tokens.estimate import estimate_tokens
from tests.runs.fakes import spec

PRICED = ModelChoice(
    "acme/one", prompt_usd_per_mtok=Decimal(1), completion_usd_per_mtok=Decimal(2), context_length_tokens=100_000
)
NANO = 1_000  # of a prompt's token
PLENTY = 10**12


def priced(key: str, *depends_on: str, **fields: object) -> NodeSpec:
    return spec(key, *depends_on, **{"model": PRICED, "max_output_tokens": 1_000, **fields})


def merge(*depends_on: str, **fields: object) -> NodeSpec:
    return priced("merge", *depends_on, **{"purpose": Purpose.MERGE, "feed": Feed.CANDIDATES, **fields})


def places(*nodes: NodeSpec) -> dict[str, Place]:
    return {node.key: Place(node, number) for number, node in enumerate(nodes)}


def share_of(*nodes: NodeSpec, cap_nano_usd: int | None = PLENTY) -> ClosingShare:
    return ClosingShare(places(*nodes), "merge", cap_nano_usd)


TASKS = (priced("a"), priced("b"))


def test_what_is_kept_pays_for_the_prompt_that_the_merge_will_have() -> None:
    share = share_of(*TASKS, merge("a", "b"))
    share.take_in("a", "first answer " * 400)
    share.take_in("b", "second answer " * 500)
    inputs = tuple(
        NodeInput(key, key, NodeStatus.COMPLETED, output=text)
        for key, text in (("a", "first answer " * 400), ("b", "second answer " * 500))
    )
    needed = estimate_tokens(build_messages(merge("a", "b"), inputs)) * NANO + LEAST_OUTPUT_TOKENS * 2 * NANO
    assert needed <= share.kept_nano("c") <= needed * 1.2


def test_each_answer_under_way_is_counted_as_long_as_it_may_get() -> None:
    share = share_of(*TASKS, merge("a", "b"))
    nothing_yet = share.kept_nano("a")
    share.expect("a", 1_000)
    share.expect("b", 700)
    assert share.kept_nano("b") - nothing_yet == 1_700 * NANO
    assert share.least_kept_nano("b") - nothing_yet == 700 * NANO, "once the other is over, whatever came of it"
    share.take_in("a", "")
    share.expect("b", 0)
    assert share.kept_nano("a") == nothing_yet


def test_no_more_is_kept_than_the_merge_can_read() -> None:
    small = replace(PRICED, context_length_tokens=4_000)
    share = share_of(*TASKS, merge("a", "b", model=small))
    before = share.kept_nano("a")
    share.expect("a", 1_000_000)
    assert share.kept_nano("a") - before < 4_000 * NANO


def test_the_merge_itself_may_take_what_was_kept_for_it() -> None:
    nodes = places(*TASKS, merge("a", "b"))
    share = ClosingShare(nodes, "merge", PLENTY)
    assert share.kept_nano("a") > 0
    assert share.kept_nano("merge") == 0
    nodes["merge"].is_started = True
    assert share.kept_nano("a") == 0, "what begins has its own leave"


def test_one_merge_leaves_the_next_its_part() -> None:
    first = merge("a", "b")
    last = priced("final", "merge", purpose=Purpose.MERGE)
    share = ClosingShare(places(*TASKS, first, last), "final", PLENTY)
    both, second = share.kept_nano("a"), share.kept_nano("merge")
    assert both - second == share_of(*TASKS, first).kept_nano("a")
    assert second >= estimate_tokens(build_messages(last, ())) * NANO + LEAST_OUTPUT_TOKENS * 3 * NANO


def test_texts_reach_the_merge_through_rules_too() -> None:
    votes = (priced("v1"), priced("v2"))
    joined = spec("both", "v1", "v2", kind=NodeKind.TRANSFORM, purpose=Purpose.STAGE, params={"rule": Rule.MERGE.value})
    best = spec("best", "v1", "v2", kind=NodeKind.TRANSFORM, purpose=Purpose.STAGE, params={"rule": Rule.WINNER.value})
    for rule, counted in ((joined, 2_000), (best, 1_000)):
        share = share_of(*votes, rule, merge(rule.key))
        before = share.kept_nano("v1")
        share.expect("v1", 1_000)
        share.expect("v2", 1_000)
        assert share.kept_nano("v1") - before == counted * NANO


def test_what_a_plan_grows_into_is_counted_from_then_on() -> None:
    graph = Graph(final="merge")
    outline = priced("outline", expands="sections", params={"into": "merge"})
    graph.add([Place(outline, 1), Place(merge("outline"), 2)])
    share = ClosingShare(graph.places, "merge", PLENTY)
    graph.grow(PlanGrowth((priced("s1"),), {"merge": ("outline", "s1")}), [3])
    share.follow(graph.places)
    before = share.kept_nano("s1")
    share.expect("s1", 1_000)
    assert share.kept_nano("s1") - before == 1_000 * NANO


def test_a_run_that_goes_on_keeps_what_its_finished_answers_take() -> None:
    nodes = places(*TASKS, merge("a", "b"))
    before = ClosingShare(nodes, "merge", PLENTY).kept_nano("b")
    nodes["a"].status, nodes["a"].output = NodeStatus.COMPLETED, "word " * 1_000
    assert ClosingShare(nodes, "merge", PLENTY).kept_nano("b") - before == 1_000 * NANO


def test_nothing_is_kept_where_nothing_could_be_closed_or_nothing_limits() -> None:
    plan = (*TASKS, merge("a", "b"))
    least = least_cap_nano(plan, "merge")
    assert share_of(*plan, cap_nano_usd=least).kept_nano("a") > 0
    assert share_of(*plan, cap_nano_usd=least - 1).kept_nano("a") == 0
    assert share_of(*plan, cap_nano_usd=None).kept_nano("a") == 0


def test_under_the_least_cap_any_answer_of_any_length_and_the_merge_fit() -> None:
    plan = (priced("a", max_output_tokens=500), TASKS[1], merge("a", "b"))
    share = share_of(*plan)
    share.expect("b", 1_000)
    dearest = estimate_tokens(build_messages(plan[1], ())) * NANO + 1_000 * 2 * NANO
    assert least_cap_nano(plan, "merge") == dearest + share.kept_nano("b")


def test_the_first_call_takes_what_the_cheapest_model_of_those_that_may_begin_takes() -> None:
    cheap = replace(PRICED, completion_usd_per_mtok=Decimal(1))
    prompt = estimate_tokens(build_messages(TASKS[0], ())) * NANO
    assert least_call_nano((*TASKS, merge("a", "b")), 0) == prompt + 2_000 * NANO
    assert least_call_nano((priced("a", fallbacks=(cheap,)), merge("a")), 0) == prompt + 1_000 * NANO
    assert least_call_nano((spec("s", kind=NodeKind.SEARCH), priced("a", "s")), 0) == 0


def test_money_is_kept_for_what_closes_a_run_alone() -> None:
    gated = priced("better", "a", gate=Gate(GateKind.SCORE_BELOW, "a"))
    unpriced = spec("merge", "a", purpose=Purpose.MERGE)
    assert find_closers((*TASKS, gated), "better") == {}, "it may turn out not to be needed"
    assert find_closers((*TASKS, unpriced), "merge") == {}
    assert find_closers(TASKS, "a") == {}, "it waits for nothing"
    assert least_cap_nano(TASKS, "") == 0
    assert set(find_closers((*TASKS, priced("last", "a")), "last")) == {"last"}
