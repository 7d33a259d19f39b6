"""The frozen shapes that travel between the stages of feedback, and its closed sets of words.

work -> rating -> lessons -> record of a model -> adjustment; see ``feedback/README.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from catalog.shapes import Category


class Verdict(StrEnum):
    """What became of a piece of work, in a word."""

    ACCEPTED = "accepted"
    REDONE = "redone"
    PREFERRED = "preferred"  # over the others, not knowing whose they were
    PASSED_OVER = "passed_over"  # for another one
    SET_ASIDE = "set_aside"  # not worth a rating: it waits no longer, and teaches nothing


SAID_BY_HAND = (Verdict.ACCEPTED, Verdict.REDONE)  # what a person may say beside a score, or instead of one


class Reason(StrEnum):
    """Why, in a word; as many as apply."""

    WRONG = "wrong"
    INCOMPLETE = "incomplete"
    TOO_SLOW = "too slow"
    TOO_EXPENSIVE = "too expensive"
    GREAT = "great"


class SpawnMode(StrEnum):
    """How a logged piece of work came about, in the words of the ancestor's clients and of our runs."""

    SINGLE = "single"
    COLLECTIVE = "collective"
    CASCADE = "cascade"
    PLAN = "plan"
    SWARM = "swarm"
    PARALLEL = "parallel"
    RESEARCH = "research"
    CHAIN = "chain"


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of a piece of work: a score from 1 to 5, a verdict, or both."""

    score: int | None = None
    verdict: Verdict | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rating is about: a run, one node of it, a logged spawn, or (all empty) work nobody logged."""

    run_id: UUID | None = None
    node_key: str = ""
    spawn_id: int | None = None

    def __str__(self) -> str:
        if self.run_id is not None:
            return f"run {self.run_id}" + (f", {self.node_key}" if self.node_key else "")
        return f"spawn {self.spawn_id}" if self.spawn_id is not None else "work elsewhere"


@dataclass(frozen=True, slots=True)
class SpawnNote:
    """A client's word that a model was given work."""

    model_id: str
    category: Category
    budget: str = "medium"
    mode: SpawnMode = SpawnMode.SINGLE
    role: str = "primary"
    source: str = "api"
    context_tags: tuple[str, ...] = ()
    decision_id: UUID | None = None  # that chose the model


@dataclass(frozen=True, slots=True)
class OutcomeNote:
    """A client's word on how a model did; the work itself may never have been logged."""

    model_id: str
    category: Category
    score: int
    context_tags: tuple[str, ...] = ()
    decision_id: UUID | None = None  # that chose the model


# --- learn ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credit:
    """The share of a rating that falls to one model in one category."""

    model_id: str
    category: Category
    weight_share: float
    context_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one rating says about one model: how good (0-1), how much it weighs, and when it was said."""

    model_id: str
    category: Category
    worth_share: float
    weight_share: float
    at: datetime
    context_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """Decayed evidence on one model in one category, on one context tag or (empty) on all."""

    model_id: str
    category: Category
    context_tag: str
    success_share: float  # 0-1, the decayed mean
    sample_count: float  # decayed, so not whole
    rating_count: int  # as many ratings as were counted
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of a rate: its likeliest value and the interval that holds it in eight of ten cases."""

    mean: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class CategorySwitch:
    """Whether a person's ratings in a category count, and from when on."""

    category: Category
    is_on: bool = True
    counts_from: datetime | None = None  # None: from the first
