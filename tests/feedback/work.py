"""Finished work, for tests of what is said of it."""

from __future__ import annotations

from typing import Any

from feedback.models import LessonRow
from runs.models import Run
from runs.shapes import NodeStatus, RunStatus
from smartspawn.access.models import User
from tests.runs.rows import make_node, make_run


def finished(user: User, *, models: tuple[str, ...] = ("openai/big",), **fields: Any) -> Run:
    """A completed run on coding in which each of these models did one task."""
    run = make_run(user, **{"status": RunStatus.COMPLETED, "category": "coding", **fields})
    for place, model_id in enumerate(models, 1):
        make_node(run, f"task-{place}", NodeStatus.COMPLETED, model_id=model_id)
    return run


def lessons() -> dict[str, tuple[float, float]]:
    """Worth and weight of all lessons there are, by model."""
    return {row.model_id: (row.worth_share, round(row.weight_share, 6)) for row in LessonRow.objects.all()}
