"""A task of several parts, as the playground draws and lists it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from routing.charts import draw_swarm
from routing.decompose.decide import swarm
from routing.decompose.shapes import DecomposeRequest, Subtask, Swarm
from routing.shapes import TaskRequest
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part in the list; parts and waves count from 1."""

    number: int
    subtask: Subtask
    wave: int  # 0 where the parts are steps without a graph
    waits_for: tuple[int, ...]


def parts_of(wanted: TaskRequest, actor: Actor) -> dict[str, Any]:
    """What the template of the parts needs; nothing for one piece of work, a word for too many."""
    request = DecomposeRequest(wanted.task, wanted.budget, context_tags=wanted.context_tags)
    try:
        found = swarm(request=request, actor=actor, is_stored=False)
    except InvalidParam as refusal:  # the task as a whole can be given to a model all the same
        return {"parts_refusal": refusal.message}
    if not found.steps.subtasks:
        return {}
    return {"swarm": found, "picture": draw_swarm(found), "parts": part_rows(found)}


def part_rows(found: Swarm) -> list[PartRow]:
    """The parts in the order of the text: what each waits for, and in which wave it starts."""
    wave_of = {place: number for number, wave in enumerate(found.waves, 1) for place in wave}
    return [
        PartRow(
            number=place + 1,
            subtask=subtask,
            wave=wave_of.get(place, 0),
            waits_for=tuple(edge.before + 1 for edge in found.graph.edges if edge.after == place),
        )
        for place, subtask in enumerate(found.steps.subtasks)
    ]
