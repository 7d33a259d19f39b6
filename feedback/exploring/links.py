"""Which decision a piece of work came of, as far as that decision took a model in order to learn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from feedback.models import Rating, Spawn
from routing.decisions import get_stored
from routing.exploring.queries import tried_models
from runs.models import Run
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam, NotFound


def check_decision(decision_id: UUID | None, actor: Actor) -> None:
    """Raise InvalidParam for a decision that this caller may not see, or that is none."""
    if decision_id is None:
        return
    try:
        get_stored(str(decision_id), actor=actor)
    except NotFound as missing:
        raise InvalidParam(f"decisionId: {missing.message}") from missing


def tried_in(rating: Rating, decision_id: UUID | None = None) -> Mapping[str, UUID]:
    """The models that did the rated work because they were tried, each with the decision that took it."""
    if rating.user_id is None:
        return {}
    ids = [decision_id] if decision_id else _decisions_of(rating)
    return tried_models(ids, rating.user_id) if ids else {}


def _decisions_of(rating: Rating) -> Collection[UUID]:
    if rating.run_id is not None:
        found = Run.objects.filter(pk=rating.run_id).values_list("decision_ids", flat=True).first()
        return [UUID(str(item)) for item in found or ()]
    if rating.spawn_id is None:
        return []
    kept = Spawn.objects.filter(pk=rating.spawn_id).values_list("decision_id", flat=True).first()
    return [kept] if kept else []
