"""Price against quality: which models nobody beats on both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from catalog.shapes import Category, CategoryScore, Entry


@dataclass(frozen=True, slots=True)
class PricedScore:
    """One model as a point: what a million tokens in and out costs, and how good it is."""

    entry: Entry
    price_usd: Decimal  # one million prompt tokens and one million completion tokens
    score: CategoryScore


def priced_scores(entries: Iterable[Entry], category: Category) -> list[PricedScore]:
    """Every candidate with a known price and a score, cheapest first; of one price the better first."""
    points = [
        PricedScore(entry=entry, price_usd=price, score=score)
        for entry in entries
        if entry.is_candidate
        and (score := entry.scores.get(category)) is not None
        and (price := _price_usd(entry)) is not None
    ]
    return sorted(points, key=lambda point: (point.price_usd, -point.score.value, point.entry.facts.model_id))


def pareto_frontier(points: Iterable[PricedScore]) -> list[PricedScore]:
    """The measured points, taken cheapest first, that score more than every cheaper or equally cheap one.

    An estimate is no ground to call a model best for its price.
    """
    frontier: list[PricedScore] = []
    for point in points:
        if point.score.coverage_share == 0:
            continue
        if not frontier or point.score.value > frontier[-1].score.value:
            frontier.append(point)
    return frontier


def _price_usd(entry: Entry) -> Decimal | None:
    pricing = entry.facts.pricing
    if pricing.is_dynamic or pricing.prompt_usd_per_mtok is None or pricing.completion_usd_per_mtok is None:
        return None
    return pricing.prompt_usd_per_mtok + pricing.completion_usd_per_mtok
