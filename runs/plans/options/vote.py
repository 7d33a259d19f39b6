"""Vote: several answers to each task, and a judge takes the best. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runs.plans.draft import WORK, Draft
from runs.plans.nodes import Bench, transform_node, vote_node
from runs.plans.options.rewriting import OutsideJudge, as_part, grown_into, purpose_in_place, replace_nodes
from runs.shapes import ModelChoice, NodeKind, NodeSpec
from runs.texts.prompts import LETTERS
from runs.texts.transforms import Rule

LEAST_ANSWERS = 2
MOST_ANSWERS = 7
# Equal calls at temperature 0 give equal answers; models differ in what they do by themselves.
_SAME_EVERY_TIME = 0.0


def add_vote(draft: Draft, bench: Bench) -> Draft:
    """The draft with so many answers in the place of each piece of work."""
    count = bench.request.options.vote_count
    if count < LEAST_ANSWERS:
        return draft
    judges, grown = OutsideJudge(bench), grown_into(draft)
    # What others grow into waits for more than is known yet, and so cannot be doubled.
    voted = replace_nodes(draft, lambda node: None if node.key in grown else _voted(draft, bench, node, judges))
    if voted.nodes == draft.nodes:
        return draft.with_notes("vote: no piece of work here is answered by one model at once, so none was voted on.")
    note = "At temperature 0 the answers of a vote are alike." if bench.request.temperature == _SAME_EVERY_TIME else ""
    return replace(
        voted, summary=f"{draft.summary}; {min(count, MOST_ANSWERS)} answers each, a judge takes the best"
    ).with_notes(note)


def _voted(draft: Draft, bench: Bench, node: NodeSpec, judges: OutsideJudge) -> Sequence[NodeSpec] | None:
    if node.purpose not in WORK or node.kind not in (NodeKind.CALL, NodeKind.HARNESS) or node.expands:
        return None
    count = min(bench.request.options.vote_count, MOST_ANSWERS)
    answers = [
        as_part(draft, node, f"{node.key}-v{number}", f"{node.title} (answer {LETTERS[number - 1]})")
        for number in range(1, count + 1)
    ]
    keys = [answer.key for answer in answers]
    judge_model = judges.of([_model(node)], node.title, prompt=node.prompt)
    judge = vote_node(bench, f"{node.key}-vote", keys, node.prompt, judge_model)
    picked = transform_node(
        node.key, Rule.WINNER, (*keys, judge.key), node.title, purpose=purpose_in_place(draft, node), judge=judge.key
    )
    return (*answers, judge, picked)


def _model(node: NodeSpec) -> ModelChoice:
    return node.model or ModelChoice("")
