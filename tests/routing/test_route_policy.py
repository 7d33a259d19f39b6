"""Rules from a classified kickoff to tier, driver and confirmation."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from routing.route_policy import Conditions, driver_of, fits, judge, make_kickoff, providers_of
from routing.route_rules import shipped_rules
from routing.rule_documents import read_rules, rules_from
from routing.shapes import Classification, Complexity, Label, Risk, TaskType
from smartspawn.lib.errors import InvalidParam

RULES = shipped_rules()


def said(
    task_type: str = "feature", complexity: str = "medium", risk: str = "low", **sub_dimensions: float
) -> Classification:
    labels = [Label(word, 0.9) for word in ("coding", task_type, complexity, risk)]
    return Classification(*labels, sub_dimensions=sub_dimensions, engine="test")


def verdict(
    task_type: str = "feature",
    complexity: str = "medium",
    risk: str = "low",
    files: tuple[str, ...] = (),
    stack: tuple[str, ...] = (),
    **subs: float,
) -> Any:
    return judge(make_kickoff(said(task_type, complexity, risk, **subs), files, stack), RULES)


def test_hard_or_risky_work_goes_to_the_top_whatever_it_is() -> None:
    for task_type, complexity, risk in itertools.product(TaskType, Complexity, Risk):
        if complexity == "hard" or risk == "high":
            assert verdict(task_type, complexity, risk).tier == "top"


def test_high_risk_always_needs_a_yes_and_low_risk_by_itself_never() -> None:
    for task_type, complexity in itertools.product(TaskType, Complexity):
        assert verdict(task_type, complexity, "high").is_confirmation_required
        assert not verdict(task_type, complexity, "low").is_confirmation_required


def test_exploration_and_docs_go_cheap_and_fast() -> None:
    assert {verdict(task, size).tier for task in ("exploration", "docs") for size in ("easy", "medium")} == {"fast"}


@pytest.mark.parametrize("task_type", ["design", "refactor"])
def test_design_and_refactor_prefer_claude_and_for_interfaces_grok_next(task_type: str) -> None:
    assert verdict(task_type).drivers == ("claude",)
    assert verdict(task_type, stack=("React",)).drivers == ("claude", "grok")
    assert verdict(task_type, files=("src/app/Button.tsx",)).drivers == ("claude", "grok")


def test_a_language_is_known_by_its_files_or_by_the_stack() -> None:
    assert verdict("bugfix", files=("src/main.rs",)).drivers == ("codex",)
    assert verdict("bugfix", stack=("Rust",)).drivers == ("codex",)
    assert verdict("bugfix", files=("src\\main.py",)).drivers == ()


@pytest.mark.parametrize(
    "path",
    ["app/migrations/0004_drop.py", "infra/main.tf", ".github/workflows/ci.yml", "x/auth/login.py", "Dockerfile"],
)
def test_sensitive_files_raise_the_tier_and_ask(path: str) -> None:
    found = verdict("feature", "medium", "medium", files=("README.md", path))
    assert (found.tier, found.is_confirmation_required, found.tier_rule) == ("top", True, "sensitive files")


def test_what_is_hard_to_take_back_is_confirmed() -> None:
    assert verdict("migration", "medium", "medium", reversal_cost=0.8).is_confirmation_required
    assert not verdict("migration", "medium", "medium", reversal_cost=0.3).is_confirmation_required


def test_more_complexity_or_risk_never_lowers_the_tier() -> None:
    for task_type in TaskType:
        for risk in Risk:
            heights = [RULES.height(verdict(task_type, complexity, risk).tier) for complexity in Complexity]
            assert heights == sorted(heights)
        for complexity in Complexity:
            heights = [RULES.height(verdict(task_type, complexity, risk).tier) for risk in Risk]
            assert heights == sorted(heights)


def test_conditions_hold_together_and_words_of_one_condition_apart() -> None:
    when = Conditions(task_type=(TaskType.BUGFIX, TaskType.TEST), risk=(Risk.LOW,), stack=("go", "rust"))
    assert fits(when, make_kickoff(said("test"), (), ("Rust", "postgres")))
    assert not fits(when, make_kickoff(said("test", risk="high"), (), ("rust",)))
    assert not fits(when, make_kickoff(said("test"), (), ("python",)))
    assert not fits(when, make_kickoff(said("docs"), (), ("rust",)))


def test_a_provider_s_own_driver_goes_before_the_one_for_all() -> None:
    assert driver_of("anthropic", ("api", "claude"), RULES) == "claude"
    assert driver_of("deepseek", ("claude", "api"), RULES) == "api"
    assert providers_of(("claude", "codex"), RULES) == {"anthropic", "openai"}
    assert providers_of(("claude", "api"), RULES) == frozenset()


GOOD: dict[str, Any] = {
    "version": "x",
    "drivers": {"api": ["*"]},
    "tiers": [{"name": "one", "budget": "any"}],
    "rules": [{"name": "all", "tier": "one", "drivers": [], "confirm": False}],
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rules": [{"name": "r", "tier": "two"}]}, "tier 'two'"),
        ({"rules": [{"name": "r", "drivers": ["x"]}]}, "driver 'x'"),
        ({"rules": [{"name": "r"}]}, "decides nothing"),
        ({"rules": [{"name": "r", "tier": "one", "when": {"complexty": ["hard"]}}]}, "no condition 'complexty'"),
        ({"rules": [{"name": "r", "tier": "one", "wen": {}}]}, "no 'wen'"),
        ({"rules": [{"name": "r", "tier": "one", "when": {"risk": ["huge"]}}]}, "huge"),
        ({"tiers": []}, "at least one tier"),
        ({"tiers": [{"name": "one", "budget": "lots"}]}, "lots"),
        ({"extra": 1}, "'extra'"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_by_name(change: dict[str, Any], told: str) -> None:
    assert rules_from(GOOD).version == "x"
    with pytest.raises(InvalidParam, match=told):
        rules_from(GOOD | change)


@pytest.mark.parametrize("text", ["", "a: [", "5", "- x", "rules: {}"])
def test_a_text_that_is_no_rules_is_refused(text: str) -> None:
    with pytest.raises(InvalidParam):
        read_rules(text)


def test_without_a_rule_the_careful_outcome_holds() -> None:
    rules = rules_from(
        GOOD | {"tiers": [{"name": "low", "budget": "low"}, {"name": "one", "budget": "any"}], "rules": []}
    )
    found = judge(make_kickoff(said(), (), ()), rules)
    assert (found.tier, found.is_confirmation_required, found.drivers) == ("one", True, ())
