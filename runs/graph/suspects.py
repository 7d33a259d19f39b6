"""Which nodes may be what kills drivers, and how few of them are tried at once. Pure.

When a process dies, each node that it had in hand may have killed it, or none: somebody may have pulled the plug.
One death says nothing. After each further one the nodes that were in hand again are tried in smaller company, those
lost most often first, and in the end one by one: who is innocent gets done there, and who is not dies alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from runs.graph.live import Move, Place

# Company shrinks by this much with each loss but the first: from two hundred at once to one in five losses.
SHRINKS_BY: Final = 4


def is_suspect(place: Place) -> bool:
    """Whether drivers died over the node, more than once, and it is not done."""
    return place.lost_count > 1 and not place.status.is_final


def most_at_once(company: Sequence[Place], slot_count: int) -> int:
    """How many nodes may be in hand together when these are among them."""
    losses_but_one = max(1, *(place.lost_count for place in company)) - 1
    return max(1, slot_count // int(SHRINKS_BY**losses_but_one))


def most_suspect_first(moves: Iterable[Move], places: Mapping[str, Place]) -> list[Move]:
    """The moves in their order, but suspects before all others, those lost most often first."""
    return sorted(moves, key=lambda move: -places[move.key].lost_count if is_suspect(places[move.key]) else 0)
