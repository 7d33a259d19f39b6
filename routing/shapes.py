"""The frozen shapes that travel between the stages of routing.

features -> policy -> decision; see ``routing/README.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from catalog.shapes import Budget, Category
from routing.exploring.shapes import Trial


class TaskType(StrEnum):
    """What the last deliverable of a kickoff consists of, in the order of the classifier's outputs."""

    BUGFIX = "bugfix"
    FEATURE = "feature"
    REFACTOR = "refactor"
    TEST = "test"
    DESIGN = "design"
    DOCS = "docs"
    MIGRATION = "migration"
    EXPLORATION = "exploration"


class Complexity(StrEnum):
    """How much a capable engineer has to think, in the order of the classifier's outputs."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Risk(StrEnum):
    """The harm if the work is subtly wrong and goes live, in the order of the classifier's outputs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


# --- request -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What a caller asks for: a task in words, and what to heed in choosing for it."""

    task: str
    budget: Budget = Budget.MEDIUM
    exclude: frozenset[str] = frozenset()
    context_tags: tuple[str, ...] = ()
    required_capabilities: tuple[str, ...] = ()
    min_context_tokens: int | None = None
    preference: int | None = None  # 0: every cent counts, 10: quality alone; None: by score, ties by price
    count: int = 1
    may_try_others: bool = False  # it is a run's work, and neither judges nor merges
    category: Category | None = None  # where who asks knows the kind of work, whatever the words say


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What a caller says when a task starts."""

    task: str
    files: tuple[str, ...] = ()  # paths that are open
    stack: tuple[str, ...] = ()
    session_id: str = ""
    related_to: str = ""  # the session of a task that this one goes on from
    budget: Budget | None = None  # None: as the tier says
    drivers: tuple[str, ...] = ()  # empty: every driver there is
    exclude: frozenset[str] = frozenset()


# --- features ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Label:
    """One head's answer: the likeliest word, how sure, and what else it considered."""

    value: str
    confidence_prob: float  # calibrated: of answers with 0.8, eight in ten are right
    probs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Classification:
    """What a classifier makes of a task text."""

    category: Label
    task_type: Label
    complexity: Label
    risk: Label
    sub_dimensions: Mapping[str, float]  # "reasoning_depth": 0-1; empty where only words were looked at
    engine: str  # "smart-spawn-router 1 (int8)", "keywords"
    engine_sha256: str = ""
    is_fallback: bool = False  # the bundle could not be used; words decided
    note: str = ""  # why it is a fallback


@dataclass(frozen=True, slots=True)
class Features:
    """All that choosing looks at: what kind of work it is, and what it needs."""

    task: str
    classification: Classification
    category: Category  # asked for by name, or the classification's
    is_category_given: bool
    context_tags: tuple[str, ...] = ()
    required_capabilities: tuple[str, ...] = ()
    min_context_tokens: int | None = None


# --- choose --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """The hard filters of one request, merged from site, user, key and the request itself."""

    budget: Budget = Budget.MEDIUM
    exclude: frozenset[str] = frozenset()
    allow_models: frozenset[str] = frozenset()  # empty: every model
    deny_models: frozenset[str] = frozenset()
    allow_providers: frozenset[str] = frozenset()  # empty: every provider
    deny_providers: frozenset[str] = frozenset()
    max_prompt_usd_per_mtok: Decimal | None = None
    max_completion_usd_per_mtok: Decimal | None = None
    is_moderated_only: bool = False
    is_free_excluded: bool = False  # free endpoints may train on what they are sent


class Evidence(StrEnum):
    """Where a part of a blended score comes from."""

    BENCHMARK = "benchmark"
    PERSONAL = "personal"
    COMMUNITY = "community"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What was learned about a model in a category (and on a context tag): a rate with its sample."""

    evidence: Evidence
    model_id: str
    category: Category
    success_share: float  # 0-1, the raw rate in the sample
    sample_count: float  # decayed, so not whole
    context_tag: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BlendPart:
    """One part of a blended score with the weight its evidence earned."""

    evidence: Evidence
    value: float  # 0-100
    weight_share: float
    sample_count: float = 0.0
    detail: str = ""  # "14 ratings, 12 good"


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """A model that passed every filter, with the score it is ranked by and how that came about."""

    model_id: str
    name: str
    provider: str
    score: float  # what it is ranked by
    benchmark_score: float
    lower: float
    upper: float
    coverage_share: float
    parts: tuple[BlendPart, ...]
    context_boost: float
    personal_share: float | None
    prompt_usd_per_mtok: Decimal | None
    completion_usd_per_mtok: Decimal | None
    context_length_tokens: int | None
    reasons: tuple[str, ...] = ()
    caution: float = 0.0  # taken off the score for what neither benchmarks nor ratings cover
    source_count: int = 0  # that may be named; the catalogue's own is one of them
    is_fast: bool = False
    cost_penalty: float = 0.0  # taken off in ranking, not in the score, where cost counts beside quality


@dataclass(frozen=True, slots=True)
class Removal:
    """A filter, and which models it took out of the running."""

    filter: str  # "budget", "vision", "denied provider"
    reason: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What the policy chose, what stood behind it, and what was not considered and why."""

    features: Features
    limits: Limits
    ranked: tuple[RankedCandidate, ...]
    removals: tuple[Removal, ...]
    reason: str
    preference: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A stored choice; with snapshot, policy version and adjustment revision it can be replayed."""

    decision_id: str
    made_at: datetime
    kind: str  # "pick", "recommend", "route", "decompose", "swarm", "run", "chat"
    choice: Choice
    catalog_revision: int
    policy_version: str
    adjustment_revision: int
    chosen: tuple[str, ...]
    trial: Trial | None = None  # where another model than the leader might have been tried


@dataclass(frozen=True, slots=True)
class RouteAnswer:
    """Who does a task: a driver with a model, why, and whether a person must say yes first."""

    driver: str
    candidate: RankedCandidate
    tier: str
    rationale: str
    classification: Classification
    is_confirmation_required: bool
    confirmation_reason: str
    decision_id: str
    rules_version: str
    runners_up: tuple[RankedCandidate, ...] = ()
    session_id: str = ""
    is_locked: bool = False  # answered from the session, which keeps its model
    is_overridden: bool = False  # a person chose the session's model
    inherited_tier: str = ""  # the tier of related work, where it is higher than this task's own
