"""A cheap model first; a judge of another family decides whether a stronger one must do it again. Pure.

A cheap answer that passes is the answer: nothing merges it with anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from catalog.shapes import Budget
from runs.plans.desk import Chosen, Desk, family_of
from runs.plans.draft import Draft
from runs.plans.judging import aside_note, families_aside
from runs.plans.nodes import Bench, ask_for, choose, judge_node, named_model, transform_node, work_node
from runs.plans.single import plan as plan_single
from runs.shapes import Feed, Gate, GateKind, ModelChoice, NodeSpec, Purpose, RunRequest
from runs.texts.transforms import Rule
from runs.texts.wording import escalation_prompt, work_prompt

# Where to look for a stronger model, in this order: the budget that was asked for, then above it where the
# cheap model is the best there.
_LADDER: Final[Mapping[Budget, tuple[Budget, ...]]] = {
    Budget.LOW: (Budget.LOW, Budget.MEDIUM),
    Budget.MEDIUM: (Budget.MEDIUM, Budget.HIGH),
    Budget.HIGH: (Budget.HIGH, Budget.ANY),
    Budget.ANY: (Budget.ANY,),
}
# A judge as dear as the escalation would save nothing.
_JUDGE_BUDGET: Final[Mapping[Budget, Budget]] = {
    Budget.LOW: Budget.LOW,
    Budget.MEDIUM: Budget.LOW,
    Budget.HIGH: Budget.MEDIUM,
    Budget.ANY: Budget.MEDIUM,
}
# Scores are uncertain by some points: a lead of less than this is no reason to pay for a second answer.
STRONGER_BY_POINTS: Final = 2.0
_LOOKED_AT: Final = 5


def plan(request: RunRequest, desk: Desk) -> Draft:
    """Cheap answer, judge, and a stronger model behind a gate. Raises NoModel."""
    bench = Bench.of(request, desk)
    cheap = _cheap(bench)
    strong = _stronger(bench, cheap.models[0])
    if strong is None:
        note = f"No model that can be reached is clearly stronger than {cheap.models[0].model_id}: planned as single."
        return plan_single(replace(request, budget=Budget.LOW), desk).with_notes(note)
    judge, judge_note = _judge(bench, cheap.models[0])
    nodes = _nodes(bench, cheap, strong, judge)
    summary = (
        f"{cheap.models[0].model_id} answers; below {request.judge_threshold:g} of 10 from {judge.model_id}, "
        f"{strong.models[0].model_id} answers again"
    )
    return Draft(nodes, "answer", summary, task=request.task).with_notes(*bench.role.warnings, judge_note)


def _nodes(bench: Bench, cheap: Chosen, strong: Chosen, judge: ModelChoice) -> tuple[NodeSpec, ...]:
    request = bench.request
    first = work_node(
        bench,
        "cheap",
        request.task,
        cheap.models[0],
        fallbacks=cheap.spares,
        title=f"First answer: {cheap.models[0].model_id}",
    )
    verdict = judge_node(bench, "judge", "cheap", request.task, judge)
    again = work_node(
        bench,
        "premium",
        request.task,
        strong.models[0],
        purpose=Purpose.ESCALATION,
        title=f"Escalation: {strong.models[0].model_id}",
        prompt=escalation_prompt(work_prompt(request.task, request.context)),
        depends_on=("cheap", "judge"),
        feed=Feed.CONTEXT,
        least_inputs=0,  # it also runs when the cheap model or the judge failed
        gate=Gate(GateKind.FAILED_OR_BELOW, "judge", request.judge_threshold),
        fallbacks=strong.spares,
    )
    answer = transform_node("answer", Rule.LATEST, ("cheap", "premium"), "Answer")
    return (first, verdict, again, answer)


def _cheap(bench: Bench) -> Chosen:
    """The best of the cheapest tier, whoever was asked for by name: that one is for the escalation."""
    named = frozenset({bench.request.model} if bench.request.model else ())
    ask = ask_for(bench, bench.request.task, budget=Budget.LOW, exclude=bench.request.exclude | named)
    found = bench.desk.choose(ask)
    # Where nothing is that cheap, the best at the given budget goes first.
    return found if found.models else choose(bench, ask_for(bench, bench.request.task))


def _stronger(bench: Bench, cheap: ModelChoice) -> Chosen | None:
    """The best model that is clearly stronger than the cheap one, and stand-ins that are, too."""
    request = bench.request
    if request.model:
        return Chosen((named_model(bench.desk, request.model),))
    for budget in _LADDER[request.budget]:
        ask = ask_for(bench, request.task, budget=budget, exclude=request.exclude | {cheap.model_id}, count=_LOOKED_AT)
        stronger = [model for model in bench.desk.choose(ask).models if is_stronger(model, cheap)]
        if stronger:
            stronger.sort(key=lambda model: -(model.score or 0.0))
            return Chosen((stronger[0],), tuple(stronger[1:3]))
    return None


def is_stronger(model: ModelChoice, other: ModelChoice) -> bool:
    """Whether the first is better at this work by more than scores are uncertain; unmeasured ones are not."""
    if model.score is None or model.model_id == other.model_id:
        return False
    return other.score is None or model.score >= other.score + STRONGER_BY_POINTS


def _judge(bench: Bench, judged: ModelChoice) -> tuple[ModelChoice, str]:
    """A judge of another family than the model it judges, or else the next best, with a note."""
    request = bench.request
    if request.judge_model:
        model = named_model(bench.desk, request.judge_model, "judge.model")
        same = family_of(model.model_id) == family_of(judged.model_id)
        return model, f"{model.model_id} judges a model of its own family and may be lenient." if same else ""
    family = frozenset({family_of(judged.model_id)})
    aside = families_aside(bench.desk)
    for excluded in dict.fromkeys((family.union(aside), family)):
        for budget in (_JUDGE_BUDGET[request.budget], request.budget):
            found = bench.desk.choose(ask_for(bench, request.task, budget=budget, exclude_providers=excluded))
            if found.models:
                return found.models[0], aside_note(bench.desk, found.models[0])
    return judged, "No model of another family can be reached: the cheap model judges itself and may be lenient."
