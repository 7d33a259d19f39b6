"""From a draft to a plan: models set by hand, options, waves, time limits, and the checks that every plan passes. "
"Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from runs.plans.desk import Desk
from runs.plans.draft import Draft
from runs.plans.nodes import named_model
from runs.plans.sizes import MOST_KEY_CHARS, MOST_NODES, MOST_TITLE_CHARS, shorten
from runs.shapes import Mode, NodeKind, NodeSpec, Plan, RunRequest
from runs.texts.wording import WORDING_VERSION
from smartspawn.lib.errors import InvalidParam

_SHOWN_KEYS = 12


class BrokenPlan(ValueError):
    """A plan that could never be done: a fault of ours, found before anything is spent."""


def finish(mode: Mode, draft: Draft, request: RunRequest) -> Plan:
    """The plan, checked. Raises InvalidParam for more nodes than a run may have."""
    if len(draft.nodes) > MOST_NODES:
        raise InvalidParam(f"This would be {len(draft.nodes)} pieces of work; a run may have {MOST_NODES}.")
    waves = count_waves(draft.nodes)
    nodes = tuple(_settled(node, waves[node.key], request) for node in draft.nodes)
    check(nodes, draft.final)
    return Plan(
        mode=mode,
        nodes=nodes,
        final=draft.final,
        summary=draft.summary,
        notes=draft.notes,
        decision_ids=_decision_ids(nodes),
        wording_version=WORDING_VERSION,
    )


def _settled(node: NodeSpec, wave: int, request: RunRequest) -> NodeSpec:
    timeout_s = node.timeout_s or request.node_timeout_s
    title = shorten(node.title, MOST_TITLE_CHARS)
    if (node.wave, node.timeout_s, node.title) == (wave, timeout_s, title):
        return node  # of ten thousand prompts nearly all: a copy takes longer than everything else here
    return replace(node, wave=wave, timeout_s=timeout_s, title=title)


# --- models by hand ------------------------------------------------------------------------


def override_models(draft: Draft, models: Mapping[str, str], desk: Desk, *, must_exist: bool) -> Draft:
    """The draft with the models that a caller set for single nodes. Raises InvalidParam for what does not exist."""
    known = {node.key for node in draft.nodes if node.kind in (NodeKind.CALL, NodeKind.HARNESS)}
    unknown = [key for key in models if key not in known]
    if unknown and must_exist:
        shown = ", ".join(sorted(known)[:_SHOWN_KEYS])
        raise InvalidParam(f"nodeModels: there is no node '{unknown[0][:60]}' with a model here; there are {shown}.")
    chosen = {key: named_model(desk, models[key], f"nodeModels.{key}") for key in models if key in known}
    nodes = tuple(
        replace(
            node,
            kind=NodeKind.CALL,  # also where an agent would have done it
            model=chosen[node.key],
            fallbacks=(),
            max_output_tokens=_limit(node, chosen[node.key].max_output_tokens),
        )
        if node.key in chosen
        else node
        for node in draft.nodes
    )
    return replace(draft, nodes=nodes)


def _limit(node: NodeSpec, most: int | None) -> int:
    return min(node.max_output_tokens, most) if most else node.max_output_tokens


# --- waves and checks ----------------------------------------------------------------------


def count_waves(nodes: Sequence[NodeSpec]) -> dict[str, int]:
    """How many nodes must end one after the other before each. Raises BrokenPlan for circles and unknown names."""
    by_key = {node.key: node for node in nodes}
    waiting = {node.key: len(set(node.depends_on)) for node in nodes}
    dependents: dict[str, list[str]] = {}
    for node in nodes:
        for key in dict.fromkeys(node.depends_on):
            if key not in by_key:
                raise BrokenPlan(f"{node.key} depends on {key}, which does not exist")
            dependents.setdefault(key, []).append(node.key)
    waves = dict.fromkeys(by_key, 0)
    ready = deque(key for key, count in waiting.items() if not count)
    done = 0
    while ready:
        key = ready.popleft()
        done += 1
        # What a node grows into stands between it and those that wait for it.
        step = 2 if by_key[key].expands else 1
        for dependent in dependents.get(key, ()):
            waves[dependent] = max(waves[dependent], waves[key] + step)
            waiting[dependent] -= 1
            if not waiting[dependent]:
                ready.append(dependent)
    if done != len(by_key):
        raise BrokenPlan(f"nodes wait for each other: {', '.join(key for key, count in waiting.items() if count)}")
    return waves


def check(nodes: Sequence[NodeSpec], final: str) -> None:
    """Raises BrokenPlan for a plan that could not be stored or never be done."""
    keys = [node.key for node in nodes]
    if len(set(keys)) != len(keys):
        raise BrokenPlan("two nodes have the same key")
    if not nodes or (final and final not in keys):
        raise BrokenPlan(f"there is no node {final!r} to answer")
    by_key = {node.key: node for node in nodes}
    for node in nodes:
        problem = next(iter(_problems(node, by_key)), "")
        if problem:
            raise BrokenPlan(f"{node.key}: {problem}")


def _problems(node: NodeSpec, by_key: Mapping[str, NodeSpec]) -> Iterable[str]:
    if not node.key or len(node.key) > MOST_KEY_CHARS:
        yield "the key is empty or too long"
    if node.kind is NodeKind.CALL and node.model is None:
        yield "no model is to do it"
    if node.gate and node.gate.node not in node.depends_on:
        yield "the gate watches a node that it does not wait for"
    if node.least_inputs is not None and node.least_inputs > len(node.depends_on):
        yield "it needs more inputs than it has"
    if node.expands:
        waiting = by_key.get(str(node.params.get("into")))
        if waiting is None or node.key not in waiting.depends_on:
            yield "nobody waits for what it grows into"


def _decision_ids(nodes: Sequence[NodeSpec]) -> tuple[str, ...]:
    models = (node.model for node in nodes)
    return tuple(dict.fromkeys(model.decision_id for model in models if model and model.decision_id))
