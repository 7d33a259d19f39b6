"""What one's tried picks brought, read: the picks, what was said since, and what was paid."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from catalog.shapes import Category
from feedback.exploring.results import make_cells
from feedback.exploring.shapes import Cell, Heard, Paid
from feedback.models import LessonRow
from routing.exploring.accounts import find_account
from routing.exploring.queries import list_explored
from routing.exploring.shapes import Account, Explored
from runs.models import LedgerEntry
from smartspawn.access.shapes import Actor

# The newest of each are looked at: at a tenth of the picks this is ten thousand picks, or some months of much work.
PICKS_LOOKED_AT: Final = 1_000
_LESSONS_LOOKED_AT: Final = 20_000
_LINES_LOOKED_AT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Results:
    """What trying others brought one person."""

    account: Account
    picks: tuple[Explored, ...]  # newest first
    cells: tuple[Cell, ...]
    rated_ids: frozenset[UUID]  # of the picks whose work was rated
    is_cut: bool = False  # older picks there are, too

    @property
    def expected_extra_nano_usd(self) -> int:
        """What all of these picks were expected to cost beyond their leaders."""
        return sum(pick.extra_nano_usd for pick in self.picks)


def what_it_brought(actor: Actor) -> Results:
    """This person's results; nothing for nobody in particular."""
    if actor.user_id is None:
        return Results(Account(), (), (), frozenset())
    account = find_account(actor.user_id)
    found = list_explored(actor.user_id, most=PICKS_LOOKED_AT + 1)
    picks = found[:PICKS_LOOKED_AT]
    if not picks:
        return Results(account, (), (), frozenset())
    heard = _heard(actor.user_id, picks)
    cells = make_cells(picks, heard, _paid(actor.user_id, picks))
    rated = frozenset(item.trial_id for item in heard if item.trial_id is not None)
    return Results(account, picks, cells, rated, is_cut=len(found) > PICKS_LOOKED_AT)


def _heard(user_id: int, picks: Collection[Explored]) -> tuple[Heard, ...]:
    """What this person said since the first of the picks of the models in them."""
    rows = LessonRow.objects.filter(
        user_id=user_id,
        at__gte=_first(picks),
        category__in={pick.category for pick in picks},
        model_id__in=_models(picks),
    ).order_by("-at")
    fields = ("model_id", "category", "worth_share", "weight_share", "at", "tried_by")
    return tuple(
        Heard(model_id, Category(category), worth, weight, at, trial_id)
        for model_id, category, worth, weight, at, trial_id in rows.values_list(*fields)[:_LESSONS_LOOKED_AT]
    )


def _paid(user_id: int, picks: Collection[Explored]) -> tuple[Paid, ...]:
    """What each decision since the first of the picks cost, as far as it took one of their models."""
    rows = (
        LedgerEntry.objects.filter(
            user_id=user_id,
            at__gte=_first(picks),
            is_simulated=False,
            category__in={pick.category for pick in picks},
            model_id__in=_models(picks),
        )
        .exclude(decision_id="")
        .order_by("-at", "-id")
    )
    lines = rows.values_list("decision_id", "model_id", "category", "cost_nano_usd", "at")[:_LINES_LOOKED_AT]
    return tuple(_by_decision(lines, {str(pick.decision_id): pick.decision_id for pick in picks}))


def _by_decision(lines: Iterable[tuple[str, str, str, int, datetime]], trials: Mapping[str, UUID]) -> Iterable[Paid]:
    sums: dict[tuple[str, str, str], tuple[int, datetime]] = {}
    for decision_id, model_id, category, cost, at in lines:
        place = (decision_id, model_id, category)
        sums[place] = (sums.get(place, (0, at))[0] + cost, at)
    for (decision_id, model_id, category), (cost, at) in sums.items():
        yield Paid(model_id, category, cost, at, trials.get(decision_id))


def _first(picks: Collection[Explored]) -> datetime:
    return min(pick.made_at for pick in picks)


def _models(picks: Collection[Explored]) -> set[str]:
    return {pick.model_id for pick in picks} | {pick.leader_id for pick in picks}
