"""Picks that tried another model, read by those who look at what came of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from catalog.shapes import Category
from routing.exploring.shapes import Explored
from routing.models import ExploredPick


def list_explored(user_id: int, *, most: int) -> tuple[Explored, ...]:
    """This person's picks that tried another model, newest first."""
    rows = ExploredPick.objects.filter(user_id=user_id).order_by("-made_at", "-pk")[:most]
    return tuple(
        Explored(
            decision_id=row.pk,
            made_at=row.made_at,
            kind=row.kind,
            category=Category(row.category),
            model_id=row.model_id,
            leader_id=row.leader_id,
            behind_points=row.behind_points,
            extra_nano_usd=row.extra_nano_usd,
        )
        for row in rows
    )


def tried_models(decision_ids: Collection[uuid.UUID], user_id: int) -> Mapping[str, uuid.UUID]:
    """Of these decisions of this person the models that were taken in order to learn, each with its decision."""
    rows = ExploredPick.objects.filter(pk__in=decision_ids, user_id=user_id)
    return dict(rows.values_list("model_id", "pk"))
