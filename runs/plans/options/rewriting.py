"""Putting several nodes in the place of one, so that whoever waits for it need not know. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from runs.plans.desk import family_of
from runs.plans.draft import Draft
from runs.plans.judging import aside_note, families_aside
from runs.plans.nodes import Bench, ask_for, named_model
from runs.shapes import ModelChoice, NodeKind, NodeSpec, Purpose
from runs.texts.transforms import Rule

_PASSING_ON = frozenset({Rule.LATEST.value, Rule.WINNER.value, Rule.BETTER.value, Rule.SAME.value})
_JUDGING = frozenset({Purpose.JUDGE, Purpose.CRITIC})


def replace_nodes(draft: Draft, instead: Callable[[NodeSpec], Sequence[NodeSpec] | None]) -> Draft:
    """The draft with what the function gives in the place of a node; None leaves it as it is."""
    nodes: list[NodeSpec] = []
    for node in draft.nodes:
        nodes.extend(instead(node) or (node,))
    return replace(draft, nodes=tuple(nodes))


def as_part(draft: Draft, spec: NodeSpec, key: str, title: str) -> NodeSpec:
    """The node as a part of what takes its place.

    Where the outputs of all tasks are the answer, a part of one is no task of its own.
    """
    purpose = Purpose.STAGE if not draft.final and spec.purpose is Purpose.TASK else spec.purpose
    return replace(spec, key=key, title=title, purpose=purpose)


def grow_into(draft: Draft, moved: Mapping[str, str]) -> Draft:
    """The draft whose growing nodes grow into where the nodes that wait for that have moved, by old and new key."""
    nodes = tuple(
        replace(node, params={**node.params, "into": moved[str(node.params["into"])]})
        if node.expands and node.params.get("into") in moved
        else node
        for node in draft.nodes
    )
    return replace(draft, nodes=nodes)


def grown_into(draft: Draft) -> frozenset[object]:
    """The keys of nodes that wait for what others grow into."""
    return frozenset(node.params.get("into") for node in draft.nodes if node.expands)


def purpose_in_place(draft: Draft, spec: NodeSpec) -> Purpose:
    """The purpose of the node that stands in another's place and gives its answer."""
    return spec.purpose if not draft.final and spec.purpose is Purpose.TASK else Purpose.MERGE


def answer_keys(draft: Draft) -> tuple[str, ...]:
    """The nodes whose outputs are the answer."""
    if draft.final:
        return (draft.final,)
    return tuple(node.key for node in draft.nodes if node.purpose is Purpose.TASK)


def find_producers(by_key: Mapping[str, NodeSpec], key: str) -> tuple[NodeSpec, ...]:
    """The models' nodes whose text comes out at this node unchanged; empty where a rule puts texts together."""
    node = by_key[key]
    if node.kind in (NodeKind.CALL, NodeKind.HARNESS):
        return (node,)
    if node.kind is not NodeKind.TRANSFORM or node.params.get("rule") not in _PASSING_ON:
        return ()
    inner = [by_key[item] for item in node.depends_on]
    found = [find_producers(by_key, item.key) for item in inner if item.purpose not in _JUDGING]
    return tuple({spec.key: spec for specs in found for spec in specs}.values()) if all(found) else ()


class OutsideJudge:
    """Finds a judge of another family than those it judges; the same one for the same families."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._found: dict[frozenset[str], ModelChoice | None] = {}

    def of(self, judged: Sequence[ModelChoice], task: str, *, prompt: str) -> ModelChoice:
        """The judge that was asked for, else one from outside with room for the prompt, else the first judged."""
        request, desk = self._bench.request, self._bench.desk
        if request.judge_model:
            return named_model(desk, request.judge_model, "judge.model")
        families = frozenset(family_of(model.model_id) for model in judged if model.model_id)
        if families not in self._found:
            ask = replace(ask_for(self._bench, prompt), task=task)
            tries = dict.fromkeys((families.union(families_aside(desk)), families))
            found = (desk.choose(replace(ask, exclude_providers=excluded)).models for excluded in tries)
            judge = next((models[0] for models in found if models), None)
            why = aside_note(desk, judge) if judge else ""
            self._found[families] = replace(judge, reason=why) if judge and why else judge
        return self._found[families] or judged[0]
