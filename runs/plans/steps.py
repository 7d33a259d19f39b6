"""A task in steps one after the other: each sees what the former ones brought. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from routing.decompose.shapes import SplitKind, Steps, Subtask
from runs.plans.desk import Chosen, Desk
from runs.plans.draft import Draft
from runs.plans.nodes import Bench, ask_for, choose, choose_merger, merge_node, work_node
from runs.plans.single import plan as plan_single
from runs.plans.sizes import shorten
from runs.shapes import Feed, NodeSpec, Purpose, RunRequest
from runs.texts.wording import step_prompt, synthesis_prompt, work_prompt

# "First do A, then B with it": what is wanted stands at the end. A list wants every one of its items.
_LAST_IS_ALL: Final = frozenset({SplitKind.SEQUENCED})


def plan(request: RunRequest, desk: Desk) -> Draft:
    """The task's steps in order, and what becomes of their results. Raises NoModel or InvalidParam."""
    steps = desk.split(request.task, request.budget)
    if not steps.subtasks:
        return plan_single(request, desk).with_notes(f"Planned as single: {steps.split.reason}")
    bench = Bench.of(request, desk)
    nodes = tuple(
        part_node(bench, steps, place, key=f"step-{place + 1}", depends_on=[f"step-{n + 1}" for n in range(place)])
        for place in range(len(steps.subtasks))
    )
    ends_itself = steps.split.kind in _LAST_IS_ALL and not (request.merge_style or request.merge_model)
    closing: tuple[NodeSpec, ...] = () if ends_itself else (close(bench, nodes),)
    summary = f"{len(nodes)} steps one after the other" + (
        "" if ends_itself else f", {who(closing[0])} puts them together"
    )
    return Draft((*nodes, *closing), (closing or nodes)[-1].key, summary, task=request.task).with_notes(
        *bench.role.warnings
    )


def part_node(bench: Bench, steps: Steps, place: int, *, key: str, depends_on: Sequence[str]) -> NodeSpec:
    """One part of a divided task as a node, by the model that fits this part."""
    subtask = steps.subtasks[place]
    chosen = _choose_for(bench, subtask)
    prompt = step_prompt(
        subtask.text,
        number=place + 1,
        count=len(steps.subtasks),
        whole=bench.request.task,
        preamble=steps.split.preamble,
    )
    return work_node(
        bench,
        key,
        subtask.text,
        chosen.models[0],
        purpose=Purpose.STEP,
        title=shorten(subtask.text),
        prompt=work_prompt(prompt, bench.request.context),
        system=bench.system_for(subtask.persona),
        depends_on=tuple(depends_on),
        feed=Feed.CONTEXT if depends_on else Feed.NONE,
        fallbacks=chosen.spares,
    )


def close(bench: Bench, parts: Sequence[NodeSpec]) -> NodeSpec:
    """A node that makes the finished whole out of the parts; it also runs when some of them failed."""
    last = parts[-1].model
    if last is None:
        raise ValueError(f"{parts[-1].key} has no model")
    merger = choose_merger(bench, bench.request.task, last)
    prompt = synthesis_prompt(work_prompt(bench.request.task, bench.request.context), bench.request.merge_style)
    return merge_node(bench, "merge", [part.key for part in parts], prompt, merger, feed=Feed.CONTEXT)


def who(node: NodeSpec) -> str:
    """The model of a node, for summaries."""
    return node.model.model_id if node.model else "a rule"


def _choose_for(bench: Bench, subtask: Subtask) -> Chosen:
    return choose(bench, ask_for(bench, subtask.text, budget=subtask.budget, is_part=True))
