"""The use cases of taking a task apart: the rules of this folder, with models chosen as everywhere else."""

from __future__ import annotations

from catalog.shapes import Budget
from routing.classifier import classify
from routing.decompose.assemble import assemble_steps, assemble_swarm
from routing.decompose.categories import settle_category
from routing.decompose.shapes import Choose, DecomposeRequest, Steps, Swarm
from routing.features import extract
from routing.ground import choose_on, find_ground
from routing.limits import limits_for
from routing.shapes import Choice, TaskRequest
from smartspawn.access.shapes import Actor


def decompose(*, request: DecomposeRequest, actor: Actor) -> Steps:
    """The task's parts in order, a model for each. Raises InvalidParam for too many parts."""
    return assemble_steps(request, _chooser(request, actor))


def swarm(*, request: DecomposeRequest, actor: Actor) -> Swarm:
    """The task's parts as a graph in waves, a model for each. Raises InvalidParam for too many parts."""
    return assemble_swarm(request, _chooser(request, actor))


def _chooser(request: DecomposeRequest, actor: Actor) -> Choose:
    """Choosing on one ground, so that all parts are compared by the same data and limits."""
    ground = find_ground(actor)

    def choose(text: str, budget: Budget) -> Choice:
        task = TaskRequest(task=text, budget=budget, context_tags=request.context_tags)
        features = settle_category(extract(task, classify))
        return choose_on(ground, features, limits_for(task, ground.limits), task.preference)

    return choose
