"""What an admin says beats every source."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from catalog.shapes import Category, Override, Pricing, Tier
from tests.catalog.scoring.builders import Catalog, entry_of, random_catalog

MODEL = "lab/said"


def catalog() -> Catalog:
    return random_catalog(5).model(MODEL, prompt="1", completion="3").arena(MODEL, 1310)


def said(field: str, value: str, *, day: int = 1, model_id: str = MODEL) -> Override:
    return Override(model_id, field, value, by="ada", why="measured ourselves", at=datetime(2026, 7, day, tzinfo=UTC))


def test_a_said_score_stands_with_what_was_measured_beside_it() -> None:
    plain = catalog().entry(MODEL)
    entry = catalog().entry(MODEL, [said("score.coding", "91.5")])
    score = entry.scores[Category.CODING]
    assert (score.value, score.lower, score.upper, score.is_overridden) == (91.5, 91.5, 91.5, True)
    assert score.parts == plain.scores[Category.CODING].parts
    assert entry.scores[Category.GENERAL] == plain.scores[Category.GENERAL]
    assert [override.why for override in entry.overrides] == ["measured ourselves"]
    assert entry.cost_efficiency[Category.CODING] == round(91.5 / 4, 2)


def test_a_score_can_be_said_where_none_was_computed() -> None:
    entry = catalog().entry(MODEL, [said("score.vision", "60")])
    assert entry.scores[Category.VISION].value == 60
    assert entry.scores[Category.VISION].coverage_share == 0


def test_said_categories_replace_the_derived_ones_in_the_usual_order() -> None:
    entry = catalog().entry(MODEL, [said("categories", "creative, coding")])
    assert entry.categories == (Category.CODING, Category.CREATIVE)


def test_a_said_price_comes_first_and_moves_all_that_follows_from_it() -> None:
    overrides = [said("price.prompt", "0.2"), said("price.completion", "0.4")]
    plain, entry = catalog().entry(MODEL), catalog().entry(MODEL, overrides)
    assert entry.facts.pricing.prompt_usd_per_mtok == Decimal("0.2")
    assert entry.tier is Tier.BUDGET
    assert "cheap" in entry.tags
    assert entry.scores[Category.FAST_CHEAP].value > plain.scores[Category.FAST_CHEAP].value
    assert entry.cost_efficiency[Category.CODING] == round(entry.scores[Category.CODING].value / 0.6, 2)


def test_a_said_price_makes_an_unpriced_model_a_candidate() -> None:
    unpriced = catalog()
    unpriced.models[-1] = replace(unpriced.models[-1], pricing=Pricing())
    assert not unpriced.entry(MODEL).is_candidate
    assert unpriced.entry(MODEL, [said("price.prompt", "1"), said("price.completion", "2")]).is_candidate


def test_the_latest_word_on_a_field_stands_whatever_the_order() -> None:
    words = [said("score.coding", "20", day=9), said("score.coding", "80", day=3)]
    for overrides in (words, words[::-1]):
        entry = catalog().entry(MODEL, overrides)
        assert entry.scores[Category.CODING].value == 20
        assert len(entry.overrides) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score.coding", "NaN"),
        ("score.coding", "101"),
        ("score.coding", "-1"),
        ("score.cooking", "50"),
        ("score.coding", "very good"),
        ("price.prompt", "-3"),
        ("price.prompt", "Infinity"),
        ("categories", "coding,cooking"),
        ("name", "5"),
    ],
)
def test_what_cannot_be_applied_changes_nothing_and_does_not_pass_for_applied(field: str, value: str) -> None:
    assert catalog().entry(MODEL, [said(field, value)]) == catalog().entry(MODEL)


def test_a_word_on_one_model_leaves_the_others_alone() -> None:
    plain = catalog().score()
    changed = catalog().score([said("score.coding", "99"), said("score.coding", "1", model_id="lab/gone")])
    for before, after in zip(plain.entries, changed.entries, strict=True):
        assert (before == after) == (before.facts.model_id != MODEL)
    assert entry_of(changed, MODEL).scores[Category.CODING].is_overridden
