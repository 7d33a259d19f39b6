"""The frozen shapes that travel between the stages of decomposing.

text -> Split -> Subtasks -> Graph -> Waves, with the models chosen in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum

from catalog.shapes import Budget, Category
from routing.shapes import Choice, RankedCandidate


class SplitKind(StrEnum):
    """How the text told its parts apart; NONE is one piece of work."""

    NUMBERED = "numbered"
    BULLETED = "bulleted"
    SEQUENCED = "sequenced"
    SEMICOLONS = "semicolons"
    PARAGRAPHS = "paragraphs"
    CONJUNCTION = "conjunction"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Split:
    """A task in parts, and what stood around them."""

    parts: tuple[str, ...]  # empty, or at least two
    preamble: str  # what holds for every part and is none itself: lead-ins, background, details
    kind: SplitKind
    reason: str  # why the text was split as it was, or was not


class Phase(IntEnum):
    """Where in a piece of work a part usually stands."""

    DISCOVER = 0
    DESIGN = 1
    SET_UP = 2
    BUILD = 3
    INTEGRATE = 4
    VERIFY = 5
    RELEASE = 6


class Artifact(StrEnum):
    """What a part of software work produces or needs."""

    SCHEMA = "schema"
    API = "api"
    COMPONENT = "component"
    CONFIG = "config"
    TEST = "test"
    DOCS = "docs"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a part is about, as far as the order of parts depends on it."""

    phase: Phase
    produces: frozenset[Artifact]  # what its verb acts on
    uses: frozenset[Artifact]  # what it names besides
    subject: frozenset[str]  # the words for the thing itself; empty: the whole
    persona: str  # "" unless the words call for one
    refers_back: bool = False  # "it", "them", "the results"
    is_phase_guessed: bool = False  # no word tells it


class EdgeType(StrEnum):
    PHASE = "phase"
    ARTIFACT = "artifact"
    TEMPORAL = "temporal"


@dataclass(frozen=True, slots=True)
class Edge:
    """The part at ``after`` waits for the part at ``before``; both count from 0."""

    before: int
    after: int
    type: EdgeType


@dataclass(frozen=True, slots=True)
class Graph:
    """Who waits for whom, without circles and without edges that others imply."""

    edges: tuple[Edge, ...]
    warning: str = ""  # a circle was found, and how it was broken


@dataclass(frozen=True, slots=True)
class Subtask:
    """One part with everything decided about it."""

    text: str
    category: Category
    budget: Budget
    persona: str
    model: RankedCandidate | None
    reason: str  # why this model, or why none
    confidence_prob: float = 1.0  # of the classifier, in what it said
    candidate_count: int = 0  # among which the model is the best
    engine: str = ""  # what said which kind of work it is


@dataclass(frozen=True, slots=True)
class CostInterval:
    """What the whole would cost between short and long answers; None where a price is unknown."""

    low_usd: Decimal | None
    high_usd: Decimal | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class DecomposeRequest:
    """What a caller wants taken apart; ``context`` is handed back as it came."""

    task: str
    budget: Budget = Budget.MEDIUM
    context: object = None
    context_tags: tuple[str, ...] = ()
    max_parallel: int = 5


@dataclass(frozen=True, slots=True)
class Steps:
    """The parts of a task in the order of its text, each with its model."""

    request: DecomposeRequest
    split: Split
    subtasks: tuple[Subtask, ...]
    decision_id: str = ""  # "" where nothing was stored


@dataclass(frozen=True, slots=True)
class Swarm:
    """The parts as a graph in waves; ``waves`` holds positions in the steps' subtasks."""

    steps: Steps
    graph: Graph
    waves: tuple[tuple[int, ...], ...]
    cost: CostInterval


# The model for each part at its budget, with the kind of work that the part is.
Choose = Callable[[Sequence[tuple[str, Budget]]], Sequence[Choice]]
