"""The time machine against results worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.shapes import Budget, Category, Entry
from routing.desk import Desk
from routing.features import given_category
from routing.learned import NOTHING_LEARNED
from routing.route_policy import RouteRules
from routing.rule_documents import rules_from
from routing.shapes import Classification, Features, Label, Limits
from routing.time_machine import Move, Outcome, PastDecision, PastRoute, World, compare, decide_in, expected_usd
from tests.factories import make_snapshot
from tests.routing.conftest import entry, models

WHEN = datetime(2026, 7, 1, tzinfo=UTC)
NO_LIMITS = Limits()


def rules(**changes: Any) -> RouteRules:
    return rules_from(
        {
            "version": "x",
            "drivers": {"claude": ["anthropic"], "codex": ["openai"], "api": ["*"]},
            "tiers": [{"name": "fast", "budget": "low"}, {"name": "top", "budget": "any"}],
            "rules": [
                {"name": "hard", "when": {"complexity": ["hard"]}, "tier": "top", "confirm": True},
                {"name": "rest", "tier": "fast", "drivers": [], "confirm": False},
            ],
            **changes,
        }
    )


def world(*entries: Entry, limits: Limits = NO_LIMITS, **changes: Any) -> World:
    fields: dict[str, Any] = {
        "ranker": Desk(make_snapshot(*(entries or models()))),
        "rules": rules(),
        "limits_of": lambda past: limits,
        "learned_of": lambda past: NOTHING_LEARNED,
    }
    return World(**{**fields, **changes})


def pick(budget: Budget = Budget.MEDIUM, category: Category = Category.CODING, **changes: Any) -> PastDecision:
    features = Features("", given_category(category), category, is_category_given=True)
    return replace(PastDecision("p", WHEN, "pick", "coding", features, budget), **changes)


def kickoff(complexity: str = "easy", *, budget: Budget | None = None, **route: Any) -> PastDecision:
    labels = [Label(word, 0.9) for word in ("coding", "feature", complexity, "low")]
    features = Features("", Classification(*labels, {}, "test"), Category.CODING, is_category_given=False)
    return PastDecision("r", WHEN, "route", "do it", features, budget, route=PastRoute(**route))


def test_a_pick_takes_the_best_within_its_budget() -> None:
    # Scores and prompt prices: grand 88 at 15, big 84 at 5, middle 82 at 3, blind 80 at 0.5.
    assert decide_in(world(), pick()).ids == ("openai/big",)
    assert decide_in(world(), pick(Budget.LOW)).ids == ("deepseek/blind",)
    assert decide_in(world(), pick(Budget.ANY)).ids == ("anthropic/grand",)
    assert decide_in(world(), pick(exclude=frozenset({"openai/big"}))).ids == ("anthropic/middle",)
    assert decide_in(world(), pick(Budget.ANY, count=2)).ids == ("anthropic/grand", "openai/big")


def test_the_expected_cost_is_that_of_nine_thousand_read_and_three_thousand_written() -> None:
    best = decide_in(world(), pick()).best  # 5 dollars to read, 20 to write
    assert best is not None
    assert expected_usd(best) == Decimal("0.105")
    assert expected_usd(replace(best, completion_usd_per_mtok=None)) is None


def test_a_dearer_model_in_the_catalogue_moves_the_picks_that_may_take_it() -> None:
    newer = (*models(), entry("x-ai/new", 90, "4"))
    picks = [pick(), pick(Budget.LOW), pick(Budget.ANY)]
    found = compare(picks, world(), world(*newer))

    assert [move.changes for move in found.moves] == [("model",), (), ("model",)]
    # big to new: 4 instead of 5 dollars, 84 to 90; grand to new: 4 instead of 15 dollars, 88 to 90.
    assert [move.cost_difference_usd for move in found.moves] == [Decimal("-0.021"), Decimal(0), Decimal("-0.231")]
    assert [move.score_difference for move in found.moves] == [6, 0, 2]
    assert found.present_usd == Decimal("0.105") + Decimal("0.0105") + Decimal("0.315")
    assert found.difference_usd == Decimal("-0.252")
    assert found.mean_score_difference == pytest.approx(8 / 3)
    assert [(swap.before, swap.after, swap.count) for swap in found.swaps] == [
        ("anthropic/grand", "x-ai/new", 1),
        ("openai/big", "x-ai/new", 1),
    ]
    assert found.unchanged_count == 1


def test_a_price_that_moves_counts_where_the_choice_stays() -> None:
    dearer = [entry("openai/big", 84, "4.5") if item.facts.model_id == "openai/big" else item for item in models()]
    found = compare([pick()], world(), world(*dearer))
    assert found.changed == ()
    assert found.difference_usd == Decimal("-0.0105")


def test_rules_move_kickoffs_and_leave_picks_alone() -> None:
    proposed = world(rules=rules(rules=[{"name": "all", "tier": "top", "drivers": ["codex"], "confirm": True}]))
    found = compare([pick(), kickoff(), kickoff("hard")], world(), proposed)

    still, easy, hard = found.moves
    assert still.changes == ()
    assert easy.changes == ("model", "tier", "driver", "confirmation")
    assert (easy.present.ids, easy.present.tier, easy.present.driver) == (("deepseek/blind",), "fast", "api")
    assert (easy.proposed.ids, easy.proposed.tier, easy.proposed.driver) == (("openai/big",), "top", "codex")
    # The best of all drivers is grand with 88; codex is preferred, as its best lies within 15 points.
    assert hard.changes == ("model", "driver")
    assert hard.score_difference == -4


def test_a_tier_may_be_bound_to_models() -> None:
    bound = rules(
        tiers=[{"name": "fast", "budget": "low", "models": ["google/quick"]}, {"name": "top", "budget": "any"}]
    )
    assert decide_in(world(rules=bound), kickoff()).ids == ("google/quick",)
    limits = Limits(deny_models=frozenset({"google/quick"}))
    assert decide_in(world(rules=bound, limits=limits), kickoff()).tier == "top"  # nothing is left in its own


def test_what_a_kickoff_asked_for_is_asked_again() -> None:
    assert decide_in(world(), kickoff(budget=Budget.ANY)).ids == ("anthropic/grand",)
    assert decide_in(world(), kickoff("hard", drivers=("codex",))).ids == ("openai/big",)
    assert decide_in(world(), kickoff(inherited_tier="top")).tier == "top"
    assert decide_in(world(), kickoff("hard", inherited_tier="fast")).tier == "top"


def test_what_limits_take_away_is_lost_with_its_reason() -> None:
    nothing_left = world(limits=Limits(allow_providers=frozenset({"nobody"})))
    found = compare([pick(), kickoff()], world(), nothing_left)
    assert [move.proposed.refusal != "" for move in found.moves] == [True, True]
    assert found.lost_count == 2
    assert found.priced == ()
    assert found.mean_score_difference is None
    assert [swap.after for swap in found.swaps] == ["", ""]


def test_a_driver_that_the_proposal_drops_is_told() -> None:
    without = rules(drivers={"api": ["*"]})
    assert "no driver 'codex'" in decide_in(world(rules=without), kickoff(drivers=("codex",))).refusal


def test_a_quick_task_with_a_dear_budget_becomes_a_general_one() -> None:
    guessed = Classification(*(Label(word, 0.6) for word in ("fast-cheap", "docs", "easy", "low")), {}, "test")
    features = Features("", guessed, Category.FAST_CHEAP, is_category_given=False)
    past = pick(Budget.HIGH, features=features)
    assert decide_in(world(), past).ids == ("anthropic/grand",)
    named = replace(past, features=replace(features, is_category_given=True))
    assert decide_in(world(), named).ids == ("anthropic/grand",)


def test_the_same_world_twice_changes_nothing() -> None:
    past = [pick(budget) for budget in Budget] + [kickoff(word) for word in ("easy", "medium", "hard")]
    found = compare(past, world(), world())
    assert (found.changed, found.difference_usd, found.mean_score_difference) == ((), 0, 0)
    assert found.unchanged_count == len(past)


def test_it_ends_when_time_is_over() -> None:
    ends = iter([False, False, True])
    found = compare([pick()] * 5, world(), world(), is_over=lambda: next(ends))
    assert (len(found.moves), found.asked_count) == (2, 5)


def test_a_move_without_a_model_has_no_differences_in_numbers() -> None:
    move = Move(pick(), Outcome(refusal="nothing"), decide_in(world(), pick()))
    assert (move.cost_difference_usd, move.score_difference, move.changes) == (None, None, ("model",))
