"""A thinned snapshot is small, and choosing among its models comes out as before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from catalog.codec import pack_snapshot, unpack_snapshot
from catalog.queries import current_snapshot
from catalog.shapes import Budget, Category, Snapshot
from catalog.thinning import thin_snapshot
from routing.context import SIGNAL_BENCHMARKS, TAG_SIGNALS
from routing.features import given_category
from routing.learned import NOTHING_LEARNED
from routing.policy import make_board, rank
from routing.shapes import Features, Limits
from routing.thresholds import CURRENT_POLICY

BUSY = Limits(
    budget=Budget.ANY,
    is_moderated_only=True,
    is_free_excluded=True,
    deny_providers=frozenset({"openai"}),
    max_completion_usd_per_mtok=None,
)


@pytest.fixture
def both(catalogue: None) -> tuple[Snapshot, Snapshot]:
    """A catalogue with every source, and what is left of it."""
    whole = current_snapshot()
    return whole, unpack_snapshot(pack_snapshot(thin_snapshot(whole, SIGNAL_BENCHMARKS)))


def ranked(snapshot: Snapshot, category: Category, tags: Sequence[str], limits: Limits) -> object:
    features = Features("", given_category(category), category, True, tuple(tags), ("vision",), 32_000)
    board = make_board(snapshot, category, tags, NOTHING_LEARNED, CURRENT_POLICY)
    return rank(board, features, limits, CURRENT_POLICY, preference=4)


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("limits", [Limits(), BUSY])
def test_every_ranking_is_what_the_whole_snapshot_ranks(
    both: tuple[Snapshot, Snapshot], category: Category, limits: Limits
) -> None:
    whole, thinned = both
    for tags in [(), *((tag,) for tag in TAG_SIGNALS), tuple(TAG_SIGNALS)]:
        assert ranked(whole, category, tags, limits) == ranked(thinned, category, tags, limits), tags


def test_it_takes_a_quarter_of_the_room_or_less(both: tuple[Snapshot, Snapshot]) -> None:
    whole, thinned = (len(pack_snapshot(item)) for item in both)
    assert thinned < whole / 4
