"""Choices as they are answered over HTTP: the use case with its payload, whichever way a request came."""

from __future__ import annotations

from typing import Any

from routing.decide import pick, recommend
from routing.decompose.decide import decompose, swarm
from routing.decompose.presenters import steps_payload, swarm_payload
from routing.decompose.shapes import DecomposeRequest
from routing.presenters import pick_payload, recommend_payload
from routing.shapes import TaskRequest
from smartspawn.access.shapes import Actor


def answer_pick(wanted: TaskRequest, actor: Actor, *, is_stored: bool) -> dict[str, Any]:
    """The one model for a task."""
    return {"data": pick_payload(pick(request=wanted, actor=actor, is_stored=is_stored))}


def answer_recommend(wanted: TaskRequest, actor: Actor, *, is_stored: bool) -> dict[str, Any]:
    """The best few models for a task."""
    return recommend_payload(recommend(request=wanted, actor=actor, is_stored=is_stored), wanted.task)


def answer_decompose(wanted: DecomposeRequest, actor: Actor, *, is_stored: bool = True) -> dict[str, Any]:
    """A task in steps."""
    return steps_payload(decompose(request=wanted, actor=actor, is_stored=is_stored))


def answer_swarm(wanted: DecomposeRequest, actor: Actor, *, is_stored: bool = True) -> dict[str, Any]:
    """A task as a graph of parts."""
    return swarm_payload(swarm(request=wanted, actor=actor, is_stored=is_stored))
