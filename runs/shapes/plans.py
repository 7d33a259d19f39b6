"""What will be done: nodes, what they wait for, what they get and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from runs.shapes.words import Json, JsonObject, Mode, NodeStatus


class NodeKind(StrEnum):
    """What doing a node means."""

    CALL = "call"  # a language model over a provider's API
    HARNESS = "harness"  # a command-line agent
    SEARCH = "search"  # a search provider; the output is a list of results
    FETCH = "fetch"  # the pages a search found, as text
    TRANSFORM = "transform"  # text in, text out, by rule


class Purpose(StrEnum):
    """What a node is for; the ledger tells the cost of judging and merging from that of the work."""

    TASK = "task"
    MERGE = "merge"
    JUDGE = "judge"
    ESCALATION = "escalation"
    CRITIC = "critic"
    REFINE = "refine"
    OUTLINE = "outline"
    SECTION = "section"
    STEP = "step"
    SEARCH = "search"
    FETCH = "fetch"
    STAGE = "stage"
    PLANNER = "planner"
    CHAT = "chat"  # a call of /v1, outside any run


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model for a node, with the price it was chosen at and why."""

    model_id: str  # as the catalogue has it
    reason: str = ""
    category: str = ""
    score: float | None = None
    prompt_usd_per_mtok: Decimal | None = None  # None: unknown
    completion_usd_per_mtok: Decimal | None = None
    most_search_usd: Decimal | None = None  # of one call, where the provider searches; None: no published price
    context_length_tokens: int | None = None
    max_output_tokens: int | None = None
    decision_id: str = ""


class GateKind(StrEnum):
    """When a node is needed at all."""

    SCORE_BELOW = "score_below"  # the watched node's score is below the threshold, or it gave none
    FAILED_OR_BELOW = "failed_or_below"  # the same, and also when the watched node failed


@dataclass(frozen=True, slots=True)
class Gate:
    """A node runs only if this holds once what it depends on has ended; otherwise it is skipped."""

    kind: GateKind
    node: str
    threshold: float = 7.0


class Feed(StrEnum):
    """How the outputs of what a node depends on enter its prompt."""

    NONE = "none"
    CONTEXT = "context"  # as background, under a heading each
    CANDIDATES = "candidates"  # as answers to be compared or merged
    PREVIOUS = "previous"  # as the one text that is to be judged, refined or gone on from


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One piece of work, complete in itself: with the outputs it depends on it can be done again."""

    key: str  # unique in its run: "task-1", "judge", "merge"
    kind: NodeKind
    purpose: Purpose
    title: str  # a line for people
    prompt: str = ""
    system: str = ""  # the composed role
    depends_on: tuple[str, ...] = ()
    feed: Feed = Feed.NONE
    least_inputs: int | None = None  # None: all of depends_on must have an output; n: that many do
    gate: Gate | None = None
    model: ModelChoice | None = None
    fallbacks: tuple[ModelChoice, ...] = ()
    max_output_tokens: int = 4096
    temperature: float | None = None
    timeout_s: float | None = None
    max_attempts: int = 3
    schema: JsonObject | None = None  # the answer must satisfy it
    uses_web_search: bool = False
    expands: str = ""  # what its output grows into: "sections", "items"; see runs/graph/expansion.py
    params: Mapping[str, object] = field(default_factory=dict)  # of a search, a fetch, a transform
    wave: int = 0  # how many nodes must end one after the other before it


@dataclass(frozen=True, slots=True)
class CostForecast:
    """What a plan will cost, in nano-dollars; None where a price is unknown."""

    expected_nano_usd: int | None
    likely_worst_nano_usd: int | None  # nine runs in ten stay below
    worst_nano_usd: int | None  # every node, every attempt, every token allowed
    unknown_models: tuple[str, ...] = ()
    unknown_search_fees: tuple[str, ...] = ()  # models whose searches cost what nobody publishes; not in the sums


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, in which order, by which models."""

    mode: Mode
    nodes: tuple[NodeSpec, ...]
    final: str  # the node whose output is the answer; "": the outputs of all tasks are
    summary: str  # "3 models answer, claude-sonnet-4 merges"
    notes: tuple[str, ...] = ()  # what did not go as asked: "the task has one part: planned as single"
    decision_ids: tuple[str, ...] = ()
    wording_version: str = ""  # of the prompts it was made with; answers compare only within one


@dataclass(frozen=True, slots=True)
class PlanGrowth:
    """What a finished node adds to its plan."""

    nodes: tuple[NodeSpec, ...]
    depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # node -> what it now waits for


@dataclass(frozen=True, slots=True)
class NodeInput:
    """What a node gets from one that it depends on."""

    key: str
    title: str
    status: NodeStatus
    output: str = ""
    score: float | None = None
    model_id: str = ""
    data: Json = None  # a structured reading of the output, where there is one


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says beyond its text, and whether it is an answer at all."""

    output: str  # the text to keep
    score: float | None = None  # of a judge or critic, 1-10
    data: Json = None  # parsed JSON: a verdict, a structured answer
    problem: str = ""  # why the answer cannot be used: "empty", "cut off", "does not satisfy the schema: ..."
