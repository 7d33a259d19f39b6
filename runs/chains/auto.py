"""A chain put together for a task: its words tell the kind, the depth tells how much it is worth.

Nothing here changes anything: the same task gives the same chain, however often it was previewed before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from runs.chains.perspectives import PERSPECTIVES, Perspective
from runs.chains.shapes import Chain, Depth, Stage, StageMode, StagePrompt

AUTO_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of task: the words that tell it, and its stages in order."""

    name: str
    cues: re.Pattern[str]
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """How many stages and perspectives a depth allows, and what it adds."""

    most_stages: int
    perspective_count: int
    adds_challenge: bool = False
    adds_optimize: bool = False


def _cues(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE)


# The first that fits is taken, so the particular stands before the general.
PATTERNS: Final = (
    Pattern(
        "comparative",
        _cues(r"compar(?:e[sd]?|ing|isons?)|vs\.?|versus|differences?|better|rank(?:s|ed|ing)?|trade-?offs?"),
        ("extract", "fan-out-compare", "synthesize"),
    ),
    Pattern(
        "research-deep",
        _cues(r"research|investigat(?:e|es|ion)|thorough(?:ly)?|comprehensive(?:ly)?|in depth|deep dive"),
        ("extract", "enrich", "fan-out-perspectives", "synthesize"),
    ),
    Pattern(
        "adversarial",
        _cues(
            r"challenge[sd]?|devil'?s advocate|risks?|critiques?|stress[- ]test|red[- ]team|weak(?:ness|nesses|points?)"
        ),
        ("extract", "fan-out-perspectives", "challenge", "synthesize"),
    ),
    Pattern(
        "filter-refine",
        _cues(r"filters?|top[- ]\d+|top (?:three|five|ten)|most important|prioriti[sz]e|shortlist|select"),
        ("extract", "filter", "fan-out-perspectives", "synthesize"),
    ),
    Pattern(
        "multi-perspective",
        _cues(r"perspectives?|viewpoints?|points of view|stakeholders?|opinions?|angles?"),
        ("extract", "fan-out-perspectives", "synthesize"),
    ),
    Pattern(
        "opportunity",
        _cues(r"opportunit(?:y|ies)|markets?|revenue|products?|monetis?z?e|business idea"),
        ("extract", "enrich", "fan-out-strategy", "synthesize"),
    ),
    Pattern(
        "summarize",
        _cues(r"summar(?:y|ies|ise|ize|ised|ized)|tl;?dr|brief(?:ly)?|overview|digest|condense"),
        ("extract", "synthesize"),
    ),
)
GENERAL: Final = Pattern("general", re.compile(r"(?!)"), ("extract", "fan-out-perspectives", "synthesize"))
MEASURES: Final[Mapping[Depth, Measure]] = MappingProxyType(
    {
        Depth.QUICK: Measure(most_stages=2, perspective_count=2),
        Depth.STANDARD: Measure(most_stages=4, perspective_count=3),
        Depth.DEEP: Measure(most_stages=6, perspective_count=4, adds_challenge=True),
        Depth.EXHAUSTIVE: Measure(most_stages=8, perspective_count=5, adds_challenge=True, adds_optimize=True),
    }
)
# What a fan-out may draw on; the others prepare or conclude.
_FAN_OUT: Final = (
    "analyst",
    "challenger",
    "strategist",
    "researcher",
    "critic",
    "optimizer",
    "enricher",
    "synthesizer",
)
# An analyst helps with nearly everything, an objection with most things.
_HEAD_START: Final[Mapping[str, float]] = MappingProxyType({"analyst": 1.0, "challenger": 0.5})
_BASE: Final = 1.0
_ON_CUE: Final = 2.0
_FIXED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "fan-out-compare": ("analyst", "critic", "strategist", "challenger", "researcher"),
        "fan-out-strategy": ("strategist", "analyst", "challenger", "researcher", "optimizer"),
    }
)


def build_auto(
    *, task: str, text: str, depth: Depth, perspectives: Sequence[str] = (), stages: Sequence[str] = ()
) -> tuple[Chain, tuple[str, ...]]:
    """The chain for the task, and what is wrong with the stages that were asked for by name."""
    pattern = find_pattern(task)
    unknown = tuple(
        f"There is no stage '{name[:40]}'; use any of {', '.join(STAGES)}" for name in stages if name not in STAGES
    )
    names = tuple(name for name in stages if name in STAGES) or plan_stages(pattern, depth)
    count = MEASURES[depth].perspective_count
    built = tuple(_stage(name, task, tuple(perspectives) or pick_perspectives(name, task, count)) for name in names)
    name = (task[:60].strip() or "General").split("\n")[0]
    return Chain(name, built, input=text or task, task=task, origin=f"auto {pattern.name} {depth}"), unknown


def find_pattern(task: str) -> Pattern:
    """The first kind whose words the task uses; general without any."""
    return next((pattern for pattern in PATTERNS if pattern.cues.search(task)), GENERAL)


def plan_stages(pattern: Pattern, depth: Depth) -> tuple[str, ...]:
    """The pattern's stages, more for a greater depth; too many lose from the middle, never first or last."""
    measure = MEASURES[depth]
    stages = list(pattern.stages)
    if measure.adds_challenge and "challenge" not in stages:
        stages.insert(len(stages) - 1, "challenge")
    if measure.adds_optimize:
        stages.append("optimize")
    while len(stages) > measure.most_stages:
        del stages[len(stages) // 2]
    return tuple(stages)


def pick_perspectives(stage: str, task: str, count: int) -> tuple[str, ...]:
    """The points of view that fit the task best, as many as the depth allows."""
    if stage in _FIXED:
        return _FIXED[stage][:count]
    ranked = sorted(_FAN_OUT, key=lambda name: -_fit(PERSPECTIVES[name], task))  # equals stay in order
    return tuple(ranked[:count])


def _fit(perspective: Perspective, task: str) -> float:
    has_cue = any(_has_word(cue, task) for cue in perspective.cues)
    return (_ON_CUE if has_cue else _BASE) + _HEAD_START.get(perspective.name, 0.0)


def _has_word(word: str, task: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", task, re.IGNORECASE) is not None


# --- the stages ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Recipe:
    title: str
    mode: StageMode
    prompt: str
    perspective: str = ""
    uses_web_search: bool = False
    is_required: bool = True


STAGES: Final[Mapping[str, _Recipe]] = MappingProxyType(
    {
        "extract": _Recipe(
            "Extract", StageMode.SINGLE, "Draw out everything in the material that bears on the task.", "extractor"
        ),
        "filter": _Recipe(
            "Filter", StageMode.SINGLE, "Keep what bears on the task, and put the most important first.", "filter"
        ),
        "enrich": _Recipe(
            "Enrich",
            StageMode.SINGLE,
            "Add what somebody needs to know who works on the task with this material.",
            "enricher",
            uses_web_search=True,
            is_required=False,
        ),
        "analyze": _Recipe(
            "Analyse", StageMode.SINGLE, "Analyse the material for the task: patterns, causes, consequences.", "analyst"
        ),
        "fan-out-perspectives": _Recipe(
            "Perspectives", StageMode.FAN_OUT, "Work on the task from your point of view, using the material."
        ),
        "fan-out-compare": _Recipe(
            "Compare",
            StageMode.FAN_OUT,
            "Compare what the task names, criterion by criterion, from your point of view. Say which you prefer on "
            "each criterion, by how much, and on what evidence.",
        ),
        "fan-out-strategy": _Recipe(
            "Strategy", StageMode.FAN_OUT, "Find and judge the opportunities in the material from your point of view."
        ),
        "challenge": _Recipe(
            "Challenge",
            StageMode.SINGLE,
            "Attack the findings so far: what is wrong, missing or too sure?",
            "challenger",
        ),
        "synthesize": _Recipe(
            "Synthesise",
            StageMode.REDUCE,
            "Write the answer to the task out of all of this: complete, without contradictions, and ready to be used.",
            "synthesizer",
        ),
        "optimize": _Recipe(
            "Optimise", StageMode.SINGLE, "Make the answer as clear, short and useful as it can be.", "optimizer"
        ),
    }
)


def _stage(name: str, task: str, perspectives: tuple[str, ...]) -> Stage:
    recipe = STAGES[name]
    prompt = f"{recipe.prompt}\n\nThe task: {task}" if task else recipe.prompt
    return Stage(
        name=recipe.title,
        mode=recipe.mode,
        prompts=(StagePrompt(prompt),),
        perspectives=perspectives if recipe.mode is StageMode.FAN_OUT else (recipe.perspective,),
        uses_web_search=recipe.uses_web_search,
        is_required=recipe.is_required,
    )
