"""What a finished node grows into: the sections of an outline, the items of a list. Pure.

A growing node carries in ``params["into"]`` the node that waits for what it grows into.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from runs.shapes import Feed, NodeKind, NodeSpec, PlanGrowth, Purpose
from runs.texts.outlines import OutlineSection, read_outline
from runs.texts.wording import section_prompt

SECTIONS: Final = "sections"
ITEMS: Final = "items"
MOST_SECTIONS: Final = 8
MOST_ITEMS: Final = 100


class CannotGrow(ValueError):
    """A node that is to grow does not say into what."""


def grow(spec: NodeSpec, output: str) -> PlanGrowth:
    """The nodes that this output calls for, and who now waits for them. Nothing for a node that does not grow."""
    if not spec.expands:
        return PlanGrowth(())
    into = str(spec.params.get("into", ""))
    if not into:
        raise CannotGrow(f"{spec.key} expands into {spec.expands}, and no node waits for that")
    nodes = _sections(spec, output) if spec.expands == SECTIONS else _items(spec, output)
    kept = (spec.key,) if spec.expands == SECTIONS else ()
    return PlanGrowth(nodes, {into: (*kept, *(node.key for node in nodes))})


def is_grown_from(spec: NodeSpec, key: str) -> bool:
    """Whether a node of this key is one that this node grows into, now or at a former time."""
    kind = {SECTIONS: "section", ITEMS: "item"}.get(spec.expands)
    return kind is not None and key.startswith(stem := f"{_stem(spec)}-{kind}-") and key.removeprefix(stem).isdigit()


def _sections(spec: NodeSpec, outline: str) -> tuple[NodeSpec, ...]:
    most = spec.params.get("most_sections")
    sections = read_outline(outline, most=most if isinstance(most, int) else MOST_SECTIONS)
    # An outline that cannot be read is no reason to give no answer: then the whole is one section.
    sections = sections or [OutlineSection("Answer", "the whole answer")]
    return tuple(_section(spec, outline, section, number) for number, section in enumerate(sections, 1))


def _section(spec: NodeSpec, outline: str, section: OutlineSection, number: int) -> NodeSpec:
    task = str(spec.params.get("prompt", ""))
    limit = spec.params.get("section_output_tokens")
    return replace(
        spec,
        key=f"{_stem(spec)}-section-{number}",
        purpose=Purpose.SECTION,
        title=section.title[:200],
        prompt=section_prompt(task, outline, section.title, section.about),
        max_output_tokens=limit if isinstance(limit, int) else spec.max_output_tokens,
        expands="",
        params={"is_limit_given": True} if spec.params.get("is_limit_given") else {},
        wave=spec.wave + 1,
    )


def _items(spec: NodeSpec, output: str) -> tuple[NodeSpec, ...]:
    """One task for each item of the list, by the pattern that the node carries."""
    pattern = spec.params.get("pattern")
    if not isinstance(pattern, Mapping):
        raise CannotGrow(f"{spec.key} carries no pattern for its items")
    return tuple(_item(spec, pattern, place) for place in range(min(_count(output), MOST_ITEMS)))


def _count(output: str) -> int:
    """How many items the output has; what is no list is one."""
    try:
        value = json.loads(output)
    except ValueError:
        return 1
    return len(value) if isinstance(value, list) else 1


def _item(spec: NodeSpec, pattern: Mapping[str, object], place: int) -> NodeSpec:
    return replace(
        spec,
        key=f"{_stem(spec)}-item-{place + 1}",
        kind=NodeKind.CALL,
        purpose=Purpose.STAGE,
        title=f"{pattern.get('title', spec.title)} {place + 1}"[:200],
        prompt=str(pattern.get("prompt", "")),
        system=str(pattern.get("system", "")),
        depends_on=(spec.key,),
        feed=Feed.CONTEXT,
        least_inputs=None,
        gate=None,
        expands="",
        params={**_params(pattern), "item": place},
        wave=spec.wave + 1,
    )


def _params(pattern: Mapping[str, object]) -> Mapping[str, object]:
    params = pattern.get("params")
    return params if isinstance(params, Mapping) else {}


def _stem(spec: NodeSpec) -> str:
    return str(spec.params.get("stem", spec.key))[:40]
