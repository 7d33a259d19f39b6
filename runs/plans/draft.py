"""A plan in the making: what a mode hands to the options and to the finish. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from runs.plans.desk import Desk
from runs.shapes import NodeSpec, Purpose, RunRequest


@dataclass(frozen=True, slots=True)
class Draft:
    """Nodes with who answers at the end, before options are added and waves are counted."""

    nodes: tuple[NodeSpec, ...]
    final: str  # "": the outputs of all tasks are the answer
    summary: str
    task: str = ""  # what the final answer is to do, for judges and critics
    notes: tuple[str, ...] = ()

    def by_key(self) -> Mapping[str, NodeSpec]:
        """The nodes by their keys; make it once for many look-ups."""
        return {node.key: node for node in self.nodes}

    def with_notes(self, *notes: str) -> Draft:
        """The same with these notes added, each once."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *(note for note in notes if note)))))


# One mode's planning: its nodes, without options.
Planner = Callable[[RunRequest, Desk], Draft]

# Nodes that do the work which was asked for; the others judge it, prepare it or put it together.
WORK: frozenset[Purpose] = frozenset({Purpose.TASK, Purpose.STEP, Purpose.ESCALATION, Purpose.STAGE})
