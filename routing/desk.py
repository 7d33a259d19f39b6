"""Rankings in memory: worked out once for each question to one snapshot."""

from __future__ import annotations

from typing import Final

from catalog.queries import get_snapshot
from catalog.shapes import Category, Snapshot
from routing.learned import Learned, effective_tags
from routing.policy import Board, Ranking, make_board, rank
from routing.shapes import Features, Limits
from routing.thresholds import RoutingPolicy

# A board is a few hundred scored candidates, a ranking as many references. Whoever asks for more
# different things at once starts over.
BOARDS_KEPT: Final = 48
RANKINGS_KEPT: Final = 256
EMPTY_SNAPSHOT: Final = Snapshot(entries=(), sources=(), policy_version="")  # a site before its first

_BoardKey = tuple[Category, tuple[str, ...], Learned, str]
_RankingKey = tuple[Board, tuple[str, ...], int | None, Limits, int | None]


class Desk:
    """The answers of one snapshot; what was learned and what is forbidden are part of each question."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._boards: dict[_BoardKey, Board] = {}
        self._rankings: dict[_RankingKey, Ranking] = {}

    def rank(
        self,
        features: Features,
        limits: Limits,
        *,
        learned: Learned,
        policy: RoutingPolicy,
        preference: int | None = None,
    ) -> Ranking:
        """Who may do this work under these limits, best first."""
        board = self._board(features, learned, policy)
        key = (board, features.required_capabilities, features.min_context_tokens, limits, preference)
        ranking = self._rankings.get(key)
        if ranking is None:
            if len(self._rankings) >= RANKINGS_KEPT:
                self._rankings = {}
            ranking = self._rankings[key] = rank(board, features, limits, policy, preference)
        return ranking

    def _board(self, features: Features, learned: Learned, policy: RoutingPolicy) -> Board:
        tags = effective_tags(features.context_tags, learned)
        key = (features.category, tags, learned, policy.version)
        board = self._boards.get(key)
        if board is None:
            if len(self._boards) >= BOARDS_KEPT:
                self._boards, self._rankings = {}, {}
            board = self._boards[key] = make_board(self.snapshot, features.category, tags, learned, policy)
        return board


_desk: Desk | None = None


def current_desk(snapshot: Snapshot) -> Desk:
    """The desk of this snapshot; there is one for each process, and a new snapshot begins a new one."""
    global _desk  # noqa: PLW0603  what is known of one moment; swapped whole
    desk = _desk
    if desk is None or desk.snapshot is not snapshot:
        desk = _desk = Desk(snapshot)
    return desk


def desk_of(snapshot: Snapshot) -> Desk:
    """The desk of any snapshot: the one in use where it is that, else one for this question alone."""
    desk = _desk
    return desk if desk is not None and desk.snapshot is snapshot else Desk(snapshot)


def snapshot_of(revision: int) -> Snapshot:
    """The snapshot that a decision just made stands on, even where a newer one came in between."""
    desk = _desk
    if desk is not None and desk.snapshot.revision == revision:
        return desk.snapshot
    return get_snapshot(revision)
