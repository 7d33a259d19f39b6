"""Many prompts, one model, every answer by itself. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from runs.plans.desk import Ask, Desk
from runs.plans.draft import Draft
from runs.plans.nodes import Bench, ask_for, choose, work_node
from runs.plans.sizes import LONG_PROMPT_TOKENS, shorten
from runs.shapes import NodeKind, NodeSpec, Purpose, RunRequest
from runs.texts.transforms import Rule
from runs.texts.wording import work_prompt
from runs.tokens.estimate import text_tokens
from smartspawn.lib.errors import MissingParam

# Prompts of one request are alike: what kind of work they are shows in a few of them.
_SAMPLED: Final = 20
_SAMPLE_CHARS: Final = 4_000


def plan(request: RunRequest, desk: Desk) -> Draft:
    """One node for each prompt, in order; equal prompts are asked once. Raises NoModel."""
    if not request.prompts:
        raise MissingParam("prompts is required")
    bench = Bench.of(request, desk)
    texts = [f"{request.task}\n\n{prompt}" if request.task else prompt for prompt in request.prompts]
    chosen = choose(bench, _ask(bench, texts))
    first = work_node(bench, "task-1", texts[0], chosen.models[0], fallbacks=chosen.spares)
    nodes = _nodes(request, first, texts)
    asked = sum(node.kind is not NodeKind.TRANSFORM for node in nodes)
    note = "" if asked == len(nodes) else f"{len(nodes) - asked} prompts equal earlier ones and share their answers."
    summary = f"{len(nodes)} prompt{'s' * (len(nodes) > 1)} by {chosen.models[0].model_id or request.driver}"
    return Draft(nodes, "", summary, task=request.task).with_notes(*bench.role.warnings, note)


def _ask(bench: Bench, texts: list[str]) -> Ask:
    sample = "\n".join(shorten(text, _SAMPLE_CHARS // _SAMPLED) for text in texts[:_SAMPLED])
    longest = text_tokens(max(texts, key=len)) + text_tokens(bench.request.context)
    return ask_for(bench, sample, prompt_tokens=longest if longest > LONG_PROMPT_TOKENS else 0)


def _nodes(request: RunRequest, first: NodeSpec, texts: list[str]) -> tuple[NodeSpec, ...]:
    nodes: list[NodeSpec] = []
    key_by_text: dict[str, str] = {}
    for number, text in enumerate(texts, 1):
        key = f"task-{number}"
        same_as = key_by_text.setdefault(text, key) if request.options.share_equal else key
        if same_as == key:
            nodes.append(replace(first, key=key, title=shorten(text), prompt=work_prompt(text, request.context)))
        else:
            nodes.append(_same(key, same_as, text))
    return tuple(nodes)


def _same(key: str, same_as: str, text: str) -> NodeSpec:
    return NodeSpec(
        key=key,
        kind=NodeKind.TRANSFORM,
        purpose=Purpose.TASK,
        title=shorten(text),
        depends_on=(same_as,),
        max_output_tokens=0,
        max_attempts=1,
        params={"rule": Rule.SAME.value},
    )
