"""Savings and cascades as the JSON of the API, and as rows of CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from feedback.spend.baselines import Quality
from feedback.spend.cascades import Cascade
from feedback.spend.presenters import exact_usd, look_payload
from feedback.spend.saved import CascadeReport, JudgedSaving, SavingsReport
from runs.money import to_usd

SAVING_COLUMNS: Final = (
    *("baseline", "models", "saved_usd", "baseline_usd", "paid_usd", "overhead_usd", "lost_usd", "straight_answers"),
    *("left_out_calls", "left_out_usd", "score", "score_lower", "score_upper", "accepted_share", "ratings"),
)
CASCADE_COLUMNS: Final = (
    *("category", "tried", "escalated", "hit_share", "hit_lower", "hit_upper"),
    *("tried_usd", "judged_usd", "escalated_usd", "lost_usd", "other_usd", "usd"),
)


def csv_savings(report: SavingsReport) -> Iterator[tuple[object, ...]]:
    """The base lines as rows of SAVING_COLUMNS; amounts are exact."""
    for item in report.savings:
        saving, quality = item.saving, item.quality
        yield (
            *(saving.baseline.key.value, " ".join(saving.baseline.model_ids)),
            *map(exact_usd, (saving.saved_nano_usd, saving.baseline_nano_usd, saving.paid_nano_usd)),
            *map(exact_usd, (saving.overhead_nano_usd, saving.lost_nano_usd)),
            *(round(saving.answer_count, 1), saving.left_out_count, exact_usd(saving.left_out_nano_usd)),
            *(quality.score, quality.lower, quality.upper),
            *(None if quality.rating is None else quality.rating.mean, quality.rating_count),
        )


def cascades_payload(report: CascadeReport) -> dict[str, Any]:
    """How often the cheap answer was enough, what trying cost, and what it saved; null is unknown."""
    premium = report.premium
    return {
        **look_payload(report.look),
        "total": _cascade_payload(report.total),
        "rows": [{"category": item.category, **_cascade_payload(item)} for item in report.cascades],
        "premiumUsd": _usd(premium.baseline_nano_usd) if premium.answer_count else None,
        "savedUsd": _usd(premium.saved_nano_usd) if premium.answer_count else None,
        "leftOutCalls": premium.left_out_count,
    }


def csv_cascades(report: CascadeReport) -> Iterator[tuple[object, ...]]:
    """The kinds of task as rows of CASCADE_COLUMNS; amounts are exact."""
    for item in report.cascades:
        yield (
            *(item.category, item.tried_count, item.escalated_count, item.hit_share, item.hit_lower, item.hit_upper),
            *map(exact_usd, (item.tried_nano_usd, item.judged_nano_usd, item.escalated_nano_usd)),
            *map(exact_usd, (item.lost_nano_usd, item.other_nano_usd, item.cost_nano_usd)),
        )


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


def _cascade_payload(item: Cascade) -> dict[str, Any]:
    return {
        "tried": item.tried_count,
        "escalated": item.escalated_count,
        "hitShare": item.hit_share,
        "hitInterval": None if item.hit_share is None else [item.hit_lower, item.hit_upper],
        "triedUsd": _usd(item.tried_nano_usd),
        "judgedUsd": _usd(item.judged_nano_usd),
        "escalatedUsd": _usd(item.escalated_nano_usd),
        "lostUsd": _usd(item.lost_nano_usd),
        "otherUsd": _usd(item.other_nano_usd),
        "usd": _usd(item.cost_nano_usd),
    }


def _usd(nano_usd: int) -> float:
    return float(to_usd(nano_usd))
