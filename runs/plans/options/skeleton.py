"""Skeleton: an outline first, then its sections side by side, then the whole. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from runs.graph.expansion import MOST_SECTIONS, SECTIONS
from runs.plans.draft import Draft
from runs.plans.nodes import Bench, choose_merger, merge_node, transform_node
from runs.plans.options.rewriting import purpose_in_place, replace_nodes
from runs.plans.sizes import output_limit
from runs.shapes import Feed, NodeKind, NodeSpec, Purpose
from runs.texts.transforms import Rule
from runs.texts.wording import outline_prompt, synthesis_prompt

# What is a whole text of its own; steps and stages are parts already.
_WHOLE: Final = frozenset({Purpose.TASK, Purpose.ESCALATION})


def add_skeleton(draft: Draft, bench: Bench) -> Draft:
    """The draft with outline, sections and assembly in the place of each whole piece of work."""
    if not bench.request.options.skeleton:
        return draft
    divided = replace_nodes(draft, lambda node: _divided(draft, bench, node))
    if divided.nodes == draft.nodes:
        return draft.with_notes("skeleton: there is no single text here that could be written in sections.")
    return replace(divided, summary=f"{draft.summary}; outline first, then the sections side by side")


def _divided(draft: Draft, bench: Bench, node: NodeSpec) -> Sequence[NodeSpec] | None:
    if node.purpose not in _WHOLE or node.kind is not NodeKind.CALL:
        return None
    outline = replace(
        node,
        key=f"{node.key}-outline",
        purpose=Purpose.OUTLINE,
        title="Outline",
        prompt=outline_prompt(node.prompt, MOST_SECTIONS),
        max_output_tokens=output_limit(bench.request, Purpose.OUTLINE, node.model),
        expands=SECTIONS,
        params={
            **node.params,
            "into": node.key,
            "stem": node.key,
            "prompt": node.prompt,
            "most_sections": MOST_SECTIONS,
            "section_output_tokens": output_limit(bench.request, Purpose.SECTION, node.model),
        },
    )
    return (outline, _assembly(draft, bench, node, outline))


def _assembly(draft: Draft, bench: Bench, node: NodeSpec, outline: NodeSpec) -> NodeSpec:
    """The whole: under the outline's headings by rule, or written by a model where a merge was asked for."""
    purpose = purpose_in_place(draft, node)
    request = bench.request
    if node.model is None or not (request.merge_style or request.merge_model):
        return transform_node(node.key, Rule.SECTIONS, (outline.key,), node.title, purpose=purpose, outline=outline.key)
    prompt = synthesis_prompt(node.prompt, request.merge_style)
    merged = merge_node(
        bench, node.key, (outline.key,), prompt, choose_merger(bench, node.title, node.model), feed=Feed.CONTEXT
    )
    return replace(merged, purpose=purpose, title=node.title)
