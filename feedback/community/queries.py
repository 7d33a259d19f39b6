"""The community's reads, as shapes: scores, who says them, what they move, and what a person has sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Max

from catalog.queries import find_current_snapshot
from catalog.shapes import Category
from feedback.community.models import CommunityPost, CommunityScoreRow, Sharer
from feedback.community.publishing import community_site, joined_scores
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


def list_publishers() -> tuple[Publisher, ...]:
    """Whose scores are here, the newest first."""
    own = community_site().publisher
    rows = CommunityScoreRow.objects.values("publisher", "is_imported")
    found = rows.annotate(at=Max("published_at"), count=Count("pk")).order_by("-at")
    return tuple(
        Publisher(row["publisher"], row["publisher"] == own, row["is_imported"], row["at"], row["count"])
        for row in found
    )


def list_moves() -> tuple[Move, ...]:
    """What the scores do, or would do, to the benchmarks' scores; the largest change first."""
    snapshot = find_current_snapshot()
    entries = {entry.facts.model_id: entry for entry in snapshot.entries} if snapshot else {}
    moves = []
    for score in joined_scores():
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


def list_posts(actor: Actor, *, most: int = MOST_LISTED) -> tuple[CommunityPost, ...]:
    """What was sent for this person, or waits to be; newest first."""
    if actor.user_id is None:
        return ()
    return tuple(CommunityPost.objects.filter(user_id=actor.user_id).order_by("-id")[:most])


def list_given_up(actor: Actor) -> tuple[CommunityPost, ...]:
    """What the server was asked to forget for this person and has not confirmed; newest first."""
    if actor.user_id is None:
        return ()
    return tuple(CommunityPost.objects.filter(user_id=actor.user_id, **GIVEN_UP).order_by("-id")[:MOST_LISTED])
