"""A chain of stages as nodes: each stage works on what the one before it gave. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runs.chains.perspectives import PERSPECTIVES, instruction_of, title_of
from runs.chains.reading import read_chain
from runs.chains.shapes import Chain, Stage, StageMode, StagePrompt, TransformRule
from runs.graph.expansion import ITEMS
from runs.plans.desk import Chosen, Desk
from runs.plans.draft import Draft
from runs.plans.nodes import Bench, ask_for, choose, transform_node, work_node
from runs.plans.sizes import shorten
from runs.shapes import Feed, Mode, NodeSpec, Purpose, RunRequest
from runs.texts.cutting import cut
from runs.texts.transforms import Rule
from runs.texts.wording import DEFAULT_STAGE_PROMPT, stage_prompt

_NO_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Flow:
    """What a stage works on: texts of nodes, or the chain's own input before there are any."""

    keys: tuple[str, ...] = ()
    text: str = ""
    is_list: bool = False  # one node whose output is a list


def plan(request: RunRequest, desk: Desk) -> Draft:
    """The chain's stages as nodes. Raises ChainFault, NoModel or InvalidParam."""
    chain = read_chain(request.chain or {"auto": {"task": request.task}}, task=request.task)
    bench = Bench.of(request, desk)
    chosen = choose(bench, ask_for(bench, _whole_task(chain)))
    nodes: list[NodeSpec] = []
    notes: list[str] = []
    flow = _Flow(text=chain.input)
    for number, stage in enumerate(chain.stages, 1):
        made, flow, note = _stage(bench, chosen, number, stage, flow)
        nodes.extend(made)
        notes.append(note)
    closed, final = _close(flow)
    count = len(chain.stages)
    summary = f"{chain.name}: {count} stage{'s' * (count > 1)} ({', '.join(stage.name for stage in chain.stages)})"
    task = chain.task or request.task or chain.name
    draft = Draft((*nodes, *closed), final, summary, task=task)
    origin = f"The chain was put together for the task: {chain.origin}." if chain.origin.startswith("auto") else ""
    return draft.with_notes(*bench.role.warnings, origin, *notes)


def with_chain_options(request: RunRequest) -> RunRequest:
    """The request with what its chain itself asks for: a chain may say that its answer is to be reflected on."""
    reflect = _find_reflect(request.chain or {})
    if request.mode is not Mode.CHAIN or not reflect or request.options.reflect:
        return request
    changes: dict[str, Any] = {"reflect": True}
    if isinstance(reflect, Mapping):
        changes |= {"reflect_threshold": float(reflect["threshold"])} if "threshold" in reflect else {}
        changes |= {"max_refinements": int(reflect["maxRefinements"])} if "maxRefinements" in reflect else {}
    return replace(request, options=replace(request.options, **changes))


def _find_reflect(chain: Mapping[str, Any]) -> Any:
    inner = chain.get("auto")
    return chain.get("reflect") or (inner.get("reflect") if isinstance(inner, Mapping) else None)


def _whole_task(chain: Chain) -> str:
    prompts = [prompt.instruction for stage in chain.stages for prompt in stage.prompts]
    return chain.task or "\n".join([chain.name, *prompts])[:4_000]


def _close(flow: _Flow) -> tuple[tuple[NodeSpec, ...], str]:
    """A chain has one answer: where the last stage gives several texts, they stand under their headings."""
    if len(flow.keys) == 1:
        return (), flow.keys[0]
    answer = transform_node("answer", Rule.MERGE, flow.keys, "Answer")
    return (answer,), "answer"


# --- stages --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Setting:
    """A stage with what it works on and who does it."""

    bench: Bench
    chosen: Chosen
    number: int
    stage: Stage
    flow: _Flow

    @property
    def is_map(self) -> bool:
        """Whether one prompt is to be done for each item of a list."""
        prompts = self.stage.prompts
        is_one = self.stage.mode is StageMode.PARALLEL and len(prompts) == 1 and not prompts[0].own_input
        return is_one and self.flow.is_list


def _stage(bench: Bench, chosen: Chosen, number: int, stage: Stage, flow: _Flow) -> tuple[list[NodeSpec], _Flow, str]:
    """The stage's nodes, what the next one works on, and a note where something did not go as asked."""
    before = flow
    nodes: list[NodeSpec] = []
    if stage.input_transform and flow.keys:
        nodes.append(_transform(f"s{number}-in", stage.input_transform, flow.keys, f"{stage.name}: input"))
        flow = _after(nodes[-1], stage.input_transform)
    setting = _Setting(bench, chosen, number, stage, flow)
    tasks = _map(setting) if setting.is_map else _tasks(setting)
    nodes.extend(tasks)
    flow = _Flow(keys=tuple(task.key for task in (tasks[-1:] if setting.is_map else tasks)))
    if stage.output_transform:
        nodes.append(_transform(f"s{number}-out", stage.output_transform, flow.keys, f"{stage.name}: output"))
        flow = _after(nodes[-1], stage.output_transform)
    if not stage.is_required and before.keys:
        inputs = (*before.keys, *flow.keys)
        nodes.append(transform_node(f"s{number}-kept", Rule.LATEST, inputs, stage.name, purpose=Purpose.STAGE))
        flow = _Flow(keys=(nodes[-1].key,))
    return nodes, flow, _search_note(stage, tasks)


def _search_note(stage: Stage, tasks: Sequence[NodeSpec]) -> str:
    is_blind = stage.uses_web_search and not any(task.uses_web_search for task in tasks)
    return f"{stage.name}: no provider of its model searches the web; it works from what it knows." if is_blind else ""


def _tasks(setting: _Setting) -> list[NodeSpec]:
    """One task for each prompt and perspective of the stage."""
    stage = setting.stage
    prompts = stage.prompts or (StagePrompt(DEFAULT_STAGE_PROMPT),)
    pairs = [(prompt, perspective) for prompt in prompts for perspective in stage.perspectives or ("",)]
    return [
        _task(setting, _key(setting.number, stage, place, pairs), prompt, perspective, place=place)
        for place, (prompt, perspective) in enumerate(pairs)
    ]


def _task(setting: _Setting, key: str, prompt: StagePrompt, perspective: str, *, place: int = 0) -> NodeSpec:
    bench, stage, flow, model = setting.bench, setting.stage, setting.flow, setting.chosen.models[0]
    text = prompt.own_input or ("" if flow.keys else flow.text)
    depends_on = () if prompt.own_input else flow.keys
    spec = work_node(
        bench,
        key,
        prompt.instruction,
        model,
        purpose=Purpose.STAGE,
        title=_title(stage, prompt, perspective),
        prompt=stage_prompt(prompt.instruction, _cut(text, stage), stage.context, bench.request.context),
        system=_system(bench, stage, perspective),
        depends_on=depends_on,
        feed=Feed.CONTEXT if depends_on else Feed.NONE,
        least_inputs=1 if len(depends_on) > 1 else None,  # one lost view does not sink the chain
        fallbacks=setting.chosen.spares,
    )
    searches = spec.uses_web_search or (stage.uses_web_search and bench.desk.can_ground(model.model_id))
    return replace(spec, params={**spec.params, **_params(setting, perspective, place)}, uses_web_search=searches)


def _params(setting: _Setting, perspective: str, place: int) -> dict[str, object]:
    """What tells a task's stage to readers, and which part of its input it takes."""
    stage = setting.stage
    params: dict[str, object] = {"stage": stage.name, "mode": stage.mode.value}
    if perspective:
        params["perspective"] = title_of(perspective)
    if setting.flow.is_list and stage.mode is StageMode.PARALLEL:
        params["item"] = place
    if stage.max_input_chars:
        params["max_input_chars"] = stage.max_input_chars
    return params


def _map(setting: _Setting) -> list[NodeSpec]:
    """One prompt over a list whose length shows only when it is there: the plan grows by a task per item."""
    stage, number, flow = setting.stage, setting.number, setting.flow
    pattern = _task(setting, f"s{number}-pattern", stage.prompts[0], (stage.perspectives or ("",))[0])
    collect = f"s{number}-all"
    grower = transform_node(f"s{number}-items", Rule.SPLIT, flow.keys, f"{stage.name}: items", purpose=Purpose.STAGE)
    grower = replace(
        grower,
        model=pattern.model,
        fallbacks=pattern.fallbacks,
        max_output_tokens=pattern.max_output_tokens,
        temperature=pattern.temperature,
        max_attempts=pattern.max_attempts,
        uses_web_search=pattern.uses_web_search,
        expands=ITEMS,
        params={
            **grower.params,
            "into": collect,
            "stem": f"s{number}",
            "pattern": {
                "title": stage.name,
                "prompt": pattern.prompt,
                "system": pattern.system,
                "params": {name: value for name, value in pattern.params.items() if name != "item"},
            },
        },
    )
    return [grower, transform_node(collect, Rule.MERGE, (grower.key,), stage.name, purpose=Purpose.STAGE)]


def _transform(key: str, rule: TransformRule, inputs: Sequence[str], title: str) -> NodeSpec:
    return transform_node(key, Rule(rule.value), inputs, title, purpose=Purpose.STAGE)


def _after(node: NodeSpec, rule: TransformRule) -> _Flow:
    is_list = rule in (TransformRule.SPLIT, TransformRule.JSON_PARSE) or (
        rule is TransformRule.PASSTHROUGH and len(node.depends_on) > 1
    )
    return _Flow(keys=(node.key,), is_list=is_list)


# --- words ---------------------------------------------------------------------------------


def _key(number: int, stage: Stage, place: int, pairs: Sequence[tuple[StagePrompt, str]]) -> str:
    """Short, unique and telling: "s2-analyst"."""
    perspective = pairs[place][1]
    word = perspective if perspective in PERSPECTIVES else stage.name
    slug = _NO_KEY.sub("-", word.lower()).strip("-")[:24]
    return f"s{number}-{slug or 'task'}" + (f"-{place + 1}" if len(pairs) > 1 else "")


def _title(stage: Stage, prompt: StagePrompt, perspective: str) -> str:
    if stage.mode is StageMode.FAN_OUT:
        return f"{stage.name}: {title_of(perspective)}"
    if len(stage.prompts) > 1:
        return f"{stage.name}: {shorten(prompt.instruction, 60)}"
    return stage.name


def _system(bench: Bench, stage: Stage, perspective: str) -> str:
    """The caller's role, then the perspective or the stage's own words."""
    own = stage.system_prompt or (instruction_of(perspective) if perspective else "")
    return "\n\n".join(part for part in (bench.role.system, own) if part)


def _cut(text: str, stage: Stage) -> str:
    return cut(text, stage.max_input_chars) if stage.max_input_chars else text
