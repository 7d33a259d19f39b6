"""Savings as the JSON of the API."""

from __future__ import annotations

from typing import Any

from feedback.spend.baselines import Quality
from feedback.spend.presenters import look_payload
from feedback.spend.saved import JudgedSaving, SavingsReport
from runs.money import to_usd


def savings_payload(report: SavingsReport) -> dict[str, Any]:
    """What was paid and how good it was, and each base line beside it; null is unknown."""
    return {
        **look_payload(report.look),
        "answers": report.answer_count,
        "quality": quality_payload(report.quality),
        "baselines": [_saving_payload(item) for item in report.savings],
    }


def quality_payload(quality: Quality) -> dict[str, Any]:
    """How good the models are that did some work, or would have."""
    rating = quality.rating
    return {
        "score": quality.score,
        "scoreInterval": None if quality.score is None else [quality.lower, quality.upper],
        "scoredShare": quality.scored_share,
        "acceptedShare": None if rating is None else rating.mean,
        "acceptedInterval": None if rating is None else [rating.lower, rating.upper],
        "ratings": quality.rating_count,
    }


def _saving_payload(item: JudgedSaving) -> dict[str, Any]:
    saving = item.saving
    return {
        "baseline": saving.baseline.key.value,
        "models": dict(saving.baseline.models),
        "paidUsd": _usd(saving.paid_nano_usd),
        "overheadUsd": _usd(saving.overhead_nano_usd),
        "lostUsd": _usd(saving.lost_nano_usd),
        "baselineUsd": _usd(saving.baseline_nano_usd),
        "savedUsd": _usd(saving.saved_nano_usd),
        "savedShare": saving.saved_share,
        "straightAnswers": round(saving.answer_count, 1),
        "leftOutCalls": saving.left_out_count,
        "leftOutUsd": _usd(saving.left_out_nano_usd),
        "quality": quality_payload(item.quality),
    }


def _usd(nano_usd: int) -> float:
    return float(to_usd(nano_usd))
