"""The community's reads, as shapes: scores, who says them, what they move, and what a person has sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import BooleanField, Case, Q, When

from catalog.queries import find_current_snapshot
from catalog.shapes import Category
from feedback.community.models import CommunityPost, CommunityScoreRow, Sharer
from feedback.community.publishing import join_rows, joined_scores
from feedback.community.shapes import CommunityScore
from feedback.community.sharing import GIVEN_UP
from routing.blending import blend
from routing.shapes import Adjustment, Evidence
from routing.thresholds import CURRENT_POLICY
from smartspawn.access.shapes import Actor

MOST_LISTED: Final = 50
MOST_MOVES: Final = 100


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who says what, and since when."""

    publisher: UUID
    is_own: bool
    is_imported: bool
    published_at: datetime
    score_count: int


@dataclass(frozen=True, slots=True)
class Move:
    """What the community does to one model's score in one category."""

    score: CommunityScore
    before: float
    after: float
    weight_share: float

    @property
    def change(self) -> float:
        return self.after - self.before


def list_scores(*, category: Category | None, min_ratings: int) -> tuple[CommunityScore, ...]:
    """The scores with at least so many ratings, best first."""
    found = [item for item in joined_scores() if item.rating_count >= min_ratings and category in (None, item.category)]
    return tuple(sorted(found, key=lambda item: (-item.mean_score, item.model_id, item.category)))


def list_publishers(rows: Iterable[CommunityScoreRow], own: UUID) -> tuple[Publisher, ...]:
    """Whose scores these are, the newest first."""
    found: dict[tuple[UUID, bool], list[datetime]] = {}
    for row in rows:
        found.setdefault((row.publisher, row.is_imported), []).append(row.published_at)
    publishers = (
        Publisher(publisher, publisher == own, is_imported, max(moments), len(moments))
        for (publisher, is_imported), moments in found.items()
    )
    return tuple(sorted(publishers, key=lambda item: item.published_at, reverse=True))


def list_moves(rows: Iterable[CommunityScoreRow]) -> tuple[Move, ...]:
    """What these scores do, or would do, to the benchmarks' scores; the largest change first."""
    snapshot = find_current_snapshot()
    entries = {entry.facts.model_id: entry for entry in snapshot.entries} if snapshot else {}
    moves = []
    for score in join_rows(rows):
        entry = entries.get(score.model_id)
        measured = entry.scores.get(score.category) if entry else None
        if measured is None:
            continue
        said = Adjustment(Evidence.COMMUNITY, score.model_id, score.category, score.success_share, score.vote_weight)
        blended = blend(measured, [said], CURRENT_POLICY)
        moves.append(Move(score, measured.value, blended.value, blended.parts[-1].weight_share))
    return tuple(sorted(moves, key=lambda move: (-abs(move.change), move.score.model_id, move.score.category)))


def find_sharer(actor: Actor) -> Sharer | None:
    """How this person shares; None: never did."""
    return Sharer.objects.filter(user_id=actor.user_id).first() if actor.user_id is not None else None


def list_posts(actor: Actor) -> tuple[tuple[CommunityPost, ...], tuple[CommunityPost, ...]]:
    """What was sent for this person, or waits to be, and what the server was asked to forget and has not confirmed.

    The newest of both, in one query.
    """
    if actor.user_id is None:
        return (), ()
    own = CommunityPost.objects.filter(user_id=actor.user_id).order_by("-id")
    newest, given_up = own[:MOST_LISTED].values("pk"), own.filter(**GIVEN_UP)[:MOST_LISTED].values("pk")
    told = Case(When(**GIVEN_UP, then=True), default=False, output_field=BooleanField())
    found = list(own.filter(Q(pk__in=newest) | Q(pk__in=given_up)).annotate(is_given_up=told))
    return tuple(found[:MOST_LISTED]), tuple(post for post in found if post.is_given_up)[:MOST_LISTED]
