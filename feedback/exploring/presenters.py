"""What trying others brought, as the JSON of the API."""

from __future__ import annotations

from typing import Any

from catalog.presenters import iso
from feedback.exploring.queries import Results
from feedback.exploring.shapes import Cell, Mean, Side
from runs.money import NANO_PER_USD

_DIGITS = 4


def results_payload(found: Results) -> dict[str, Any]:
    """The whole: counts, cells, and the picks themselves."""
    return {
        "eligiblePicks": found.account.eligible_count,
        "triedPicks": found.account.tried_count,
        "ratedPicks": len(found.rated_ids),
        "expectedExtraUsd": found.expected_extra_nano_usd / NANO_PER_USD,
        "cells": [_cell_payload(cell) for cell in found.cells],
        "picks": [
            {
                "decisionId": str(pick.decision_id),
                "at": iso(pick.made_at),
                "kind": pick.kind,
                "category": pick.category.value,
                "tried": pick.model_id,
                "leader": pick.leader_id,
                "behindPoints": pick.behind_points,
                "expectedExtraUsd": float(pick.extra_usd),
                "rated": pick.decision_id in found.rated_ids,
            }
            for pick in found.picks
        ],
        "cut": found.is_cut,
    }


def _cell_payload(cell: Cell) -> dict[str, Any]:
    difference = cell.difference
    return {
        "category": cell.category.value,
        "picks": cell.pick_count,
        "since": iso(cell.first_at),
        "expectedExtraUsd": cell.expected_extra_nano_usd / NANO_PER_USD,
        "tried": {"model": cell.model_id, **_side_payload(cell.tried)},
        "leader": {"model": cell.leader_id, **_side_payload(cell.leader)},
        "difference": _interval(difference.value, difference.lower, difference.upper) if difference else None,
    }


def _side_payload(side: Side) -> dict[str, Any]:
    belief = side.belief
    return {
        "ratings": side.rating_count,
        "accepted": _interval(belief.mean, belief.lower, belief.upper) if belief else None,
        "costUsd": _cost_payload(side.cost),
    }


def _cost_payload(cost: Mean | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    bounds = [None if bound is None else bound / NANO_PER_USD for bound in (cost.lower, cost.upper)]
    return {"mean": cost.value / NANO_PER_USD, "lower": bounds[0], "upper": bounds[1], "measured": cost.count}


def _interval(value: float, lower: float, upper: float) -> dict[str, float]:
    return {"expected": round(value, _DIGITS), "lower": round(lower, _DIGITS), "upper": round(upper, _DIGITS)}
