"""What travels between the parts of the community, and its closed sets of words.

report -> vote of an instance -> vote of its network -> robust score -> aggregate -> adjustment
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from catalog.shapes import Category


class PostKind(StrEnum):
    """What is sent to the community server."""

    REPORT = "report"
    WITHDRAW = "withdraw"  # forget all that came from this instance


class PostState(StrEnum):
    """How far it has come."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Report:
    """What an instance says of a model in one category; exactly what goes over the wire."""

    model_id: str
    category: Category
    score: int
    instance_id: str


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one instance said of one model in one category within one month."""

    model_id: str
    category: Category
    instance: str  # a hash
    network: str  # a hash that says nothing outside its month
    month: date
    score_sum: int
    rating_count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class CommunityScore:
    """What a community holds of a model in one category."""

    model_id: str
    category: Category
    mean_score: float  # 1-5
    success_share: float  # 0-1
    vote_weight: float  # decayed votes, one for each network
    reporter_count: int  # so many at least
    rating_count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Aggregate:
    """All scores of one publisher at one moment."""

    publisher: UUID
    published_at: datetime
    scores: tuple[CommunityScore, ...]
