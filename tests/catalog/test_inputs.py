"""How the catalogue's queries are read."""

from __future__ import annotations

import pytest

from catalog.inputs import read_compared_ids, read_models_query
from catalog.queries import SortKey
from catalog.shapes import Category, Tier
from smartspawn.lib.errors import InvalidParam, MissingParam


def test_no_words_ask_for_the_first_fifty_by_score() -> None:
    wanted, limit, offset, notes = read_models_query({})
    assert (wanted.sort, wanted.category, limit, offset, notes) == (SortKey.SCORE, None, 50, 0, [])


@pytest.mark.parametrize(
    ("text", "limit", "is_noted"),
    [
        ("10", 10, False),
        ("500", 500, False),
        ("501", 500, False),
        ("0", 50, False),
        ("-5", 1, False),
        ("3.9", 3, True),
        ("abc", 50, True),
        ("", 50, False),
        ("99999999999999999999", 500, True),
    ],
)
def test_a_limit_is_cut_to_fit_and_what_is_no_number_is_noted(text: str, limit: int, is_noted: bool) -> None:
    _, read, _, notes = read_models_query({"limit": text})
    assert (read, bool(notes)) == (limit, is_noted)


def test_a_category_as_sort_orders_by_its_score() -> None:
    wanted, *_ = read_models_query({"sort": "coding"})
    assert (wanted.sort, wanted.sort_category, wanted.category) == (SortKey.SCORE, Category.CODING, None)


def test_an_unknown_sort_falls_back_to_score_and_says_so() -> None:
    wanted, _, _, notes = read_models_query({"sort": "magic"})
    assert wanted.sort is SortKey.SCORE
    assert "magic" in notes[0]


def test_known_words_are_taken() -> None:
    wanted, *_ = read_models_query({"category": "vision", "tier": "budget", "candidates": "true"})
    assert (wanted.category, wanted.tier, wanted.is_candidates_only) == (Category.VISION, Tier.BUDGET, True)


@pytest.mark.parametrize("query", [{"category": "Coding"}, {"category": "constructor"}, {"tier": "gold"}])
def test_an_unknown_category_or_tier_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(InvalidParam):
        read_models_query(query)


def test_ids_lose_the_prefix_that_clients_put_before_them() -> None:
    assert read_compared_ids("openrouter/a/b, c/d:free,") == ["a/b", "c/d:free"]


@pytest.mark.parametrize("text", [None, "", "  "])
def test_no_ids_are_a_missing_parameter(text: str | None) -> None:
    with pytest.raises(MissingParam):
        read_compared_ids(text)


@pytest.mark.parametrize("text", ["a/b", ",".join(f"a/{n}" for n in range(7)), "a/b,c d", "a/b,<script>", "a/b,c/d/e"])
def test_too_few_too_many_or_malformed_ids_are_refused(text: str) -> None:
    with pytest.raises(InvalidParam):
        read_compared_ids(text)
