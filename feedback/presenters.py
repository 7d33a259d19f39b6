"""Feedback as the JSON of the API."""

from __future__ import annotations

from typing import Any

from catalog.presenters import iso
from feedback.models import Rating
from feedback.posterior import posterior
from feedback.shapes import Tally
from feedback.stats import SpawnStats
from runs.money import NANO_PER_USD

_TOTAL_DIGITS = 3
_MEAN_DIGITS = 4


def score_payload(item: Tally) -> dict[str, Any]:
    """A model's record in one category: the ancestor's fields, then how sure it is."""
    belief = posterior(item.success_share, item.sample_count)
    return {
        "model": item.model_id,
        "category": item.category.value,
        "successRate": item.success_share,
        "total": item.rating_count,
        "effectiveSamples": item.sample_count,
        "expected": round(belief.mean, _MEAN_DIGITS),
        "lower": round(belief.lower, _MEAN_DIGITS),
        "upper": round(belief.upper, _MEAN_DIGITS),
        "lastRatedAt": iso(item.last_at),
    }


def outcome_payload(rating: Rating, *, model_id: str, category: str) -> dict[str, Any]:
    """The answer to an outcome: the ancestor's fields, and whether it counts for anybody."""
    return {
        "recorded": True,
        "model": model_id,
        "category": category,
        "rating": rating.score,
        "id": rating.pk,
        "counts": rating.user_id is not None,
    }


def rating_payload(rating: Rating) -> dict[str, Any]:
    """What somebody said of a piece of work."""
    return {
        "id": rating.pk,
        "run": str(rating.run_id) if rating.run_id else None,
        "node": rating.node_key or None,
        "spawn": rating.spawn_id,
        "title": rating.title,
        "rating": rating.score,
        "verdict": rating.verdict or None,
        "reasons": rating.reasons,
        "ratedAt": iso(rating.at),
    }


def stats_payload(stats: SpawnStats) -> dict[str, Any]:
    """The ancestor's statistics; beside them, how much of it is estimated or has no known price."""
    return {
        "totalSpawns": stats.total,
        "byModel": stats.by_model,
        "byCategory": stats.by_category,
        "byMode": stats.by_mode,
        "totalEstimatedCost": _usd(stats.cost_nano_usd, _TOTAL_DIGITS),
        "opusCostEstimate": _usd(stats.reference_nano_usd, _TOTAL_DIGITS),
        "savings": _usd(stats.savings_nano_usd, _TOTAL_DIGITS),
        "since": iso(stats.since),
        "daily": [
            {"date": day.isoformat(), "spawns": count, "estimatedCost": _usd(cost, _MEAN_DIGITS)}
            for day, count, cost in stats.days
        ],
        "cascade": _cascade(stats),
        "categoryAvgCost": {name: _usd(mean, _MEAN_DIGITS) for name, mean in stats.category_means.items()},
        "topModels": [
            {"model": name, "count": count, "avgCost": _usd(mean, _MEAN_DIGITS)} for name, count, mean in stats.top
        ],
        "estimated": stats.estimated_count,
        "measured": stats.total - stats.estimated_count,
        "unknownCost": stats.unpriced_count,
    }


def _cascade(stats: SpawnStats) -> dict[str, Any]:
    cheap_only = max(0, stats.cheap_count - stats.premium_count)
    saved = stats.saved_per_cheap_nano_usd
    return {
        "total": stats.cheap_count,
        "cheapOnly": cheap_only,
        "withPremium": stats.premium_count,
        "escalationRate": round(stats.premium_count / stats.cheap_count, 2) if stats.cheap_count else 0,
        "avgSavingsPerCascade": None if saved is None else _usd(saved * cheap_only, _MEAN_DIGITS),
    }


def _usd(nano_usd: float | None, digits: int) -> float | None:
    return None if nano_usd is None else round(nano_usd / NANO_PER_USD, digits)
