"""What each rule did for a kept route, in words."""

from __future__ import annotations

from typing import Any

import pytest

from routing.rules_applied import applied_rules

KEPT: dict[str, Any] = {
    "rules": ["hard work", "interfaces", "high risk"],
    "tier": "top",
    "rule_tier": "top",
    "inherited_tier": "",
    "driver": "claude",
    "rule_drivers": ["claude", "codex"],
    "is_confirmation_required": True,
}


def effects(**changes: Any) -> list[str]:
    return [applied.effect for applied in applied_rules({**KEPT, **changes})]


def test_each_rule_is_told_with_its_result_and_effect() -> None:
    tier, driver, confirmation = applied_rules(KEPT)
    assert (tier.settles, tier.result, tier.rule, tier.effect) == ("tier", "top", "hard work", "says top")
    assert (driver.result, driver.effect) == ("claude", "prefers claude, then codex")
    assert (confirmation.result, confirmation.effect) == ("required", "asks for a person's yes")


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"rule_tier": "fast", "inherited_tier": "top"}, 0, "says fast, but related work was top, which is inherited"),
        ({"rule_tier": "fast"}, 0, "says fast, but nothing was left there, so top took its place"),
        (
            {"rule_tier": "fast", "inherited_tier": "standard"},
            0,
            "says fast, but related work was standard, which is inherited; nothing was left there",
        ),
        ({"rules": ["no rule"] * 3}, 0, "no rule names a tier, so the highest is taken"),
        ({"rules": ["no rule"] * 3}, 1, "no rule prefers a driver, so the best model's is taken"),
        ({"rules": ["no rule"] * 3}, 2, "no rule speaks of it, so a person is asked"),
        ({"rule_drivers": []}, 1, "prefers nobody, so the best model's driver is taken"),
        ({"driver": "api"}, 1, "prefers claude, then codex; none of them could be had, or all are too far behind"),
        ({"is_confirmation_required": False}, 2, "lets it go without a person's yes"),
        ({"rule_tier": None, "rule_drivers": None}, 0, "says top"),
        ({"rule_tier": None, "rule_drivers": None}, 1, "speaks of the driver; claude came of it"),
    ],
)
def test_what_came_of_a_rules_word(changes: dict[str, Any], place: int, words: str) -> None:
    assert effects(**changes)[place].startswith(words)


@pytest.mark.parametrize("rules", [None, [], ["one"], "words"])
def test_a_decision_without_rules_tells_of_none(rules: Any) -> None:
    assert applied_rules({**KEPT, "rules": rules}) == ()
