"""What each rule did for a kept route, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routing.route_policy import NO_RULE


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """One thing that had to be settled: how it came out, which rule spoke, and what came of its word."""

    settles: str  # "tier", "driver" or "confirmation"
    result: str
    rule: str
    effect: str

    @property
    def is_none(self) -> bool:
        """Whether no rule spoke, so that the careful default holds."""
        return self.rule == NO_RULE


def applied_rules(outcome: Mapping[str, Any]) -> tuple[AppliedRule, ...]:
    """The rules of a kept route with what each did; none where a decision keeps no rules."""
    names = outcome.get("rules")
    if not isinstance(names, list) or len(names) != 3:
        return ()
    tier_rule, driver_rule, confirmation_rule = map(str, names)
    must_confirm = bool(outcome.get("is_confirmation_required"))
    return (
        AppliedRule("tier", str(outcome.get("tier", "")), tier_rule, _tier_effect(outcome, tier_rule)),
        AppliedRule("driver", str(outcome.get("driver", "")), driver_rule, _driver_effect(outcome, driver_rule)),
        AppliedRule(
            "confirmation",
            "required" if must_confirm else "not required",
            confirmation_rule,
            _confirmation_effect(confirmation_rule, must_confirm=must_confirm),
        ),
    )


def _tier_effect(outcome: Mapping[str, Any], rule: str) -> str:
    taken, inherited = str(outcome.get("tier", "")), str(outcome.get("inherited_tier") or "")
    said = str(outcome.get("rule_tier") or "")  # decisions of earlier releases do not keep it
    word = f"says {said}" if said else "speaks of the tier"
    if inherited and inherited != said:
        ending = "" if taken == inherited else f"; nothing was left there, so {taken} took its place"
        return f"{word}, but related work was {inherited}, which is inherited{ending}"
    if said and said != taken:
        return f"{word}, but nothing was left there, so {taken} took its place"
    return "no rule names a tier, so the highest is taken" if rule == NO_RULE else f"says {taken}"


def _driver_effect(outcome: Mapping[str, Any], rule: str) -> str:
    taken, preferred = str(outcome.get("driver", "")), outcome.get("rule_drivers")
    if rule == NO_RULE:
        return "no rule prefers a driver, so the best model's is taken"
    if not isinstance(preferred, list):
        return f"speaks of the driver; {taken} came of it"
    if not preferred:
        return "prefers nobody, so the best model's driver is taken"
    wish = f"prefers {', then '.join(map(str, preferred))}"
    if taken in preferred:
        return wish
    return f"{wish}; none of them could be had, or all are too far behind the best model"


def _confirmation_effect(rule: str, *, must_confirm: bool) -> str:
    if rule == NO_RULE:
        return "no rule speaks of it, so a person is asked"
    return "asks for a person's yes" if must_confirm else "lets it go without a person's yes"
