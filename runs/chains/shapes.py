"""The frozen shapes of chains: stages one after the other, and the words they are described with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StageMode(StrEnum):
    """How a stage divides its work."""

    SINGLE = "single"  # one task over everything that came in
    PARALLEL = "parallel"  # one task per prompt; one prompt over a list is one task per item
    FAN_OUT = "fan-out"  # the same prompt, one task per perspective
    REDUCE = "reduce"  # many texts into one


class TransformRule(StrEnum):
    """What is done to texts between stages, by rule and without a model."""

    MERGE = "merge"  # all texts under their headings
    MERGE_UNIQUE = "mergeUnique"  # every distinct line once
    BEST = "best"  # the fullest text
    SPLIT = "split"  # into a list of items
    PASSTHROUGH = "passthrough"  # as it came
    JSON_PARSE = "jsonParse"  # the JSON in the text, checked


class Depth(StrEnum):
    """How much an automatic chain is worth."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"
    EXHAUSTIVE = "exhaustive"


@dataclass(frozen=True, slots=True)
class StagePrompt:
    """One task of a parallel stage; with an input of its own it does not take what came in."""

    instruction: str
    own_input: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as its author meant it."""

    name: str
    mode: StageMode = StageMode.SINGLE
    prompts: tuple[StagePrompt, ...] = ()
    perspectives: tuple[str, ...] = ()  # names of ours, or words of the author's own
    system_prompt: str = ""
    context: str = ""
    uses_web_search: bool = False
    input_transform: TransformRule | None = None
    output_transform: TransformRule | None = None
    max_input_chars: int | None = None  # None: as much as the model takes
    is_required: bool = True  # False: if it fails, the chain goes on with what it had before


@dataclass(frozen=True, slots=True)
class Chain:
    """Stages in order, and the text that the first one works on."""

    name: str
    stages: tuple[Stage, ...]
    input: str = ""
    task: str = ""  # what all of it is for, in the caller's words
    origin: str = "own"  # "own", "template swot", "auto comparative standard"
