"""A chain as callers write it, checked whole: everything that is wrong with it is said at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from runs.chains.auto import build_auto
from runs.chains.shapes import Chain, Depth, Stage, StageMode, StagePrompt, TransformRule
from runs.chains.templates import TEMPLATES, build_template
from smartspawn.lib.errors import InvalidParam

MOST_STAGES: Final = 20
MOST_TASKS_PER_STAGE: Final = 100
LONGEST_TEXT: Final = 200_000
_LONGEST_NAME: Final = 100
_LONGEST_PERSPECTIVE: Final = 4_000
_STAGE_FIELDS: Final = frozenset(
    {
        "name",
        "mode",
        "perspective",
        "perspectives",
        "systemPrompt",
        "prompt",
        "instruction",
        "prompts",
        "context",
        "webSearch",
        "inputTransform",
        "outputTransform",
        "maxInputChars",
        "required",
    }
)
_Word = TypeVar("_Word", StageMode, TransformRule, Depth)


class ChainFault(InvalidParam):
    """A chain that cannot be run; ``errors`` lists everything that is wrong with it."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("; ".join(errors), errors=list(errors))
        self.errors = errors


def read_chain(given: Mapping[str, Any], *, task: str = "") -> Chain:
    """The chain that is written down, named by a template, or put together for a task. Raises ChainFault."""
    faults = _Faults()
    _check_reflect(given.get("reflect"), faults)
    if "auto" in given:
        chain = _auto(faults.mapping(given["auto"], "auto"), task, faults)
    elif "template" in given:
        chain = _template(given, task, faults)
    else:
        chain = _written(given, task, faults)
    faults.raise_any()
    return chain


class _Faults:
    """What is wrong so far; reading goes on after each fault with something harmless in its place."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def add(self, error: str) -> None:
        self.errors.append(error)

    def raise_any(self) -> None:
        if self.errors:
            raise ChainFault(tuple(dict.fromkeys(self.errors)))

    def text(self, value: object, place: str, *, longest: int = LONGEST_TEXT) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            self.add(f"{place} must be a text")
            return ""
        if len(value) > longest:
            self.add(f"{place} is longer than {longest} characters")
            return ""
        return value.strip()

    def mapping(self, value: object, place: str) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return value
        self.add(f"{place} must be an object")
        return {}

    def items(self, value: object, place: str, *, most: int) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self.add(f"{place} must be a list")
            return []
        if len(value) > most:
            self.add(f"{place} has {len(value)} items; at most {most} are taken")
        return list(value[:most])

    def texts(self, value: object, place: str, *, most: int) -> tuple[str, ...]:
        items = [value] if isinstance(value, str) else self.items(value, place, most=most)
        texts = [
            self.text(item, f"{place}[{number}]", longest=_LONGEST_PERSPECTIVE) for number, item in enumerate(items)
        ]
        return tuple(text for text in texts if text)

    def word(self, value: object, place: str, words: type[_Word], default: _Word | None = None) -> _Word | None:
        if value is None or value == "":
            return default
        if isinstance(value, str) and value in set(words):
            return words(value)
        self.add(f"{place}: there is no '{str(value)[:40]}'; use one of {', '.join(words)}")
        return default

    def switch(self, value: object, place: str, *, default: bool) -> bool:
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        self.add(f"{place} must be true or false")
        return default


# --- the three ways to say it --------------------------------------------------------------


def _auto(given: Mapping[str, Any], task: str, faults: _Faults) -> Chain:
    _check_reflect(given.get("reflect"), faults)
    perspectives = faults.texts(given.get("perspectives"), "auto.perspectives", most=10)
    stages = faults.texts(given.get("stages"), "auto.stages", most=MOST_STAGES)
    depth = faults.word(given.get("depth"), "auto.depth", Depth, Depth.STANDARD) or Depth.STANDARD
    chain, problems = build_auto(
        task=faults.text(given.get("task"), "auto.task") or task,
        text=faults.text(given.get("data"), "auto.data"),
        depth=depth,
        perspectives=perspectives,
        stages=stages,
    )
    for problem in problems:
        faults.add(problem)
    return chain


def _template(given: Mapping[str, Any], task: str, faults: _Faults) -> Chain:
    name = faults.text(given.get("template"), "template", longest=_LONGEST_NAME)
    text = faults.text(given.get("data") or given.get("input"), "data")
    wanted = faults.text(given.get("task"), "task") or task
    if name not in TEMPLATES:
        faults.add(f"There is no template '{name[:40]}'; use one of {', '.join(TEMPLATES)}")
        return Chain("", ())
    if not text and not wanted:
        faults.add("A template needs data or a task to work on")
    return build_template(name, text=text, task=wanted)


def _written(given: Mapping[str, Any], task: str, faults: _Faults) -> Chain:
    raw_stages = given.get("stages")
    if not isinstance(raw_stages, list) or not raw_stages:
        faults.add("stages must be a list with at least one stage")
        raw_stages = []
    stages = faults.items(raw_stages, "stages", most=MOST_STAGES)
    chain = Chain(
        name=faults.text(given.get("name"), "name", longest=_LONGEST_NAME) or "Chain",
        stages=tuple(_stage(number, raw, faults) for number, raw in enumerate(stages)),
        input=faults.text(given.get("input"), "input"),
        task=faults.text(given.get("task"), "task") or task,
    )
    _require_ground(chain, faults)
    return replace(chain, stages=_with_own_names(chain.stages))


def _with_own_names(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Stages of the same name are told apart by a number."""
    seen: Counter[str] = Counter()
    named = []
    for stage in stages:
        seen[stage.name] += 1
        named.append(replace(stage, name=f"{stage.name} {seen[stage.name]}") if seen[stage.name] > 1 else stage)
    return tuple(named)


def _check_reflect(given: object, faults: _Faults) -> None:
    """true, false, or {threshold, maxRefinements} within the limits that the option itself has."""
    if given is None or isinstance(given, bool):
        return
    if not isinstance(given, Mapping):
        faults.add("reflect must be true, false or an object")
        return
    threshold, refinements = given.get("threshold", 7), given.get("maxRefinements", 1)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 1 <= threshold <= 10:
        faults.add("reflect.threshold must be a number from 1 to 10")
    if isinstance(refinements, bool) or not isinstance(refinements, int) or not 1 <= refinements <= 3:
        faults.add("reflect.maxRefinements must be a whole number from 1 to 3")


def _require_ground(chain: Chain, faults: _Faults) -> None:
    """The first stage must have something to do: an input, a task, or a prompt of its own."""
    first = chain.stages[0] if chain.stages else None
    if first and not (chain.input or chain.task or first.prompts or first.context):
        faults.add("The first stage has neither an input nor a prompt")


# --- one stage -----------------------------------------------------------------------------


def _stage(number: int, raw: object, faults: _Faults) -> Stage:
    if not isinstance(raw, Mapping):
        faults.add(f"stages[{number}] must be an object")
        return Stage(f"Stage {number + 1}")
    place = f"stages[{number}]"
    for name in raw:
        if name not in _STAGE_FIELDS:
            faults.add(f"{place} has no field '{str(name)[:40]}'")
    stage = Stage(
        name=faults.text(raw.get("name"), f"{place}.name", longest=_LONGEST_NAME) or f"Stage {number + 1}",
        mode=faults.word(raw.get("mode"), f"{place}.mode", StageMode, StageMode.SINGLE) or StageMode.SINGLE,
        prompts=_prompts(raw, place, faults),
        perspectives=_perspectives(raw, place, faults),
        system_prompt=faults.text(raw.get("systemPrompt"), f"{place}.systemPrompt"),
        context=faults.text(raw.get("context"), f"{place}.context"),
        uses_web_search=faults.switch(raw.get("webSearch"), f"{place}.webSearch", default=False),
        input_transform=faults.word(raw.get("inputTransform"), f"{place}.inputTransform", TransformRule),
        output_transform=faults.word(raw.get("outputTransform"), f"{place}.outputTransform", TransformRule),
        max_input_chars=_max_input_chars(raw.get("maxInputChars"), place, faults),
        is_required=faults.switch(raw.get("required"), f"{place}.required", default=True),
    )
    _check_mode(stage, place, faults)
    return stage


def _prompts(raw: Mapping[str, Any], place: str, faults: _Faults) -> tuple[StagePrompt, ...]:
    one = raw.get("prompt") if raw.get("prompt") is not None else raw.get("instruction")
    if one is not None and raw.get("prompts") is not None:
        faults.add(f"{place} has both one prompt and a list of prompts")
    if one is not None:
        text = faults.text(one, f"{place}.prompt")
        return (StagePrompt(text),) if text else ()
    items = faults.items(raw.get("prompts"), f"{place}.prompts", most=MOST_TASKS_PER_STAGE)
    return tuple(_prompt(item, f"{place}.prompts[{number}]", faults) for number, item in enumerate(items))


def _prompt(item: object, place: str, faults: _Faults) -> StagePrompt:
    if isinstance(item, Mapping):
        prompt = StagePrompt(
            faults.text(item.get("instruction"), f"{place}.instruction"),
            faults.text(item.get("input"), f"{place}.input"),
        )
    else:
        prompt = StagePrompt(faults.text(item, place))
    if not prompt.instruction:
        faults.add(f"{place} is empty")
    return prompt


def _perspectives(raw: Mapping[str, Any], place: str, faults: _Faults) -> tuple[str, ...]:
    several = faults.texts(raw.get("perspectives"), f"{place}.perspectives", most=MOST_TASKS_PER_STAGE)
    one = faults.text(raw.get("perspective"), f"{place}.perspective", longest=_LONGEST_PERSPECTIVE)
    return several or ((one,) if one else ())


def _max_input_chars(value: object, place: str, faults: _Faults) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 10_000_000:
        faults.add(f"{place}.maxInputChars must be a whole number from 100 to 10000000")
        return None
    return value


def _check_mode(stage: Stage, place: str, faults: _Faults) -> None:
    if stage.mode is StageMode.PARALLEL and not stage.prompts:
        faults.add(f"{place} ({stage.name}) is parallel and needs prompts")
    if stage.mode is StageMode.FAN_OUT and not stage.perspectives:
        faults.add(f"{place} ({stage.name}) is a fan-out and needs perspectives")
    if stage.mode in (StageMode.SINGLE, StageMode.REDUCE) and len(stage.prompts) > 1:
        faults.add(f"{place} ({stage.name}) is {stage.mode} and takes one prompt, not {len(stage.prompts)}")
    if stage.mode in (StageMode.SINGLE, StageMode.REDUCE) and len(stage.perspectives) > 1:
        faults.add(f"{place} ({stage.name}) is {stage.mode} and takes one perspective, not {len(stage.perspectives)}")
