"""What a caller wants done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from catalog.shapes import Budget
from runs.shapes.words import JsonObject, Mode


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
