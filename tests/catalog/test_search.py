"""Finding models by what people type."""

from __future__ import annotations

import pytest

from catalog.search import is_named, respell

NAMES = (
    "openai/gpt-5.6-sol OpenAI: GPT-5.6 Sol",
    "openai/gpt-3.5-turbo OpenAI: GPT-3.5 Turbo",
    "openai/o3 OpenAI: o3",
    "anthropic/claude-opus-4.6 Anthropic: Claude Opus 4.6",
    "anthropic/claude-sonnet-5 Anthropic: Claude Sonnet 5",
)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("opus 4.6", {3}),
        ("gpt-5", {0}),
        ("gpt5", {0}),
        ("gpt56", {0}),
        ("GPT35 turbo", {1}),
        ("opus46", {3}),
        ("o3", {2}),  # and no "turbo 3"
        ("sonnet5", {4}),
        ("gpt 5.6", {0}),
        ("sonet", set()),
    ],
)
def test_a_search_finds_the_names_that_were_meant(search: str, found: set[int]) -> None:
    assert {place for place, name in enumerate(NAMES) if is_named(name, search)} == found


@pytest.mark.parametrize(
    ("search", "meant"),
    [
        ("claude sonet", "claude sonnet"),
        ("clade 4.6", "claude 4.6"),
        ("gpt5 soll", "gpt5 sol"),
        ("xyzzy", ""),
        ("", ""),
    ],
)
def test_a_misspelt_search_is_read_as_the_nearest_names(search: str, meant: str) -> None:
    assert respell(search, NAMES) == meant
