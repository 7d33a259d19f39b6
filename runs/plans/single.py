"""One model does the task. Pure."""

from __future__ import annotations

from runs.plans.desk import Desk
from runs.plans.draft import Draft
from runs.plans.nodes import Bench, ask_for, choose, work_node
from runs.shapes import RunRequest


def plan(request: RunRequest, desk: Desk) -> Draft:
    """The task as one node, with others that could stand in. Raises NoModel."""
    bench = Bench.of(request, desk)
    chosen = choose(bench, ask_for(bench, request.task, may_try_others=True))
    node = work_node(bench, "task", request.task, chosen.models[0], fallbacks=chosen.spares)
    who = chosen.models[0].model_id or request.driver
    return Draft((node,), "task", f"{who} answers", task=request.task).with_notes(*bench.role.warnings)
