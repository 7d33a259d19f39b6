"""Which rules ever decide: held against a slow look at every kickoff there is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain, combinations, product
from typing import Any

import pytest

from routing.route_policy import Conditions, Kickoff, RouteRule, fits, make_kickoff
from routing.route_rules import shipped_rules
from routing.rule_coverage import CELLS, EVERYWHERE, OUTCOMES, cells_in, coverage_of, describe, gaps_of, mask_of
from routing.rule_witnesses import instances_of, witnesses_of
from routing.shapes import Classification, Complexity, Label, Risk, TaskType

STACKS = ("react", "rust")
FILES = ("x.rs", "x.go", "a/x.go", "a/x.txt", "y/a/.rs")
PATTERNS = ("*.rs", "*.go", "a/*", "a/*.go", "*", "?.rs", "a/x.txt")
LEVELS = (0.0, 0.3, 0.6)


def some(words: Any, *, chance: random.Random, most: int) -> tuple[Any, ...]:
    return tuple(chance.sample(list(words), chance.randint(0, most)))


def some_rule(chance: random.Random, number: int) -> RouteRule:
    when = Conditions(
        task_type=some([TaskType.BUGFIX, TaskType.DOCS], chance=chance, most=1),
        risk=some(Risk, chance=chance, most=2),
        stack=some(STACKS, chance=chance, most=2),
        language=some(["rust", "go"], chance=chance, most=2) if chance.random() < 0.4 else (),
        paths=some(PATTERNS, chance=chance, most=2) if chance.random() < 0.4 else (),
        sub_dimensions={"reversal_cost": chance.choice(LEVELS[1:])} if chance.random() < 0.3 else {},
    )
    return RouteRule(
        f"rule {number}",
        when,
        tier=chance.choice(["one", None]),
        drivers=chance.choice([("api",), None]),
        confirm=chance.choice([True, None]),
    )


def subsets(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(words, count) for count in range(len(words) + 1))


def every_kickoff() -> list[Kickoff]:
    """Of two kinds of work and every risk, with any stack, any files and a few levels."""
    labels = product((TaskType.BUGFIX, TaskType.DOCS), (Complexity.EASY,), Risk)
    return [
        make_kickoff(
            Classification(
                Label("coding", 1),
                *(Label(word, 1) for word in cell),
                sub_dimensions={"reversal_cost": level},
                engine="",
            ),
            files,
            stack,
        )
        for cell, stack, files, level in product(labels, subsets(STACKS), subsets(FILES), LEVELS)
    ]


EVERY = every_kickoff()


def live_by_looking(rules: list[RouteRule], place: int) -> set[str]:
    """The outcomes that the rule decides for any kickoff at all."""
    return {
        name
        for name, named in OUTCOMES.items()
        if named(rules[place]) is not None
        and any(
            fits(rules[place].when, kickoff)
            and not any(named(rule) is not None and fits(rule.when, kickoff) for rule in rules[:place])
            for kickoff in EVERY
        )
    }


@pytest.mark.parametrize("seed", range(25))
def test_a_rule_counts_exactly_where_looking_at_every_kickoff_finds_that_it_does(seed: int) -> None:
    chance = random.Random(seed)
    rules = [some_rule(chance, number) for number in range(6)]
    for coverage in coverage_of(rules):
        seen = live_by_looking(rules, coverage.place)
        assert seen <= coverage.live, (coverage.place, rules)
        # The looked-at paths are a few of all that patterns fit: without paths both must agree.
        if not any(rule.when.paths for rule in rules[: coverage.place + 1]):
            assert coverage.live == seen, (coverage.place, rules)


def rule(name: str, tier: str | None = "one", **when: Any) -> RouteRule:
    return RouteRule(name, Conditions(**when), tier=tier)


def unreachable(*rules: RouteRule) -> list[str]:
    return [rules[item.place].name for item in coverage_of(rules) if item.is_unreachable]


def test_two_rules_together_cover_what_neither_covers_alone() -> None:
    react, vue = rule("react", stack=("react",)), rule("vue", stack=("vue",))
    both = rule("both", stack=("react", "vue"))
    assert unreachable(react, vue, both) == ["both"]
    assert unreachable(react, both, vue) == ["vue"]
    assert unreachable(react, both) == []
    low, rest = rule("low", risk=(Risk.LOW,)), rule("rest", risk=(Risk.MEDIUM, Risk.HIGH))
    assert unreachable(low, rest, rule("all")) == ["all"]


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        ("*.py", "src/*.py", True),
        ("src/*.py", "*.py", False),
        ("*", "*.tf", True),
        ("*.ts?", "*.tsx", True),
        ("*.tsx", "*.ts?", False),
        ("?*", "*", True),  # no path is empty
        ("a?*", "a*", False),
        ("auth/*", "x/auth/login.py", True),  # from any folder on
        ("x/auth/*", "auth/*", False),
        ("*secret*", "*secret*/*.env", True),
        ("*.[jt]s", "*.js", True),
        ("*.js", "*.[jt]s", False),
        ("*.[a-z]s", "*.[jt]s", True),
        ("*.[a-m]s", "*.[jt]s", False),
        ("a*b", "a*c*b", True),
        ("a*c*b", "a*b", False),
    ],
)
def test_a_pattern_is_covered_by_a_wider_one(wide: str, narrow: str, is_covered: bool) -> None:
    assert (unreachable(rule("wide", paths=(wide,)), rule("narrow", paths=(narrow,))) == ["narrow"]) is is_covered


def test_a_language_is_also_told_by_the_file_that_is_asked_for() -> None:
    by_file = rule("by file", paths=("*.rs",))
    assert unreachable(by_file, rule("rust in auth", language=("rust",), paths=("*auth.rs",))) == ["rust in auth"]
    assert unreachable(by_file, rule("rust", language=("rust",))) == []  # the stack may tell it too
    in_stack = rule("in the stack", stack=("rust",))
    assert unreachable(by_file, in_stack, rule("rust", language=("rust",))) == ["rust"]


def test_a_higher_bound_is_covered_by_a_lower_one_and_not_the_other_way() -> None:
    low, high = rule("low", sub_dimensions={"reversal_cost": 0.5}), rule("high", sub_dimensions={"reversal_cost": 0.7})
    assert unreachable(low, high) == ["high"]
    assert unreachable(high, low) == []


def test_an_outcome_that_is_left_open_leaves_room_below() -> None:
    rules = [rule("tier"), RouteRule("both", tier="two", confirm=True)]
    (_, both) = coverage_of(rules)
    assert both.live == {"confirmation"}
    assert both.shadowed == {"tier": (0,)}


def test_conditions_that_can_never_hold_have_no_kickoff() -> None:
    for when in ({"language": ("klingon",)}, {"stack": ("React",)}, {"paths": ("a\\b",)}):
        assert witnesses_of(Conditions(**when)).kickoffs == ()
        assert not coverage_of([rule("never", **when)])[0].can_fit


def test_every_instance_of_a_pattern_fits_it() -> None:
    for pattern in ("*.py", "a/*/b", "*a*b*", "?", "[abc]*", "[!a].x", "*auth/*", "*a*b*c*d*", "[", "x]"):
        for path in instances_of(pattern):
            assert fits(Conditions(paths=(pattern,)), make_kickoff(EVERY[0].classification, (path,), ())), pattern


def test_the_cells_that_no_rule_covers_are_the_gaps() -> None:
    rules = [rule("docs", task_type=(TaskType.DOCS,)), rule("stack", stack=("react",)), rule("low", risk=(Risk.LOW,))]
    gaps = set(cells_in(gaps_of(rules, "tier")))
    assert gaps == {cell for cell in CELLS if cell[0] != "docs" and cell[2] != "low"}
    assert gaps_of(rules, "confirmation") == EVERYWHERE
    assert gaps_of(shipped_rules().rules, "tier") == 0


def test_cells_are_told_in_few_words() -> None:
    assert describe(EVERYWHERE) == "any work (any complexity, any risk)"
    assert (
        describe(mask_of(Conditions(task_type=(TaskType.DOCS,), risk=(Risk.HIGH,))))
        == "docs (any complexity, high risk)"
    )
    two = mask_of(Conditions(complexity=(Complexity.EASY, Complexity.HARD), risk=(Risk.LOW, Risk.HIGH)))
    assert describe(two) == "any work (easy or hard, low or high risk)"


def test_more_words_than_can_be_looked_at_are_never_called_covered() -> None:
    words = tuple(f"w{number}" for number in range(60))
    crowded = rule("crowded", stack=words, paths=tuple(f"*{word}*" for word in words))
    (_, second) = coverage_of([crowded, crowded])
    assert not second.is_checked
    assert not second.is_unreachable
