"""Trying others on the wire."""

from __future__ import annotations

from datetime import date
from typing import Any

from routing.exploring.shapes import Account, Draw, Terms, Trial, usd
from routing.time_machine import TASK_TOKENS


def told_trial(trial: Trial | None) -> dict[str, Any]:
    """The field beside an answer whose model was tried in the leader's place; none beside any other."""
    return {"exploration": trial_payload(trial)} if trial is not None and trial.is_tried else {}


def trial_payload(trial: Trial) -> dict[str, Any]:
    """What was drawn, with all that it takes to draw it again."""
    return {
        "tried": trial.drawn_id,
        "leader": trial.leader_id,
        "behindPoints": trial.behind_points,
        "expectedExtraUsd": float(trial.extra_usd),
        "taskTokens": TASK_TOKENS,
        "sharePercent": trial.terms.share_percent,
        "seed": trial.seed,
        "draws": [_draw_payload(draw) for draw in trial.draws],
    }


def terms_payload(terms: Terms) -> dict[str, Any]:
    """How far others may be tried."""
    return {
        "on": terms.is_on,
        "sharePercent": terms.share_percent,
        "maxExtraUsdPerPick": float(terms.extra_pick_usd),
        "maxExtraUsdPerDay": float(terms.extra_day_usd),
    }


def account_payload(account: Account, *, today: date) -> dict[str, Any]:
    """What was tried so far."""
    return {
        "eligiblePicks": account.eligible_count,
        "triedPicks": account.tried_count,
        "expectedExtraUsdToday": float(usd(account.extra_on(today))),
    }


def _draw_payload(draw: Draw) -> dict[str, Any]:
    return {"model": draw.model_id, "expected": draw.expected, "drawn": draw.drawn, "ratings": draw.rating_count}
