"""Evaluations as the JSON of the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from feedback.production.checks import Check, FoundMistake
from feedback.production.evaluate import SELECTION, Evaluation, HeadResult, WeakResult


def check_payload(check: Check, mistakes: tuple[FoundMistake, ...]) -> dict[str, Any]:
    """One evaluation with its figures, where it has any."""
    return {
        "askedAt": check.asked_at.isoformat(),
        "endedAt": check.ended_at.isoformat() if check.ended_at else None,
        "fault": check.fault or ("No worker has ended it." if check.is_lost else None),
        "engine": check.engine or None,
        "engineSha256": check.engine_sha256 or None,
        "result": _result(check.result, mistakes) if check.result else None,
    }


def _result(found: Evaluation, mistakes: tuple[FoundMistake, ...]) -> dict[str, Any]:
    return {
        "tasks": found.task_count,
        "leftOut": found.left_out_count,
        "corrected": found.corrected_count,
        "overridden": found.overridden_count,
        "rated": found.rated_count,
        "heads": [_head(item) for item in found.heads],
        "worstHead": asdict(found.worst) if found.worst else None,
        "mistakes": [_mistake(item) for item in mistakes],
        "weak": [_weak(item) for item in found.weak],
        "note": SELECTION,
    }


def _head(item: HeadResult) -> dict[str, Any]:
    return {
        "head": item.head,
        "labels": item.label_count,
        "right": item.right_count,
        "share": item.right_share,
        "lower": item.lower,
        "upper": item.upper,
        "ece": item.ece,
        "isEnough": item.is_enough,
    }


def _weak(item: WeakResult) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "tasks": item.task_count,
        "same": item.same_count,
        "share": item.same_share,
        "lower": item.lower,
        "upper": item.upper,
    }


def _mistake(item: FoundMistake) -> dict[str, Any]:
    return {
        "head": item.mistake.head,
        "said": item.mistake.said,
        "right": item.mistake.right,
        "confidence": item.mistake.confidence_prob,
        "task": item.text or None,
        "decisionId": item.decision_id or None,
    }
