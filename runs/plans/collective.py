"""Several models do the same task, and one makes the best answer of theirs. Pure."""

from __future__ import annotations

from runs.plans.desk import Desk, family_of
from runs.plans.draft import Draft
from runs.plans.nodes import Bench, answer_merge_prompt, ask_for, choose, choose_merger, merge_node, work_node
from runs.plans.single import plan as plan_single
from runs.shapes import MergeStyle, ModelChoice, RunRequest
from runs.texts.prompts import LETTERS

LEAST_MODELS = 2
MOST_MODELS = 5


def plan(request: RunRequest, desk: Desk) -> Draft:
    """Two to five models of different providers side by side, then a merge. Raises NoModel."""
    bench = Bench.of(request, desk)
    count = min(max(request.collective_count, LEAST_MODELS), MOST_MODELS)
    chosen = choose(bench, ask_for(bench, request.task, count=count))
    if len(chosen.models) < LEAST_MODELS:
        note = f"Only {chosen.models[0].model_id} fits and can be reached: planned as single."
        return plan_single(request, desk).with_notes(note)
    workers = tuple(
        work_node(
            bench, f"task-{number}", request.task, model, title=f"Answer {LETTERS[number - 1]}: {_name(model, bench)}"
        )
        for number, model in enumerate(chosen.models, 1)
    )
    merger = choose_merger(bench, request.task, chosen.models[0])
    prompt = answer_merge_prompt(bench, request.task, MergeStyle.DETAILED)
    merge = merge_node(bench, "merge", [worker.key for worker in workers], prompt, merger)
    summary = f"{len(workers)} models answer, {merger.models[0].model_id} merges"
    return Draft((*workers, merge), "merge", summary, task=request.task).with_notes(
        *bench.role.warnings, *_notes(chosen.models, count)
    )


def _name(model: ModelChoice, bench: Bench) -> str:
    return model.model_id or bench.request.driver


def _notes(models: tuple[ModelChoice, ...], count: int) -> list[str]:
    notes = []
    if len(models) < count:
        notes.append(f"{count} models were asked for, {len(models)} fit and can be reached.")
    if len({family_of(model.model_id) for model in models}) == 1:
        notes.append("All answers come from one provider's models: they will share their errors.")
    return notes
