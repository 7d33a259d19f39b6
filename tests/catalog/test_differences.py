"""What counts as a difference between two snapshots."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from catalog.differences import diff_snapshots
from catalog.shapes import (
    Capabilities,
    Category,
    CategoryScore,
    DifferenceKind,
    Entry,
    ModelFacts,
    Pricing,
    Snapshot,
    Tier,
)


def entry(model_id: str, *, prompt: str | None = "1", score: float | None = 50.0, context: int = 1000) -> Entry:
    price = None if prompt is None else Decimal(prompt)
    scores = {} if score is None else {Category.CODING: CategoryScore(score, score - 5, score + 5, 1.0)}
    return Entry(
        facts=ModelFacts(model_id, model_id.upper(), Pricing(prompt_usd_per_mtok=price), context_length_tokens=context),
        provider="p",
        is_candidate=True,
        capabilities=Capabilities(),
        tier=Tier.BUDGET,
        categories=(Category.GENERAL,),
        tags=(),
        scores=scores,
        cost_efficiency={},
        ancestor_scores={},
    )


def snapshot(*entries: Entry) -> Snapshot:
    return Snapshot(entries=entries, sources=(), policy_version="test")


def found(old: Snapshot | None, new: Snapshot) -> list[tuple[str, str, str, str, str]]:
    return [(item.kind, item.model_id, item.field, item.before, item.after) for item in diff_snapshots(old, new)]


def test_the_first_snapshot_differs_from_nothing() -> None:
    assert diff_snapshots(None, snapshot(entry("a"))) == ()


def test_the_same_snapshot_has_no_differences() -> None:
    assert found(snapshot(entry("a"), entry("b")), snapshot(entry("b"), entry("a"))) == []


def test_models_that_come_and_go_are_named() -> None:
    assert found(snapshot(entry("a")), snapshot(entry("b"))) == [
        (DifferenceKind.ADDED, "b", "", "", ""),
        (DifferenceKind.REMOVED, "a", "", "", ""),
    ]


def test_a_price_is_written_without_exponents_or_padding() -> None:
    old, new = snapshot(entry("a", prompt="10.00")), snapshot(entry("a", prompt="0.0000001"))
    assert found(old, new) == [(DifferenceKind.PRICE, "a", "price.prompt", "10", "0.0000001")]


def test_the_same_price_in_other_digits_is_no_difference() -> None:
    assert found(snapshot(entry("a", prompt="1.50")), snapshot(entry("a", prompt="1.5"))) == []


def test_a_price_that_became_unknown_is_told_as_unknown_not_zero() -> None:
    old, new = snapshot(entry("a", prompt="0")), snapshot(entry("a", prompt=None))
    assert found(old, new) == [(DifferenceKind.PRICE, "a", "price.prompt", "0", "unknown")]


def test_a_score_moves_from_one_point_on() -> None:
    old = snapshot(entry("a", score=50.0), entry("b", score=50.0))
    new = snapshot(entry("a", score=50.9), entry("b", score=51.0))
    assert found(old, new) == [(DifferenceKind.SCORE, "b", "score.coding", "50.0", "51.0")]


def test_a_score_that_appears_or_vanishes_is_a_difference() -> None:
    old, new = snapshot(entry("a", score=None), entry("b")), snapshot(entry("a"), entry("b", score=None))
    assert found(old, new) == [
        (DifferenceKind.SCORE, "a", "score.coding", "none", "50.0"),
        (DifferenceKind.SCORE, "b", "score.coding", "50.0", "none"),
    ]


def test_a_changed_context_length_is_a_difference() -> None:
    old, new = snapshot(entry("a", context=1000)), snapshot(replace(entry("a"), facts=entry("a", context=2000).facts))
    assert found(old, new) == [(DifferenceKind.LIMIT, "a", "context_length", "1000", "2000")]


def test_the_scores_of_a_model_come_in_the_order_of_the_categories() -> None:
    scored = {category: CategoryScore(50.0, 45.0, 55.0, 1.0) for category in reversed(Category)}
    moved = found(snapshot(entry("a", score=None)), snapshot(replace(entry("a"), scores=scored)))
    assert [field for _, _, field, _, _ in moved] == [f"score.{category}" for category in Category]
