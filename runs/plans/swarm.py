"""A task as a graph of parts: each starts the moment what it needs is there. Pure."""

from __future__ import annotations

from runs.plans.desk import Desk
from runs.plans.draft import Draft
from runs.plans.finish import count_waves
from runs.plans.nodes import Bench
from runs.plans.single import plan as plan_single
from runs.plans.steps import close, part_node, who
from runs.shapes import RunRequest


def plan(request: RunRequest, desk: Desk) -> Draft:
    """The parts with their dependencies, then one whole out of their results. Raises NoModel or InvalidParam."""
    swarm = desk.swarm(request.task, request.budget)
    steps = swarm.steps
    if not steps.subtasks:
        return plan_single(request, desk).with_notes(f"Planned as single: {steps.split.reason}")
    bench = Bench.of(request, desk)
    awaited: dict[int, list[str]] = {}
    for edge in swarm.graph.edges:
        awaited.setdefault(edge.after, []).append(f"swarm-{edge.before + 1}")
    parts = tuple(
        part_node(bench, steps, place, key=f"swarm-{place + 1}", depends_on=awaited.get(place, ()))
        for place in range(len(steps.subtasks))
    )
    merge = close(bench, parts)
    waves = max(count_waves(parts).values()) + 1
    summary = f"{len(parts)} parts in {waves} wave{'s' * (waves > 1)}, {who(merge)} puts them together"
    return Draft((*parts, merge), "merge", summary, task=request.task).with_notes(
        *bench.role.warnings, swarm.graph.warning
    )
