"""What limits leave, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.shapes import Category
from routing.limits_effect import LimitsEffect, effect_of
from routing.shapes import Limits
from tests.routing.conftest import models

# Eight that may be chosen: anthropic 2, openai 2, x-ai 1, google 1, deepseek 2 (one of them free); and a router.


def effect(limits: Limits, *wider: Limits) -> LimitsEffect:
    return effect_of(limits, wider, models())


@pytest.mark.parametrize(
    ("limits", "left", "by"),
    [
        (Limits(), 8, {}),
        (Limits(deny_providers=frozenset({"openai"})), 6, {"denied providers": 2}),
        (Limits(allow_providers=frozenset({"openai", "x-ai"})), 3, {"allowed providers": 5}),
        (Limits(deny_models=frozenset({"deepseek/blind"})), 6, {"denied models": 2}),  # and its free variant
        (Limits(allow_models=frozenset({"openai/big"})), 1, {"allowed models": 7}),
        (Limits(max_prompt_usd_per_mtok=Decimal(3)), 6, {"price ceiling": 2}),
        (Limits(max_prompt_usd_per_mtok=Decimal(0)), 1, {"price ceiling": 7}),
        (Limits(max_completion_usd_per_mtok=Decimal(2)), 4, {"completion price ceiling": 4}),
        (Limits(is_free_excluded=True), 7, {"free offers": 1}),
        (Limits(is_moderated_only=True), 0, {"moderation": 8}),
        (
            Limits(max_prompt_usd_per_mtok=Decimal(3), deny_providers=frozenset({"openai", "google"})),
            4,
            {"price ceiling": 2, "denied providers": 2},
        ),
    ],
)
def test_each_limit_leaves_what_counting_leaves(limits: Limits, left: int, by: dict[str, int]) -> None:
    found = effect(limits)
    assert (found.candidate_count, found.left_count, found.alone_count) == (8, left, left)
    assert {item.filter: item.count for item in found.removals} == by
    assert left + sum(by.values()) == 8


def test_wider_limits_take_the_rest() -> None:
    found = effect(Limits(deny_providers=frozenset({"openai"})), Limits(deny_providers=frozenset({"anthropic"})))
    assert (found.alone_count, found.left_count) == (6, 4)
    nothing = effect(Limits(allow_providers=frozenset({"openai"})), Limits(allow_providers=frozenset({"anthropic"})))
    assert (nothing.alone_count, nothing.left_count) == (2, 0)


def test_categories_without_a_model_are_told() -> None:
    found = effect(Limits(allow_providers=frozenset({"deepseek"})))
    assert found.by_category[Category.GENERAL] == 2
    assert found.empty_categories == (Category.VISION,)


def test_names_that_the_catalogue_does_not_list_are_told() -> None:
    limits = Limits(
        allow_models=frozenset({"openai/big", "openai/bigg"}),
        deny_models=frozenset({"deepseek/blind", "no/such"}),
        deny_providers=frozenset({"google", "gogle"}),
    )
    assert effect(limits).unknown == ("no/such", "openai/bigg", "gogle")
    assert effect(replace(limits, budget="low")).left_count == effect(limits).left_count  # type: ignore[arg-type]  # its word
