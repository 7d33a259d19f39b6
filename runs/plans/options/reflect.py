"""Reflect: a critic reads the answer; below the threshold it is written again, and the better text is kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from runs.plans.draft import Draft
from runs.plans.nodes import Bench, helper_node, transform_node
from runs.plans.options.rewriting import (
    OutsideJudge,
    answer_keys,
    as_part,
    find_producers,
    grow_into,
    purpose_in_place,
    replace_nodes,
)
from runs.plans.sizes import output_limit
from runs.shapes import Feed, Gate, GateKind, ModelChoice, NodeKind, NodeSpec, Purpose
from runs.texts.transforms import Rule
from runs.texts.verdicts import Verdict
from runs.texts.wording import critic_prompt, refine_prompt

MOST_REFINEMENTS = 3


def add_reflection(draft: Draft, bench: Bench) -> Draft:
    """The draft with critic, rewriting behind a gate, and the choice of the better text, for each answer."""
    if not bench.request.options.reflect:
        return draft
    keys = frozenset(answer_keys(draft))
    critics, by_key = OutsideJudge(bench), draft.by_key()

    def instead(node: NodeSpec) -> Sequence[NodeSpec] | None:
        writer = _find_writer(by_key, node) if node.key in keys else None
        return _reflected(draft, bench, node, writer, critics) if writer else None

    reflected = replace_nodes(draft, instead)
    if reflected.nodes == draft.nodes:
        return draft.with_notes("reflect: no single model writes this answer, so none can write it again.")
    there = reflected.by_key()
    reflected = grow_into(reflected, {key: _draft_key(key) for key in keys if _draft_key(key) in there})
    return replace(reflected, summary=f"{draft.summary}; a critic reads it")


def _reflected(
    draft: Draft, bench: Bench, node: NodeSpec, writer: NodeSpec, critics: OutsideJudge
) -> Sequence[NodeSpec] | None:
    if writer.model is None:
        return None
    task = draft.task if draft.final and draft.task else node.prompt or writer.prompt
    critic_model = critics.of([writer.model], task, prompt=f"{task}\n{writer.prompt}")
    first = as_part(draft, node, _draft_key(node.key), "First version")
    critic = _critic(bench, f"{node.key}-critic-1", first.key, task, critic_model)
    nodes, pairs = [first, critic], [[first.key, critic.key]]
    for number in range(1, min(bench.request.options.max_refinements, MOST_REFINEMENTS) + 1):
        former_text, former_critic = pairs[-1]
        refined = _refined(bench, writer, f"{node.key}-refine-{number}", former_text, former_critic, task)
        critic = _critic(bench, f"{node.key}-critic-{number + 1}", refined.key, task, critic_model)
        nodes.extend((refined, critic))
        pairs.append([refined.key, critic.key])
    keys = [item for pair in pairs for item in pair]
    better = transform_node(node.key, Rule.BETTER, keys, node.title, purpose=purpose_in_place(draft, node), pairs=pairs)
    return (*nodes, better)


def _draft_key(key: str) -> str:
    return f"{key}-draft"


def _find_writer(by_key: Mapping[str, NodeSpec], node: NodeSpec) -> NodeSpec | None:
    """Who writes the text again: who wrote it, of several the last, which is the strongest."""
    if node.kind is NodeKind.TRANSFORM and node.params.get("rule") == Rule.SAME.value:
        return None  # what it repeats is criticised where it was written
    producers = find_producers(by_key, node.key)
    # A text that a rule put together is written again by a model that wrote one of its parts.
    parts = (by_key[key] for key in node.depends_on)
    return producers[-1] if producers else next((part for part in parts if part.model is not None), None)


def _critic(bench: Bench, key: str, text: str, task: str, model: ModelChoice) -> NodeSpec:
    spec = helper_node(bench, key, Purpose.CRITIC, "Critique", critic_prompt(task), model)
    return replace(spec, depends_on=(text,), feed=Feed.PREVIOUS, params={"verdict": Verdict.CRITIQUE})


def _refined(bench: Bench, writer: NodeSpec, key: str, text: str, critic: str, task: str) -> NodeSpec:
    return replace(
        writer,
        key=key,
        # A list that grew into tasks carries their model, and is no call itself.
        kind=NodeKind.CALL if writer.kind is NodeKind.TRANSFORM else writer.kind,
        purpose=Purpose.REFINE,
        # An outline is short, and what is written again from its sections is not.
        max_output_tokens=max(writer.max_output_tokens, output_limit(bench.request, Purpose.REFINE, writer.model)),
        title="Version after the critique",
        prompt=refine_prompt(task),
        depends_on=(text, critic),
        feed=Feed.CONTEXT,
        least_inputs=None,
        gate=Gate(GateKind.SCORE_BELOW, critic, bench.request.options.reflect_threshold),
        expands="",
        uses_web_search=False,
        params={name: value for name, value in writer.params.items() if name in ("driver", "is_limit_given")},
    )
