"""What trying others brought: each tried model's record beside that of the leader it stood in for. Pure.

A cell is a kind of work, a tried model and a leader. The tried model is judged by what came of the tried picks alone;
the leader by its own work of this kind from the first of them on, so that both met the same tasks' times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Final

from catalog.shapes import Category
from feedback.exploring.shapes import Cell, Difference, Heard, Mean, Paid, Side
from feedback.posterior import posterior
from feedback.shapes import Posterior
from routing.exploring.shapes import Explored

# Eight of ten, as everywhere.
_Z: Final = 1.2816


def make_cells(picks: Sequence[Explored], heard: Sequence[Heard], paid: Sequence[Paid]) -> tuple[Cell, ...]:
    """The cells, those with most picks first."""
    by_place: dict[tuple[Category, str, str], list[Explored]] = {}
    for pick in picks:
        by_place.setdefault((pick.category, pick.model_id, pick.leader_id), []).append(pick)
    cells = [_cell(place, own, heard, paid) for place, own in by_place.items()]
    return tuple(sorted(cells, key=lambda cell: (-cell.pick_count, cell.category, cell.model_id, cell.leader_id)))


def compare(tried: Posterior, leader: Posterior) -> Difference:
    """The difference of two rates; its interval is recovered from theirs (Zou and Donner's way)."""
    value = tried.mean - leader.mean
    below = sqrt((tried.mean - tried.lower) ** 2 + (leader.upper - leader.mean) ** 2)
    above = sqrt((tried.upper - tried.mean) ** 2 + (leader.mean - leader.lower) ** 2)
    return Difference(value, max(value - below, -1.0), min(value + above, 1.0))


def mean_of(values: Sequence[float]) -> Mean | None:
    """The mean with its interval; None of nothing."""
    if not values:
        return None
    value = fmean(values)
    if len(values) < 2:
        return Mean(value, 1)
    half = _Z * stdev(values) / sqrt(len(values))
    return Mean(value, len(values), value - half, value + half)


def _cell(
    place: tuple[Category, str, str], picks: Sequence[Explored], heard: Sequence[Heard], paid: Sequence[Paid]
) -> Cell:
    category, model_id, leader_id = place
    first_at = min(pick.made_at for pick in picks)
    ids = {pick.decision_id for pick in picks}

    def is_tried(item: Heard | Paid) -> bool:
        return item.trial_id in ids and item.model_id == model_id

    def is_leader(item: Heard | Paid) -> bool:
        is_same_work = item.model_id == leader_id and item.category == category
        return is_same_work and item.trial_id is None and item.at >= first_at

    tried = _side(filter(is_tried, heard), filter(is_tried, paid))
    leader = _side(filter(is_leader, heard), filter(is_leader, paid))
    return Cell(
        category=category,
        model_id=model_id,
        leader_id=leader_id,
        pick_count=len(picks),
        first_at=first_at,
        expected_extra_nano_usd=sum(pick.extra_nano_usd for pick in picks),
        tried=tried,
        leader=leader,
        difference=compare(tried.belief, leader.belief) if tried.belief and leader.belief else None,
    )


def _side(heard: Iterable[Heard], paid: Iterable[Paid]) -> Side:
    ratings = list(heard)
    cost = mean_of([item.cost_nano_usd for item in paid])
    weight = sum(item.weight_share for item in ratings)
    if not weight:
        return Side(cost=cost)
    share = sum(item.worth_share * item.weight_share for item in ratings) / weight
    return Side(len(ratings), posterior(share, weight), cost)
