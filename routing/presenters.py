"""Choices on the wire: the ancestor's names and sentences, with reasons and alternatives beside them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from catalog.encoded import encoded_model
from catalog.rules import BUDGET_RANGES_USD_PER_MTOK
from catalog.shapes import Budget, Category, Snapshot
from routing.desk import EMPTY_SNAPSHOT, snapshot_of
from routing.exploring.presenters import told_trial
from routing.policy import confidence_of, select
from routing.replays import PartReplay, Replay
from routing.shapes import BlendPart, Choice, Classification, Decision, Label, RankedCandidate, Removal, RouteAnswer
from routing.thresholds import CURRENT_POLICY

RUNNERS_UP_SHOWN: Final = 3
_TOP_SCORE: Final = 80
_STRONG_SCORE: Final = 60


def pick_payload(decision: Decision) -> dict[str, Any]:
    """The one model of a decision that has one."""
    choice = decision.choice
    best = choice.ranked[0]
    low, high = BUDGET_RANGES_USD_PER_MTOK[choice.limits.budget]
    payload: dict[str, Any] = {
        "id": best.model_id,
        "name": best.name,
        "provider": best.provider,
        "score": best.score,
        "benchmarkScore": round(best.benchmark_score, 2),
        "personalScore": best.personal_share,
    }
    if choice.features.context_tags:
        payload["contextBoost"] = best.context_boost
        payload["contextTags"] = list(choice.features.context_tags)
    return payload | {
        "pricing": pricing_payload(best),
        "budget": choice.limits.budget,
        "tier": {"min": _number(low), "max": None if high is None else _number(high)},
        "candidateCount": len(choice.ranked),
        "reason": _pick_reason(decision, best),
        "category": choice.features.category,
        **_evidence_payload(best, choice),
        "runnersUp": [_runner_up_payload(item) for item in choice.ranked[1 : RUNNERS_UP_SHOWN + 1]],
        **told_trial(decision.trial),
        "decisionId": decision.decision_id,
    }


def recommend_payload(decision: Decision, task_raw: str) -> dict[str, Any]:
    """The models of a decision in the order of recommendation, with what was considered."""
    choice = decision.choice
    chosen = select(choice.ranked, len(decision.chosen))
    meta: dict[str, Any] = {
        "task": choice.features.category,
        "taskRaw": task_raw,
        "budget": choice.limits.budget,
        "candidatesConsidered": len(choice.ranked),
        "removed": [removal_payload(item) for item in choice.removals],
        "decisionId": decision.decision_id,
    }
    if choice.features.context_tags:
        meta["contextTags"] = list(choice.features.context_tags)
    snapshot = snapshot_of(decision.catalog_revision) if chosen else EMPTY_SNAPSHOT
    return {"data": [_recommended(item, choice, snapshot) for item in chosen], "meta": meta}


def route_payload(answer: RouteAnswer) -> dict[str, Any]:
    """Who does a task, and why."""
    candidate = answer.candidate
    return {
        "driverKind": answer.driver,
        "model": candidate.model_id,
        "modelName": candidate.name,
        "provider": candidate.provider,
        "rationale": answer.rationale,
        "tier": answer.tier,
        "inheritedTier": answer.inherited_tier or None,
        "confirmationRequired": answer.is_confirmation_required,
        "confirmationReason": answer.confirmation_reason,
        "classification": classification_payload(answer.classification),
        "score": candidate.score,
        "pricing": pricing_payload(candidate),
        "reasons": list(candidate.reasons),
        "runnersUp": [_runner_up_payload(item) for item in answer.runners_up],
        "session": {"id": answer.session_id, "locked": answer.is_locked, "overridden": answer.is_overridden}
        if answer.session_id
        else None,
        "policyVersion": answer.rules_version,
        "decisionId": answer.decision_id,
    }


def replay_payload(again: Replay) -> dict[str, Any]:
    """A decision made again: with its choice, or with that of each part."""
    payload: dict[str, Any] = {
        "decisionId": again.decision_id,
        "chosenThen": list(again.chosen_then) or None,
        "chosenNow": list(again.chosen_now),
        "same": again.is_same,
    }
    if again.choice is None:
        return payload | {"parts": [_part_replay_payload(part) for part in again.parts]}
    choice = again.choice
    return payload | {
        "category": choice.features.category,
        "budget": choice.limits.budget,
        "reason": choice.reason,
        "candidateCount": len(choice.ranked),
        "runnersUp": [_runner_up_payload(item) for item in choice.ranked[1 : RUNNERS_UP_SHOWN + 1]],
        "removed": [removal_payload(item) for item in choice.removals],
        **told_trial(again.trial),
    }


def _part_replay_payload(part: PartReplay) -> dict[str, Any]:
    return {
        "part": part.number,
        "task": part.text,
        "category": part.category,
        "budget": part.budget,
        "then": part.then or None,
        "now": part.now or None,
        "same": part.is_same,
    }


def _recommended(candidate: RankedCandidate, choice: Choice, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "model": encoded_model(snapshot, candidate.model_id),
        "reason": _recommend_reason(candidate, choice),
        "score": candidate.score,
        **_evidence_payload(candidate, choice),
    }


def _evidence_payload(candidate: RankedCandidate, choice: Choice) -> dict[str, Any]:
    return {
        "confidence": confidence_of(candidate, choice, CURRENT_POLICY),
        "interval": [round(candidate.lower, 1), round(candidate.upper, 1)],
        "coverage": round(candidate.coverage_share, 2),
        "parts": [part_payload(part) for part in candidate.parts],
        "reasons": list(candidate.reasons),
    }


def part_payload(part: BlendPart) -> dict[str, Any]:
    """One part of a blended score, with the weight that it earned."""
    return {
        "evidence": part.evidence,
        "value": round(part.value, 2),
        "weight": round(part.weight_share, 4),
        "samples": round(part.sample_count, 2),
        "detail": part.detail,
    }


def removal_payload(removal: Removal) -> dict[str, Any]:
    """A filter and what it took out."""
    return {
        "filter": removal.filter,
        "reason": removal.reason,
        "count": removal.count,
        "examples": list(removal.examples),
    }


def classification_payload(classification: Classification) -> dict[str, Any]:
    """What the classifier said, with its confidences."""
    heads = {
        "category": classification.category,
        "taskType": classification.task_type,
        "complexity": classification.complexity,
        "risk": classification.risk,
    }
    return {
        **{name: _label_payload(label) for name, label in heads.items()},
        "subDimensions": {name: round(value, 4) for name, value in classification.sub_dimensions.items()},
        "engine": classification.engine,
        "isFallback": classification.is_fallback,
    }


def pricing_payload(candidate: RankedCandidate) -> dict[str, float | None]:
    """Prices in USD per million tokens."""
    return {
        "prompt": _money(candidate.prompt_usd_per_mtok),
        "completion": _money(candidate.completion_usd_per_mtok),
    }


def _label_payload(label: Label) -> dict[str, Any]:
    return {
        "label": label.value,
        "confidence": round(label.confidence_prob, 4),
        "probabilities": {name: round(value, 4) for name, value in label.probs.items()},
    }


def _runner_up_payload(candidate: RankedCandidate) -> dict[str, Any]:
    return {
        "id": candidate.model_id,
        "name": candidate.name,
        "provider": candidate.provider,
        "score": candidate.score,
        "pricing": pricing_payload(candidate),
    }


def _pick_reason(decision: Decision, best: RankedCandidate) -> str:
    if decision.trial is not None and decision.trial.is_tried:
        return decision.choice.reason  # it is not the best one, and says so
    return best_reason(decision.choice.features.category, decision.choice.limits.budget, best)


def best_reason(category: Category, budget: Budget, best: RankedCandidate, *, tells_personal: bool = True) -> str:
    """Why a model was taken, in the ancestor's sentence; its steps and parts leave the personal rate out."""
    low, high = BUDGET_RANGES_USD_PER_MTOK[budget]
    prices = f"${_number(low)}-{'Infinity' if high is None else _number(high)}/M"
    told = f"Best {category} model at {budget} budget ({prices}) — score: {_text(best.score)}"
    if tells_personal and best.personal_share is not None:
        told += f" (personal: {round(100 * best.personal_share)}%)"
    if best.context_boost > 0:
        told += f" (context boost: +{_text(best.context_boost)})"
    return told


def _recommend_reason(candidate: RankedCandidate, choice: Choice) -> str:
    category, budget = choice.features.category, choice.limits.budget
    score = candidate.benchmark_score
    word = "Top" if score >= _TOP_SCORE else "Strong" if score >= _STRONG_SCORE else "Available"
    told = f"{word} {category} model at {budget} budget"
    if candidate.is_fast:
        told += " (fast)"
    if candidate.source_count > 1:
        told += f" ({candidate.source_count} benchmark sources)"
    return told


def _text(value: float) -> str:
    """A number as clients print it: whole ones without a point."""
    return str(int(value)) if value == int(value) else repr(value)


def _number(value: Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)


def _money(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
