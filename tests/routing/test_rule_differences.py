"""What is different between two versions, in words and lines."""

from __future__ import annotations

from typing import Any

import pytest

from routing.route_policy import RouteRules
from routing.rule_differences import differences, line_differences
from routing.rule_documents import draft_from

A: dict[str, Any] = {"name": "a", "tier": "low"}
B: dict[str, Any] = {"name": "b", "when": {"risk": ["low"]}, "tier": "low", "confirm": True}
C: dict[str, Any] = {"name": "c", "drivers": ["api"]}


def rules(*listed: dict[str, Any], **changes: Any) -> RouteRules:
    document = {"drivers": {"api": ["*"]}, "tiers": [{"name": "low", "budget": "low"}], "rules": list(listed)}
    return draft_from({**document, **changes})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (rules(A, B, C), rules(A, B, C), ()),
        (rules(A), rules(A, B), ("Rule 'b' is new, at place 2.",)),
        (rules(A, B), rules(A), ("Rule 'b' is gone.",)),
        (rules(A, B, C), rules(B, C, A), ("Rule 'a' moved to place 3.",)),
        (rules(A), rules({**A, "tier": "top"}), ("Rule 'a': tier low → top.",)),
        (rules(B), rules({**B, "confirm": False}), ("Rule 'b': confirmation yes → no.",)),
        (rules(C), rules({**C, "drivers": []}), ("Rule 'c': drivers api → the best.",)),
        (
            rules(B),
            rules({**B, "when": {"risk": ["low", "high"]}, "confirm": None}),
            ("Rule 'b': conditions risk low → risk low or high; confirmation yes → open.",),
        ),
        (rules(A, A), rules(A), ("Rule 'a' is gone.",)),
        (rules(), rules(drivers={"api": ["*"], "x": ["y"]}), ("Driver 'x' is new: y.",)),
        (rules(), rules(drivers={"api": ["openai"]}), ("Driver 'api': * → openai.",)),
        (rules(), rules(driver_margin_score=5), ("A preferred driver may be 5 points behind, not 15.",)),
        (
            rules(),
            rules(tiers=[{"name": "low", "budget": "any", "max_prompt_usd_per_mtok": 2}]),
            ("Tier 'low': budget low → any; price ceiling open → 2.",),
        ),
    ],
)
def test_every_difference_is_one_sentence(old: RouteRules, new: RouteRules, told: tuple[str, ...]) -> None:
    assert differences(old, new) == told


def test_lines_show_what_came_and_went() -> None:
    lines = line_differences(rules(A, B), rules(B))
    assert [line.text for line in lines if line.kind == "removed"] == ["- {name: a, tier: low}"]
    assert not [line for line in lines if line.kind == "added"]
    assert line_differences(rules(A), rules(A)) == ()
