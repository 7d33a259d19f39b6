"""What the linter finds, and that it leaves good rules alone."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.shapes import Entry
from routing.route_rules import shipped_rules
from routing.rule_documents import document_of, draft_from, dump_rules, read_rules, read_text
from routing.rule_findings import Finding
from routing.rule_linter import has_errors, lint
from smartspawn.lib.errors import InvalidParam
from tests.routing.conftest import models

LAST = {"name": "last", "tier": "top", "drivers": [], "confirm": False}
GOOD: dict[str, Any] = {
    "drivers": {"claude": ["anthropic"], "api": ["*"]},
    "tiers": [{"name": "fast", "budget": "low"}, {"name": "top", "budget": "any"}],
    "rules": [{"name": "docs", "when": {"task_type": ["docs"]}, "tier": "fast"}, LAST],
}


def found(document: dict[str, Any], entries: tuple[Entry, ...] = models()) -> dict[str, Finding]:
    return {finding.code: finding for finding in lint(draft_from(document), entries)}


def with_rules(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**GOOD, "rules": [*rules, *GOOD["rules"]], **more}


def test_good_rules_have_nothing_to_find() -> None:
    assert found(GOOD) == {}
    assert lint(shipped_rules(), models()) == ()


@pytest.mark.parametrize(
    ("rule", "code", "told"),
    [
        ({"name": "r", "tier": "two"}, "unusable", "the tier 'two'"),
        ({"name": "r", "when": {"risk": ["low"]}}, "unusable", "decides nothing"),
        ({"name": "r", "when": {"language": ["klingon"]}, "tier": "top"}, "never-fits", "never hold"),
        ({"name": "r", "when": {"sub_dimensions": {"fame": 0.5}}, "tier": "top"}, "never-fits", "never hold"),
        ({"name": "r", "when": {"sub_dimensions": {"reversal_cost": 1.5}}, "tier": "top"}, "never-fits", "never hold"),
        ({"name": "r", "when": {"stack": ["React"]}, "tier": "top"}, "odd-word", "small letters"),
        ({"name": "docs", "when": {"risk": ["low"]}, "tier": "top"}, "duplicate-name", "2 rules are called 'docs'"),
        ({"name": "r", "when": {"risk": ["low", "low"]}, "tier": "top"}, "duplicate", "stands 2 times"),
    ],
)
def test_a_rule_that_is_wrong_is_named(rule: dict[str, Any], code: str, told: str) -> None:
    finding = found(with_rules(rule))[code]
    assert told in finding.message
    assert finding.is_error is (code in {"unusable", "never-fits"})
    assert finding.rule == 0 or code == "duplicate-name"


def test_a_rule_that_others_decide_before_is_an_error_that_names_them() -> None:
    above = {"name": "all", "tier": "top"}
    finding = found(with_rules(above))["unreachable"]
    assert finding.is_error
    assert finding.subject == "rule 2, 'docs'"
    assert "rule 1, 'all' always decides first" in finding.message
    assert found(with_rules(above))["half-shadowed"].subject == "rule 3, 'last'"


def test_the_same_conditions_twice_are_a_duplicate_whatever_they_say() -> None:
    finding = found(with_rules({"name": "twin", "when": {"task_type": ["docs"]}, "tier": "top"}))["duplicate"]
    assert finding.is_error
    assert "conditions of rule 1, 'twin'" in finding.message


def test_work_that_no_rule_decides_is_told_with_what_it_gets() -> None:
    finding = found({**GOOD, "rules": [{**LAST, "when": {"risk": ["low", "medium"]}}, *GOOD["rules"][:1]]})["gap"]
    assert not finding.is_error
    assert "24 of 72" in finding.message or "21 of 72" in finding.message
    only_labels = [{**LAST, "name": risk, "when": {"risk": [risk]}} for risk in ("low", "medium", "high")]
    assert "only a category's name" in found({**GOOD, "rules": [*GOOD["rules"][:1], *only_labels]})["gap"].message


@pytest.mark.parametrize(
    ("tier", "code", "told", "is_error"),
    [
        ({"budget": "high", "max_prompt_usd_per_mtok": 1}, "contradiction", "begins at $2", True),
        ({"budget": "any", "models": ["openai/bigg", "openai/big"]}, "unknown-model", "'openai/bigg'", False),
        ({"budget": "low", "models": ["openai/big", "openai/small"]}, "dear-model", "costs $5", False),
        ({"budget": "any", "models": ["openrouter/auto", "openai/big"]}, "unknown-model", "a router", False),
        ({"budget": "low", "models": ["openai/big"]}, "empty-tier", "None of the models", True),
        ({"budget": "any", "models": ["no/such"]}, "empty-tier", "None of the models", True),
    ],
)
def test_a_tier_is_held_against_the_models_that_there_are(
    tier: dict[str, Any], code: str, told: str, is_error: bool
) -> None:
    finding = found({**GOOD, "tiers": [GOOD["tiers"][0], {"name": "top", **tier}]})[code]
    assert told in finding.message
    assert finding.is_error is is_error
    assert finding.subject == "tier 'top'"


def test_a_misspelt_model_or_provider_is_guessed_at() -> None:
    tiers = [GOOD["tiers"][0], {"name": "top", "budget": "any", "models": ["openai/bigg", "openai/big"]}]
    assert found({**GOOD, "tiers": tiers})["unknown-model"].advice == "Did you mean 'openai/big'?"
    drivers = {"claude": ["antropic"], "api": ["*"]}
    assert found({**GOOD, "drivers": drivers})["unknown-provider"].advice == "Did you mean 'anthropic'?"


def test_a_site_without_a_catalogue_is_not_told_that_models_are_missing() -> None:
    tiers = [GOOD["tiers"][0], {"name": "top", "budget": "any", "models": ["no/such"]}]
    assert found({**GOOD, "tiers": tiers}, ()) == {}


def test_a_tier_that_no_rule_leads_to_is_told() -> None:
    tiers = [{"name": "spare", "budget": "low"}, *GOOD["tiers"]]
    assert found({**GOOD, "tiers": tiers})["unused-tier"].subject == "tier 'spare'"


def test_errors_come_first() -> None:
    findings = lint(draft_from(with_rules({"name": "r", "when": {"risk": ["low", "low"]}, "tier": "two"})), models())
    assert [finding.is_error for finding in findings] == sorted((item.is_error for item in findings), reverse=True)
    assert has_errors(findings)


# --- documents -----------------------------------------------------------------------------------


def test_what_is_written_is_read_again() -> None:
    shipped = shipped_rules()
    again = read_rules(dump_rules(shipped))
    assert (again.drivers, again.tiers, again.rules) == (shipped.drivers, shipped.tiers, shipped.rules)
    assert document_of(draft_from(document_of(shipped))) == document_of(shipped)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tiers": [{"name": "t" * 41, "budget": "any"}]}, "longer than 40"),
        ({"tiers": [{"name": "a", "budget": "any"}, {"name": "a", "budget": "any"}]}, "two tiers"),
        ({"tiers": [{"name": "a", "budget": "any", "preference": 11}]}, "preference"),
        ({"tiers": [{"name": "a", "budget": "any", "max_prompt_usd_per_mtok": -1}]}, "no price"),
        ({"tiers": [{"name": "a", "budget": "any", "max_prompt_usd_per_mtok": "NaN"}]}, "no price"),
        ({"drivers": {"nobody": []}}, "of nobody"),
        ({"driver_margin_score": -1}, "from 0 to 100"),
        ({"rules": [{"name": " ", "confirm": True}]}, "needs a name"),
        ({"rules": [{"name": "r", "confirm": True, "when": {"stack": ["a"] * 61}}]}, "more than 60"),
        ({"rules": [{"name": "r", "confirm": True}] * 201}, "more than 200"),
        ({"rules": [{"name": "a\x00b", "confirm": True}]}, "no text"),
        ({"rules": [{"name": "\ud800", "confirm": True}]}, "no text"),
        ({"rules": [{"name": "r", "confirm": True, "when": {"paths": ["x" * 201]}}]}, "longer than 200"),
    ],
)
def test_what_nothing_could_keep_is_refused(change: dict[str, Any], told: str) -> None:
    document = {**GOOD, "rules": [], **change}
    with pytest.raises(InvalidParam, match=told):
        read_rules(dump_rules(draft_from(document)))


def test_a_text_that_multiplies_is_refused() -> None:
    with pytest.raises(InvalidParam, match="references"):
        read_text("a: &a [x]\nb: [*a, *a]")
