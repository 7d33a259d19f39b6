"""The rows of the models table as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from catalog.shapes import Category, Entry

# A spreadsheet runs a cell that starts so as a formula; names come from strangers.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
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
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_inert(cell) for cell in _row(entry, category)] for entry in entries)
    return out.getvalue()


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


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
