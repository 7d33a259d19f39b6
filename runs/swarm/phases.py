"""The phases in which Swarm's clients think: a research's steps, a chain's stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runs.models import Node
from runs.shapes import Purpose

_RESEARCH_PHASES: Final = {Purpose.SEARCH: "Search", Purpose.FETCH: "Fetch", Purpose.TASK: "Analyze"}


@dataclass(frozen=True, slots=True)
class Phase:
    """Nodes that belong together, in the order of the plan."""

    index: int
    name: str
    keys: tuple[str, ...]
    mode: str = ""
    perspective: str = ""


def phases_of(nodes: Sequence[Node]) -> tuple[Phase, ...]:
    """The phases of a run's nodes; nodes that belong to none (judges, transforms) are left out."""
    grouped: dict[str, list[Node]] = {}
    for node in nodes:
        name = _name_of(node)
        if name:
            grouped.setdefault(name, []).append(node)
    return tuple(_phase(index, name, members) for index, (name, members) in enumerate(grouped.items()))


def _name_of(node: Node) -> str:
    stage = node.spec["params"].get("stage")
    if isinstance(stage, str) and stage:
        return stage
    return _RESEARCH_PHASES.get(Purpose(node.purpose), "")


def _phase(index: int, name: str, members: Sequence[Node]) -> Phase:
    params = members[0].spec["params"]
    perspectives = dict.fromkeys(str(member.spec["params"].get("perspective") or "") for member in members)
    return Phase(
        index=index,
        name=name,
        keys=tuple(member.key for member in members),
        mode=str(params.get("mode") or "single"),
        perspective=", ".join(word for word in perspectives if word),
    )
