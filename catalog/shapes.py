"""The frozen shapes that travel between the stages of the catalog.

sources -> matching -> scoring -> snapshot; see ``catalog/README.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Source(StrEnum):
    """Who publishes; the values are the keys that the HTTP API has always used."""

    OPENROUTER = "openrouter"
    ARTIFICIAL_ANALYSIS = "artificial-analysis"
    HF_LEADERBOARD = "hf-leaderboard"
    LMARENA = "lmarena"
    LIVEBENCH = "livebench"


class Category(StrEnum):
    """What kind of task a score is about, in the order in which pages list them."""

    GENERAL = "general"
    CODING = "coding"
    REASONING = "reasoning"
    VISION = "vision"
    FAST_CHEAP = "fast-cheap"
    RESEARCH = "research"
    CREATIVE = "creative"


class Tier(StrEnum):
    PREMIUM = "premium"
    STANDARD = "standard"
    BUDGET = "budget"


class Budget(StrEnum):
    """The ancestor's price ranges per million prompt tokens; the bounds stand in ``rules.py``."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    ANY = "any"


# --- fetch ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Payload:
    """One upstream answer as it came, with where and when it came from."""

    source: Source
    part: str  # which of the source's files: "models", "text_style_control", "table_2026_06_25"
    url: str
    body: bytes
    sha256: str
    fetched_at: datetime
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a reader must know about a source before believing or passing on its numbers."""

    key: Source
    title: str
    home_url: str
    licence: str
    attribution: str  # the line that must stand wherever its numbers are shown
    refresh_minutes: int
    is_on_by_default: bool
    needs_key: bool  # and accepted terms: its values are for signed-in people only
    is_redistributable: bool  # may its values ship with the product, in the embedded snapshot
    note: str = ""  # a trap or a limit worth showing on the sources page


# --- parse ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of one benchmark, on that benchmark's own scale."""

    benchmark: str  # "lmarena.text.coding", "livebench.reasoning", "aa.gpqa", "hf.gpqa"
    value: float
    release: str = ""  # values of one benchmark compare only within one release
    lower: float | None = None  # the publisher's own 95 % interval
    upper: float | None = None
    vote_count: int | None = None
    measured_on: date | None = None


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One row of a benchmark source: a name as the source writes it, and what it measured."""

    source: Source
    name: str
    slug: str = ""
    organization: str = ""
    external_id: str = ""  # the source's own stable key, where it has one
    released_on: date | None = None
    measures: tuple[Measure, ...] = ()
    payload_sha256: str = ""
    note: str = ""  # what the source itself warns of: "flagged by the leaderboard"


@dataclass(frozen=True, slots=True)
class PriceOverride:
    """A price that replaces the listed one under a condition: a long prompt, or a time of day."""

    min_prompt_tokens: int | None = None
    utc_start: str = ""  # "HHMM"; the window may wrap past midnight
    utc_end: str = ""
    prompt_usd_per_mtok: Decimal | None = None
    completion_usd_per_mtok: Decimal | None = None
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_usd_per_mtok: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Pricing:
    """What a provider asks; a price that is not known is None, never zero."""

    prompt_usd_per_mtok: Decimal | None = None
    completion_usd_per_mtok: Decimal | None = None
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_usd_per_mtok: Decimal | None = None
    reasoning_usd_per_mtok: Decimal | None = None
    request_usd: Decimal | None = None
    image_usd: Decimal | None = None
    web_search_usd: Decimal | None = None
    is_dynamic: bool = False  # the upstream lists "-1": the price is set per request
    overrides: tuple[PriceOverride, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One language model as the catalogue source lists it."""

    model_id: str
    name: str
    pricing: Pricing
    canonical_slug: str = ""
    hugging_face_id: str = ""
    description: str = ""
    created_at: datetime | None = None
    context_length_tokens: int | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    supported_parameters: tuple[str, ...] = ()
    reasoning_efforts: tuple[str, ...] = ()
    is_reasoning_mandatory: bool = False
    is_moderated: bool = False
    knowledge_cutoff: str = ""
    expires_on: date | None = None
    alias_target: str = ""
    payload_sha256: str = ""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One upstream row that could not be read, and why; it never costs the other rows."""

    source: Source
    part: str
    row: int
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class ParsedSource:
    """Everything one source said, in our words."""

    source: Source
    models: tuple[ModelFacts, ...] = ()  # only the catalogue source lists models
    records: tuple[SourceRecord, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    as_of: date | None = None  # the date the source itself gives its data
    version: str = ""  # release or index version, where the source has one
    row_count: int = 0  # upstream rows read, the rejected among them; an LMArena row is one rating


# --- match ---------------------------------------------------------------------------------


class MatchRule(StrEnum):
    """How a name found its model, surest first; NONE is a refusal."""

    ALIAS = "alias"  # an admin's row
    HUGGING_FACE_ID = "hugging-face-id"
    EXACT = "exact"
    NORMALISED = "normalised"
    VARIANT = "variant"  # the same model at an effort, thinking or date variant
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Alias:
    """An admin's word on a name; an empty model_id says that the model is not listed."""

    source: str  # a Source value, or "" for every source
    name: str
    model_id: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    model_id: str
    similarity_share: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """What became of one source name: a model id with its reason, or a refusal with its reason."""

    source: Source
    source_name: str
    model_id: str | None
    rule: MatchRule
    confidence_prob: float
    reason: str
    effort: str = ""  # "high", "thinking-32k", "non-reasoning": attributes of the one model
    suggestions: tuple[Suggestion, ...] = ()


# --- score ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One benchmark's share in one category score, with all that is needed to check it."""

    benchmark: str
    source: Source
    source_name: str  # the row's name as the source writes it
    value: float
    z: float
    weight_share: float
    release: str = ""
    lower: float | None = None
    upper: float | None = None
    vote_count: int | None = None
    measured_on: date | None = None
    effort: str = ""
    payload_sha256: str = ""
    is_inherited: bool = False  # taken from the base model of a variant such as ``:free``


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """A 0-100 score with its 80 % interval and the parts it was made of."""

    value: float
    lower: float
    upper: float
    coverage_share: float  # 0 = nothing measured, the prior alone; 1 = every weighted benchmark
    parts: tuple[ScorePart, ...] = ()
    prior_value: float | None = None  # what price, provider and age predict
    prior_weight_share: float = 0.0
    is_overridden: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    vision: bool = False
    function_calling: bool = False
    json: bool = False
    reasoning: bool = False
    streaming: bool = True


@dataclass(frozen=True, slots=True)
class Speed:
    output_tokens_per_s: float | None = None
    time_to_first_token_s: float | None = None
    source: Source = Source.ARTIFICIAL_ANALYSIS
    measured_on: date | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """An admin's correction of one field of one model; it beats every source."""

    model_id: str
    field: str  # "score.coding", "categories", "price.prompt", "price.completion"
    value: str  # a number, or a comma-separated list of categories
    by: str = ""
    why: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A language model in a snapshot: its facts, what was measured, and what we make of it."""

    facts: ModelFacts
    provider: str
    is_candidate: bool  # may be chosen for a task; False for routers, batch and audio entries
    capabilities: Capabilities
    tier: Tier
    categories: tuple[Category, ...]
    tags: tuple[str, ...]
    scores: Mapping[Category, CategoryScore]
    cost_efficiency: Mapping[Category, float]  # score per dollar (prompt + completion, per Mtok)
    ancestor_scores: Mapping[Category, float]  # the base line, by the ancestor's formula
    records: tuple[SourceRecord, ...] = ()  # every matched row, best effort variant first
    matches: tuple[Match, ...] = ()
    sources: tuple[Source, ...] = (Source.OPENROUTER,)
    speed: Speed | None = None
    base_id: str = ""  # for ``:free`` and the like: the model whose benchmarks it shares
    not_candidate_reason: str = ""
    overrides: tuple[Override, ...] = ()
    updated_at: datetime | None = None  # when any of its facts or scores last changed


@dataclass(frozen=True, slots=True)
class BenchmarkStats:
    """The population that a z-score refers to."""

    benchmark: str
    release: str
    mean: float
    stddev: float
    count: int


@dataclass(frozen=True, slots=True)
class SourceUse:
    """Which state of a source a snapshot was made from."""

    source: Source
    fetched_at: datetime
    row_count: int
    matched_count: int
    payload_sha256s: tuple[str, ...] = ()
    as_of: date | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole catalogue at one moment; immutable once published."""

    entries: tuple[Entry, ...]
    sources: tuple[SourceUse, ...]
    policy_version: str  # weights, rules and matching rules that made it
    benchmarks: tuple[BenchmarkStats, ...] = ()
    unmatched: tuple[Match, ...] = ()
    revision: int = 0  # 0 until published
    published_at: datetime | None = None


# --- publish -------------------------------------------------------------------------------


class DifferenceKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    PRICE = "price"
    LIMIT = "limit"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that moved between a snapshot and the one before it."""

    kind: DifferenceKind
    model_id: str
    model_name: str
    field: str = ""
    before: str = ""
    after: str = ""
