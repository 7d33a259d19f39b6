"""How few nodes are tried at once after drivers died over them."""

from __future__ import annotations

import pytest

from runs.graph.live import Move, Place
from runs.graph.suspects import is_suspect, most_at_once, most_suspect_first
from runs.keeping.claims import MOST_LOSSES
from runs.shapes import NodeKind, NodeSpec, NodeStatus, Purpose


def place(key: str = "a", lost_count: int = 0, status: NodeStatus = NodeStatus.QUEUED) -> Place:
    spec = NodeSpec(key=key, kind=NodeKind.CALL, purpose=Purpose.TASK, title=key, prompt=key)
    return Place(spec, 1, status=status, lost_count=lost_count)


@pytest.mark.parametrize(
    ("lost_count", "most"), [(1, 200), (2, 50), (3, 12), (4, 3), (5, 1), (6, 1), (MOST_LOSSES - 1, 1)]
)
def test_company_shrinks_with_each_death_but_the_first(lost_count: int, most: int) -> None:
    assert most_at_once([place(lost_count=lost_count), place()], 200) == most


@pytest.mark.parametrize("slot_count", [1, 3, 50, 500])
def test_the_last_three_deaths_before_a_node_is_given_up_it_dies_alone(slot_count: int) -> None:
    assert {most_at_once([place(lost_count=losses)], slot_count) for losses in range(MOST_LOSSES - 2, MOST_LOSSES)} == {
        1
    }


def test_nodes_that_nobody_died_over_may_all_be_at_work() -> None:
    assert most_at_once([place(), place()], 200) == 200


def test_one_death_says_nothing_and_what_is_done_is_not_suspected() -> None:
    assert not is_suspect(place(lost_count=1))
    assert is_suspect(place(lost_count=2))
    assert not is_suspect(place(lost_count=5, status=NodeStatus.COMPLETED))


def test_those_lost_most_often_are_tried_first_and_the_others_in_their_order() -> None:
    losses = {"a": 0, "b": 1, "c": 3, "d": 0, "e": 2}
    moves = [Move(key, is_ready=True) for key in losses]
    places = {key: place(key, count) for key, count in losses.items()}
    assert [move.key for move in most_suspect_first(moves, places)] == ["c", "e", "a", "b", "d"]
