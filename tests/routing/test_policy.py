"""Filters, order, selection and confidence, against slow obvious versions and laws."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.shapes import Budget, Capabilities, Category, CategoryScore, Entry
from routing.features import extract
from routing.learned import NOTHING_LEARNED, Learned, learn
from routing.limits_merging import merge_limits
from routing.policy import Ranking, choose, confidence_of, make_board, no_model_message, rank, select
from routing.shapes import Adjustment, Evidence, Features, Limits, TaskRequest
from routing.thresholds import CURRENT_POLICY as POLICY
from tests.factories import make_entry, make_facts, make_snapshot


def never(_text: str) -> object:
    raise AssertionError("a category by name needs no classifier")


def features(task: str = "coding", **changes: object) -> Features:
    return extract(TaskRequest(task=task, **changes), never)  # type: ignore[arg-type]  # by name


def entry(model_id: str, value: float = 60.0, **changes: object) -> Entry:
    """A measured candidate; ``coverage`` and ``spread`` say how well."""
    coverage, spread = float(changes.pop("coverage", 1.0)), float(changes.pop("spread", 9.0))
    scores = {
        category: CategoryScore(value, max(value - spread, 0), min(value + spread, 100), coverage)
        for category in Category
    }
    return make_entry(model_id, scores=scores, **changes)


def ranking(
    entries: list[Entry], wanted: Features | None = None, learned: Learned = NOTHING_LEARNED, **how: object
) -> Ranking:
    wanted = wanted or features()
    preference = how.pop("preference", None)
    board = make_board(make_snapshot(*entries), wanted.category, wanted.context_tags, learned, POLICY)
    return rank(board, wanted, Limits(**how), POLICY, preference)  # type: ignore[arg-type]  # by name


def ids(found: Ranking) -> list[str]:
    return [candidate.model_id for candidate in found.ranked]


def many(seed: int, count: int = 60) -> list[Entry]:
    draw = random.Random(seed)
    return [
        entry(
            f"lab{draw.randrange(9)}/m{index}",
            round(draw.uniform(20, 90), 1),
            coverage=draw.choice([0.0, 0.5, 1.0]),
            prompt_usd=Decimal(str(draw.choice([0, 0.1, 0.5, 1, 2, 5, 5.01, 20, 21]))),
            completion_usd=Decimal(str(draw.choice([0, 1, 8, 25]))),
            capabilities=Capabilities(vision=draw.random() < 0.5, json=draw.random() < 0.5),
        )
        for index in range(count)
    ]


# --- order -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("budget", list(Budget))
def test_the_ranking_is_the_obvious_one(seed: int, budget: Budget) -> None:
    entries = many(seed)
    low, high = {"low": (0, 1), "medium": (0, 5), "high": (2, 20), "any": (0, 10**9)}[budget]
    expected = []
    for one in entries:
        price = one.facts.pricing.prompt_usd_per_mtok
        score = one.scores[Category.CODING]
        caution = 0.5244 * (score.value - score.lower) / 1.2816 * (1 - score.coverage_share)
        if low <= price <= high:  # type: ignore[operator]  # prices are known
            completion = one.facts.pricing.completion_usd_per_mtok
            expected.append((-round(score.value - caution, 2), price, completion, one.facts.model_id))
    assert ids(ranking(entries, budget=budget)) == [row[-1] for row in sorted(expected)]  # type: ignore[type-var]  # prices are known


def test_the_catalogue_s_order_makes_no_difference() -> None:
    entries = many(3)
    shuffled = random.Random(1).sample(entries, len(entries))
    assert ids(ranking(entries)) == ids(ranking(shuffled))


def test_ties_go_to_the_cheaper() -> None:
    dear, cheap = entry("a/dear", prompt_usd=Decimal(3)), entry("b/cheap", prompt_usd=Decimal(1))
    assert ids(ranking([dear, cheap])) == ["b/cheap", "a/dear"]


def test_a_guess_stands_behind_a_measurement_of_the_same_height() -> None:
    guessed, measured = entry("a/guessed", 80.5, coverage=0.0), entry("b/measured", 80.0)
    found = ranking([guessed, measured])
    assert ids(found) == ["b/measured", "a/guessed"]
    assert found.ranked[1].caution == pytest.approx(0.5244 * 9 / 1.2816, abs=0.01)
    assert "caution" in found.ranked[1].reasons[-1]


def test_missing_measurements_never_help() -> None:
    for coverage in (0.0, 0.3, 0.7):
        known, less = entry("a/x", 70), entry("a/x", 70, coverage=coverage, spread=12)
        assert ranking([less]).ranked[0].score <= ranking([known]).ranked[0].score


def test_what_was_learned_moves_the_order() -> None:
    learned = Learned(
        {(Category.CODING, "b/second"): [Adjustment(Evidence.PERSONAL, "b/second", Category.CODING, 1.0, 60.0)]}
    )
    entries = [entry("a/first", 80), entry("b/second", 75)]
    assert ids(ranking(entries)) == ["a/first", "b/second"]
    found = ranking(entries, learned=learned)
    assert ids(found) == ["b/second", "a/first"]
    assert found.ranked[0].personal_share == 1.0


def test_context_evidence_counts_on_its_tag_alone() -> None:
    item = Adjustment(Evidence.CONTEXT, "b/second", Category.CODING, 1.0, 80.0, "rust")
    learned = Learned({(Category.CODING, "b/second"): [item]})
    entries = [entry("a/first", 80), entry("b/second", 75)]
    assert ids(ranking(entries, learned=learned))[0] == "a/first"
    assert ids(ranking(entries, features(context_tags=("rust",)), learned))[0] == "b/second"


def test_a_rating_with_two_tags_is_one_rating() -> None:
    def learned(*counts: tuple[str, float]) -> Learned:
        return learn(Adjustment(Evidence.CONTEXT, "b/x", Category.CODING, 1.0, count, tag) for tag, count in counts)

    both, one = learned(("rust", 8.0), ("sql", 5.0)), learned(("rust", 8.0))
    entries, wanted = [entry("b/x", 75)], features(context_tags=("rust", "sql"))
    assert ranking(entries, wanted, both).ranked[0].score == ranking(entries, wanted, one).ranked[0].score


# --- filters ---------------------------------------------------------------------------------------


def test_the_category_filters() -> None:
    entries = [entry("a/poet", 90, categories=(Category.GENERAL, Category.CREATIVE)), entry("b/coder", 60)]
    found = ranking(entries)
    assert ids(found) == ["b/coder"]
    assert (found.removals[0].filter, found.removals[0].count, found.removals[0].examples) == (
        "category",
        1,
        ("a/poet",),
    )


def test_without_benchmarks_a_category_of_judgement_takes_all_and_one_of_facts_none() -> None:
    entries = [entry("a/x", categories=(Category.GENERAL,)), entry("b/y", categories=(Category.GENERAL,))]
    assert len(ranking(entries).ranked) == 2
    for name in ("vision", "fast-cheap", "research"):
        assert ranking(entries, features(name)).ranked == ()


def test_what_is_no_candidate_is_never_chosen() -> None:
    assert ids(ranking([entry("router/auto", 99, is_candidate=False), entry("b/x", 20)])) == ["b/x"]


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ({"deny_models": frozenset({"a/x"})}, ["b/y", "c/z"]),
        ({"allow_models": frozenset({"a/x", "c/z"})}, ["a/x", "c/z"]),
        ({"deny_providers": frozenset({"a"})}, ["b/y", "c/z"]),
        ({"allow_providers": frozenset({"b"})}, ["b/y"]),
        ({"exclude": frozenset({"a/x"})}, ["a/x:free", "b/y", "c/z"]),
        ({"max_prompt_usd_per_mtok": Decimal(1)}, ["a/x:free", "c/z"]),
        ({"max_completion_usd_per_mtok": Decimal("4.9")}, ["a/x:free"]),
        ({"is_free_excluded": True}, ["a/x", "b/y", "c/z"]),
        ({"is_moderated_only": True}, ["b/y"]),
    ],
)
def test_each_limit_takes_out_what_it_names(limits: dict[str, object], kept: list[str]) -> None:
    entries = [
        entry("a/x", 90),
        entry("a/x:free", 85, prompt_usd=Decimal(0), completion_usd=Decimal(0), provider="a"),
        entry("b/y", 80, facts=make_facts("b/y", is_moderated=True)),
        entry("c/z", 70, prompt_usd=Decimal(1)),
    ]
    assert sorted(ids(ranking(entries, **limits))) == sorted(kept)


def test_prices_at_both_ends_of_a_budget_are_in() -> None:
    entries = [
        entry(f"a/{price}", prompt_usd=Decimal(price)) for price in ("0", "1", "1.01", "2", "5", "5.01", "20", "20.01")
    ]
    names = {budget: sorted(ids(ranking(entries, budget=budget))) for budget in Budget}
    assert names[Budget.LOW] == ["a/0", "a/1"]
    assert names[Budget.MEDIUM] == ["a/0", "a/1", "a/1.01", "a/2", "a/5"]
    assert names[Budget.HIGH] == ["a/2", "a/20", "a/5", "a/5.01"]
    assert len(names[Budget.ANY]) == 8


def test_needs_hold() -> None:
    blind = entry("a/blind", 90, capabilities=Capabilities())
    small = entry("b/small", 85, facts=make_facts("b/small", context_length_tokens=8_000))
    unknown = entry("c/unknown", 84, facts=make_facts("c/unknown", context_length_tokens=None))
    fit = entry("d/fit", 50)
    everybody = [blind, small, unknown, fit]
    assert ids(ranking(everybody, features(required_capabilities=("vision", "json"), min_context_tokens=9_000))) == [
        "d/fit"
    ]
    assert ids(ranking(everybody, features(context_tags=("vision", "long-context")))) == ["d/fit"]


def test_every_model_is_either_ranked_or_counted_once() -> None:
    entries = many(8)
    for budget in Budget:
        found = ranking(
            entries, features(required_capabilities=("vision",)), budget=budget, exclude=frozenset({"lab1/m1"})
        )
        assert len(found.ranked) + sum(item.count for item in found.removals) == len(entries)


def test_a_wider_budget_never_lowers_the_best_score() -> None:
    for seed in range(8):
        entries = many(seed)
        best = {budget: ranking(entries, budget=budget).ranked for budget in Budget}
        assert best[Budget.LOW][0].score <= best[Budget.MEDIUM][0].score <= best[Budget.ANY][0].score
        assert best[Budget.HIGH][0].score <= best[Budget.ANY][0].score


def test_a_message_about_nothing_names_every_filter_that_took_something() -> None:
    entries = [entry("a/x", capabilities=Capabilities()), entry("b/y", prompt_usd=Decimal(9)), entry("c/z")]
    wanted = features(required_capabilities=("vision",))
    limits = Limits(exclude=frozenset({"c/z"}))
    board = make_board(make_snapshot(*entries), wanted.category, (), NOTHING_LEARNED, POLICY)
    message = no_model_message(choose(wanted, limits, rank(board, wanted, limits, POLICY)))
    assert message == (
        "No model found for coding at medium budget. Vision took 1 (cannot do vision); "
        "budget took 1 (outside $0-5 per million prompt tokens); exclude took 1 (excluded by the request)."
    )


def test_limits_of_several_holders_all_hold() -> None:
    site = Limits(
        deny_providers=frozenset({"a"}), max_prompt_usd_per_mtok=Decimal(5), allow_models=frozenset({"b/x", "b/y"})
    )
    own = Limits(
        deny_providers=frozenset({"c"}),
        max_prompt_usd_per_mtok=Decimal(2),
        allow_models=frozenset({"b/y"}),
        is_free_excluded=True,
    )
    both = merge_limits([site, own])
    assert both == merge_limits([own, site])
    assert (both.deny_providers, both.max_prompt_usd_per_mtok, both.allow_models) == ({"a", "c"}, 2, {"b/y"})
    assert both.is_free_excluded
    assert not ranking(
        [entry("b/x"), entry("b/y")],
        allow_models=merge_limits([site, replace(own, allow_models=frozenset({"z/z"}))]).allow_models,
    ).ranked


# --- cost against quality --------------------------------------------------------------------------


def test_a_preference_for_quality_never_chooses_worse_and_one_for_cost_never_dearer() -> None:
    for seed in range(10):
        entries = many(seed)
        picks = [ranking(entries, budget=Budget.ANY, preference=step).ranked[0] for step in range(11)]
        scores = [candidate.score for candidate in picks]
        prices = [3 * (item.prompt_usd_per_mtok or 0) + (item.completion_usd_per_mtok or 0) for item in picks]
        assert scores == sorted(scores)
        assert prices == sorted(prices)
        assert picks[10].score == ranking(entries, budget=Budget.ANY).ranked[0].score


@pytest.mark.parametrize("preference", [0, 3, 7, 10])
def test_the_ranking_under_a_preference_is_the_obvious_one(preference: int) -> None:
    """Every doubling of the price above five cents takes four points, fewer the more quality counts."""
    entries = many(21)
    expected = []
    for candidate in ranking(entries, budget=Budget.ANY).ranked:
        prompt, completion = candidate.prompt_usd_per_mtok, candidate.completion_usd_per_mtok
        cost = max(0.75 * float(prompt or 0) + 0.25 * float(completion or 0), 0.05)
        points = 4 * (math.log(cost / 0.05) / math.log(2)) * (10 - preference) / 10
        expected.append((round(points - candidate.score, 9), prompt, completion, candidate.model_id))
    found = ranking(entries, budget=Budget.ANY, preference=preference)
    assert ids(found) == [row[-1] for row in sorted(expected)]  # type: ignore[type-var]  # prices are known
    assert ids(found)[0] == min(expected)[-1]  # type: ignore[type-var]  # as above


def test_a_dearer_model_never_rises() -> None:
    for step in range(11):
        cheap = [entry("a/x", 70, prompt_usd=Decimal(1)), entry("b/y", 68, prompt_usd=Decimal("0.5"))]
        dear = [entry("a/x", 70, prompt_usd=Decimal(4)), cheap[1]]
        assert ids(ranking(dear, preference=step)).index("a/x") >= ids(ranking(cheap, preference=step)).index("a/x")


# --- selection and confidence ----------------------------------------------------------------------


def test_one_of_each_provider_comes_first_and_then_the_best_of_the_rest() -> None:
    found = ranking([entry("a/1", 90), entry("a/2", 89), entry("a/3", 88), entry("b/1", 80), entry("c/1", 70)])
    taken = [[item.model_id for item in select(found.ranked, count)] for count in range(1, 7)]
    assert taken[0] == ["a/1"]
    assert taken[2] == ["a/1", "b/1", "c/1"]
    assert taken[4] == ["a/1", "b/1", "c/1", "a/2", "a/3"]
    assert taken[5] == taken[4]


def test_confidence_grows_with_margin_and_coverage() -> None:
    def confidence(lead: float, coverage: float = 1.0) -> float:
        found = ranking([entry("a/x", 60 + lead, coverage=coverage), entry("b/y", 60)])
        best = next(item for item in found.ranked if item.model_id == "a/x")
        return confidence_of(best, choose(features(), Limits(), found), POLICY)

    leads = [confidence(lead) for lead in (-20, -5, 0, 5, 20, 39)]
    assert leads == sorted(leads)
    assert leads[0] < 0.2
    assert 0.5 < leads[2] < 0.8
    assert leads[-1] <= 0.99
    assert confidence(10, coverage=0.0) < confidence(10, coverage=0.5) < confidence(10)
