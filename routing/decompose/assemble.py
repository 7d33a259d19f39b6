"""From a split text to steps and to a graph, with a choice of models handed in."""

from __future__ import annotations

from typing import Final

from routing.decompose.budgets import step_budget
from routing.decompose.cost import estimate_cost
from routing.decompose.graph import build_graph
from routing.decompose.personas import persona_for
from routing.decompose.shapes import Choose, DecomposeRequest, Steps, Subtask, Swarm
from routing.decompose.split import split_task
from routing.decompose.topics import describe
from routing.decompose.waves import plan_waves
from routing.policy import no_model_message
from routing.shapes import Choice

# Of all parts together so much is classified, which takes about a quarter of a second; of each part at least its
# beginning. Few parts are read whole; of long texts, 98 in 100 are of the same kind by their first 400 characters.
READ_CHARS: Final = 20_000
LEAST_READ_CHARS: Final = 400


def assemble_steps(request: DecomposeRequest, choose: Choose) -> Steps:
    """The parts with a model each; none where the task is one piece of work."""
    split = split_task(request.task)
    read_chars = read_chars_of(len(split.parts))
    choices = choose([(part[:read_chars], step_budget(part, request.budget)) for part in split.parts])
    return Steps(request, split, tuple(map(_subtask, split.parts, choices)))


def assemble_swarm(request: DecomposeRequest, choose: Choose) -> Swarm:
    """The parts as a graph in waves, with a cost interval."""
    steps = assemble_steps(request, choose)
    count = len(steps.subtasks)
    graph = build_graph([describe(part) for part in steps.split.parts], steps.split.kind)
    waves = plan_waves(count, graph.edges, request.max_parallel)
    return Swarm(steps, graph, waves, estimate_cost(steps.subtasks))


def read_chars_of(part_count: int) -> int:
    """How much of each part is looked at to tell its kind of work."""
    return max(READ_CHARS // max(part_count, 1), LEAST_READ_CHARS)


def _subtask(text: str, choice: Choice) -> Subtask:
    category = choice.features.category
    best = choice.ranked[0] if choice.ranked else None
    return Subtask(
        text=text,
        category=category,
        budget=choice.limits.budget,
        persona=persona_for(text, category),
        model=best,
        reason=choice.reason if best else no_model_message(choice),
        confidence_prob=choice.features.classification.category.confidence_prob,
        candidate_count=len(choice.ranked),
        engine=choice.features.classification.engine,
    )
