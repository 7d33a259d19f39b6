"""Kept decisions as they were asked for, so that they can be asked again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from catalog.shapes import Budget
from routing.models import StoredDecision
from routing.page_queries import read_basis
from routing.time_machine import PastDecision, PastRoute
from smartspawn.access.shapes import Actor

FEWEST: Final = 20
DEFAULT_COUNT: Final = 100
MOST: Final = 500
# Those that choose one task's model; a split task's parts are chosen as picks are.
KINDS: Final = ("pick", "recommend", "route", "run", "chat")


def list_past(*, actor: Actor, count: int) -> tuple[PastDecision, ...]:
    """The newest decisions that this person may see, newest first; what cannot be read is left out."""
    rows = StoredDecision.objects.filter(kind__in=KINDS)
    if "catalog:admin" not in actor.scopes:
        rows = rows.filter(user_id=actor.user_id)
    newest = rows.order_by("-made_at", "-id")[: min(max(count, FEWEST), MOST)]
    return tuple(past for row in newest for past in _to_past(row))


def _to_past(row: StoredDecision) -> Iterator[PastDecision]:
    basis = read_basis(row)
    if basis is None:  # of a release of another shape
        return
    route = _to_route(row.outcome) if row.kind == "route" else None
    asked = row.outcome.get("asked_budget") if route else basis.limits.budget
    yield PastDecision(
        decision_id=str(row.pk),
        made_at=row.made_at,
        kind=row.kind,
        task=row.task,
        features=basis.features,
        budget=Budget(asked) if asked else None,
        exclude=basis.limits.exclude,
        count=basis.count,
        preference=basis.preference if route is None else None,
        user_id=row.user_id,
        key_id=row.key_id,
        chosen_then=tuple(row.chosen),
        route=route,
    )


def _to_route(outcome: dict[str, Any]) -> PastRoute:
    return PastRoute(
        files=tuple(outcome.get("files", ())),
        stack=tuple(outcome.get("stack", ())),
        drivers=tuple(outcome.get("drivers", ())),
        inherited_tier=outcome.get("inherited_tier", ""),
    )
