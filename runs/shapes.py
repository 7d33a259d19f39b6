"""The frozen shapes that travel between the stages of a run, and its closed sets of words.

request -> plan -> nodes -> results; see ``runs/README.md``. Money is in whole nano-dollars: a call of ten
tokens at $0.02 a million costs 200 of them and would vanish in micro-dollars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from catalog.shapes import Budget

# What JSON can say. Messages, tools and schemas travel as they came and are never looked into deeply.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
JsonObject = Mapping[str, object]


class Mode(StrEnum):
    """How the work is cut into nodes; the first five are the ancestor's, the next three Swarm's."""

    SINGLE = "single"
    COLLECTIVE = "collective"
    CASCADE = "cascade"
    PLAN = "plan"
    SWARM = "swarm"
    PARALLEL = "parallel"
    RESEARCH = "research"
    CHAIN = "chain"


class RunStatus(StrEnum):
    """Where a run stands."""

    AWAITING_APPROVAL = "awaiting_approval"  # dearer than its owner lets pass without a word
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    BUDGET_EXHAUSTED = "budget_exhausted"  # ended with what there was; the partial result is kept

    @property
    def is_final(self) -> bool:
        return self not in (RunStatus.AWAITING_APPROVAL, RunStatus.QUEUED, RunStatus.RUNNING)


class NodeStatus(StrEnum):
    """Where a node stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"  # not needed, or what it needs did not come
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self not in (NodeStatus.QUEUED, NodeStatus.RUNNING)


# --- request -------------------------------------------------------------------------------


class MergeStyle(StrEnum):
    """What a merge of several answers is to look like."""

    CONCISE = "concise"
    DETAILED = "detailed"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """The role blocks that are composed into every prompt of a run."""

    persona: str = ""
    stack: tuple[str, ...] = ()
    domain: str = ""
    format: str = ""
    guardrails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What may be added to any mode."""

    reflect: bool = False  # a critic reads the final text; below the threshold it is written again
    reflect_threshold: float = 7.0
    max_refinements: int = 1
    vote_count: int = 0  # 2-7: so many answers to each task, of which a judge takes the best
    skeleton: bool = False  # outline, sections in parallel, merge
    schema: JsonObject | None = None  # JSON Schema that the final answer must satisfy
    web_search: bool = False  # let models search where their provider can
    stream: bool = True  # keep partial texts for whoever watches
    share_equal: bool = True  # parallel: equal prompts are asked once, and the answer serves all


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a caller wants done, and within which bounds."""

    mode: Mode
    task: str = ""
    prompts: tuple[str, ...] = ()  # parallel
    subjects: tuple[str, ...] = ()  # research
    topic: str = ""  # research
    chain: JsonObject | None = None  # a chain's definition, or {"auto": {...}} or {"template": ...}
    context: str = ""  # background that every prompt carries
    context_tags: tuple[str, ...] = ()  # what routing heeds: "typescript", "vision"
    label: str = ""
    role: RoleRequest = field(default_factory=RoleRequest)
    options: RunOptions = field(default_factory=RunOptions)
    # --- which models
    budget: Budget = Budget.MEDIUM
    preference: int | None = None  # 0-10, as routing has it
    model: str = ""  # asked for by name: no choosing
    node_models: Mapping[str, str] = field(default_factory=dict)  # node key -> model, chosen by hand
    exclude: frozenset[str] = frozenset()
    collective_count: int = 3
    merge_style: MergeStyle | None = None  # None: as the mode has it
    merge_model: str = ""
    judge_model: str = ""
    judge_threshold: float = 7.0  # a cascade's cheap answer below it is escalated
    driver: str = ""  # "" is the API; otherwise a command-line harness by its name
    # --- bounds
    max_usd: Decimal | None = None  # None: the site's MAX_USD_PER_RUN; 0: nothing
    approve_above_usd: Decimal | None = None  # None: as the person has set it
    max_output_tokens: int | None = None
    temperature: float | None = None
    max_parallel_nodes: int | None = None
    node_timeout_s: float | None = None
    run_timeout_s: float | None = None
    is_simulated: bool = False  # by the provider simulator alone, and kept out of spend


# --- plan ----------------------------------------------------------------------------------


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
    expands: str = ""  # what its output grows into: "sections", "items"; see runs/expansion.py
    params: Mapping[str, object] = field(default_factory=dict)  # of a search, a fetch, a transform
    wave: int = 0  # how many nodes must end one after the other before it


@dataclass(frozen=True, slots=True)
class CostForecast:
    """What a plan will cost, in nano-dollars; None where a price is unknown."""

    expected_nano_usd: int | None
    likely_worst_nano_usd: int | None  # nine runs in ten stay below
    worst_nano_usd: int | None  # every node, every attempt, every token allowed
    unknown_models: tuple[str, ...] = ()


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


# --- nodes ---------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in buckets that do not overlap; their sum is the provider's total."""

    fresh_input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0  # without reasoning
    reasoning_tokens: int = 0
    search_count: int = 0  # web searches that the provider made and bills apart; no tokens
    is_estimated: bool = False  # the provider gave no count, or the call was cut off

    @property
    def input_tokens(self) -> int:
        return self.fresh_input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def completion_tokens(self) -> int:
        return self.output_tokens + self.reasoning_tokens

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.completion_tokens


class CallStatus(StrEnum):
    """How a call to a provider ended."""

    OK = "ok"
    FAILED = "failed"
    CANCELED = "canceled"
    UNCERTAIN = "uncertain"  # a crash fell between the call and its record: nobody here knows whether it was billed


# --- providers -----------------------------------------------------------------------------


class Protocol(StrEnum):
    """The languages in which providers are spoken to."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place that serves a model: connection, address, and the model's name there. Holds no secret."""

    connection: str  # "openrouter", "anthropic", "ollama-2": the key of the connection
    provider: str  # "openrouter", "anthropic", ...
    protocol: Protocol
    base_url: str
    wire_model: str  # the model's name at this place
    model_id: str  # the model's id in the catalogue; for a local model its own name
    is_simulated: bool = False
    allows_private: bool = False  # an admin allowed this connection to reach private addresses
    prompt_usd_per_mtok: Decimal | None = None
    completion_usd_per_mtok: Decimal | None = None
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_usd_per_mtok: Decimal | None = None
    price_source: str = ""  # "catalogue revision 41", "connection", "flat assumption"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call of a model; messages, tools and formats as OpenAI's chat completions write them."""

    messages: tuple[JsonObject, ...]
    max_output_tokens: int
    temperature: float | None = None
    tools: tuple[JsonObject, ...] = ()
    tool_choice: object = None
    response_format: JsonObject | None = None
    uses_web_search: bool = False
    timeout_s: float = 180.0  # the whole call
    idempotency_key: str = ""
    extra: JsonObject = field(default_factory=dict)  # handed on as it is where the protocol is the same


@dataclass(frozen=True, slots=True)
class ChatDelta:
    """A piece of an answer while it is being made."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[JsonObject, ...] = ()  # as OpenAI streams them
    finish_reason: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that a provider says an answer rests on."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class ChatResult:
    """A whole answer with what it took."""

    text: str
    usage: Usage
    finish_reason: str = "stop"  # stop, length, tool_calls, content_filter
    reasoning: str = ""
    tool_calls: tuple[JsonObject, ...] = ()
    citations: tuple[Citation, ...] = ()
    reported_cost_usd: Decimal | None = None
    served_model: str = ""  # as the provider names it
    served_provider: str = ""
    request_id: str = ""
    first_token_ms: float | None = None
    duration_ms: float = 0.0


class FaultAction(StrEnum):
    """What to do about a failed call."""

    RETRY = "retry"  # the same place again, after a wait
    NEXT_ENDPOINT = "next_endpoint"  # another place or model may do it
    STOP_RUN = "stop_run"  # every further call would fail too: a revoked key, no credit anywhere
    ASK_PERSON = "ask_person"  # only a person can mend it
    FAIL_NODE = "fail_node"  # this request is wrong and stays wrong


# --- ledger --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Payer:
    """On whose account a call goes, and what the ledger tells of it."""

    user_id: int | None = None
    key_id: int | None = None
    run_id: UUID | None = None
    mode: str = ""  # a run's mode, or "chat"
    category: str = ""
    driver: str = "api"
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class CallQuote:
    """A call that somebody wants to make, with the most it is expected to cost."""

    call_id: UUID  # uuid5 of run, node and attempt: the same call asked for twice is one
    payer: Payer
    endpoint: Endpoint
    node_key: str
    attempt: int
    purpose: Purpose
    amount_nano_usd: int
    expires_in_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Grant:
    """The ledger's leave to make one call; only ``runs.ledger`` makes one, and no call goes out without."""

    call_id: UUID
    amount_nano_usd: int
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a granted call came to."""

    call_id: UUID
    status: CallStatus
    usage: Usage
    cost_nano_usd: int
    computed_nano_usd: int | None = None  # tokens times price
    reported_nano_usd: int | None = None  # what the provider says it bills
    served_model: str = ""
    latency_ms: int | None = None
    first_token_ms: int | None = None
    error_code: str = ""
