"""The rows of the models table as CSV."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from catalog.shapes import Category, Entry
from smartspawn.lib.csvtext import csv_lines

COLUMNS: Final = (
    "id",
    "name",
    "provider",
    "tier",
    "released",
    "context_length_tokens",
    "prompt_usd_per_mtok",
    "completion_usd_per_mtok",
    "category",
    "score",
    "score_lower",
    "score_upper",
    "coverage_share",
    "score_per_usd",
    "is_overridden",
)


def models_csv(entries: Iterable[Entry], category: Category) -> str:
    """One row per entry, with its score in the category; cells cannot start a formula in a spreadsheet."""
    return "".join(csv_lines(COLUMNS, (_row(entry, category) for entry in entries)))


def _row(entry: Entry, category: Category) -> tuple[object, ...]:
    facts, score = entry.facts, entry.scores.get(category)
    return (
        facts.model_id,
        facts.name,
        entry.provider,
        entry.tier,
        facts.created_at.date().isoformat() if facts.created_at else None,
        facts.context_length_tokens,
        facts.pricing.prompt_usd_per_mtok,
        facts.pricing.completion_usd_per_mtok,
        category,
        *((round(score.value, 2), round(score.lower, 2), round(score.upper, 2)) if score else (None, None, None)),
        round(score.coverage_share, 3) if score else None,
        entry.cost_efficiency.get(category),
        bool(entry.overrides),
    )
