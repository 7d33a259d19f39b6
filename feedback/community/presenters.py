"""The community as the JSON of the API."""

from __future__ import annotations

from typing import Any

from catalog.presenters import iso
from feedback.community.aggregation import LEAST_REPORTERS
from feedback.community.inputs import FORMAT, VERSION
from feedback.community.shapes import Aggregate, CommunityScore, Report

_SCORE_DIGITS = 2
_SHARE_DIGITS = 3


def report_payload(report: Report) -> dict[str, Any]:
    """A report as it goes over the wire: these four fields and no others."""
    return {
        "model": report.model_id,
        "category": report.category.value,
        "rating": report.score,
        "instanceId": report.instance_id,
    }


def score_payload(score: CommunityScore) -> dict[str, Any]:
    """A score in the ancestor's fields."""
    return {
        "model": score.model_id,
        "category": score.category.value,
        "totalRatings": score.rating_count,
        "avgRating": round(score.mean_score, _SCORE_DIGITS),
        "contributors": score.reporter_count,
    }


def aggregate_payload(aggregate: Aggregate) -> dict[str, Any]:
    """All scores, as another site imports them."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "publisher": str(aggregate.publisher),
        "publishedAt": iso(aggregate.published_at),
        "minContributors": LEAST_REPORTERS,
        "scores": [
            {
                **score_payload(score),
                "successShare": round(score.success_share, _SHARE_DIGITS),
                "votes": score.vote_weight,
                "lastRatedAt": iso(score.last_at),
            }
            for score in aggregate.scores
        ],
    }
