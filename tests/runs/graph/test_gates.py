"""When a node may start, when it is not needed, and when it never can."""

from __future__ import annotations

import itertools

import pytest

from runs.graph.gates import Readiness, explain_unreachable, is_needed, ready_state
from runs.shapes import Gate, GateKind, NodeInput, NodeKind, NodeSpec, NodeStatus, Purpose

Q, R, D, F, S, C = (
    NodeStatus.QUEUED,
    NodeStatus.RUNNING,
    NodeStatus.COMPLETED,
    NodeStatus.FAILED,
    NodeStatus.SKIPPED,
    NodeStatus.CANCELED,
)
WAITING, READY, NOT_NEEDED, UNREACHABLE = Readiness


def spec(count: int, least: int | None = None, gate: Gate | None = None) -> NodeSpec:
    keys = tuple(f"n{number}" for number in range(count))
    return NodeSpec("x", NodeKind.CALL, Purpose.TASK, "X", depends_on=keys, least_inputs=least, gate=gate)


def inputs(*statuses: NodeStatus, score: float | None = None) -> list[NodeInput]:
    return [NodeInput(f"n{number}", f"Node {number}", status, score=score) for number, status in enumerate(statuses)]


@pytest.mark.parametrize(
    ("statuses", "least", "expected"),
    [
        ((), None, READY),
        ((D, D), None, READY),
        ((D, R), None, WAITING),
        ((D, Q), None, WAITING),
        ((F, R), None, UNREACHABLE),  # at once, not when the other has ended, too
        ((S, D), None, UNREACHABLE),
        ((C, D), None, UNREACHABLE),
        ((F, D), 1, READY),
        ((F, R), 1, WAITING),  # it could do with one, and yet waits for all
        ((F, F), 1, UNREACHABLE),
        ((F, F), 0, READY),
        ((F, R), 2, UNREACHABLE),
        ((D, D, F), 2, READY),
    ],
)
def test_a_node_starts_when_enough_came_and_gives_up_when_it_cannot(statuses, least, expected):
    assert ready_state(spec(len(statuses), least), inputs(*statuses)) is expected


BELOW = Gate(GateKind.SCORE_BELOW, "n0", 7.0)
FAILED_OR_BELOW = Gate(GateKind.FAILED_OR_BELOW, "n0", 7.0)


@pytest.mark.parametrize(
    ("gate", "status", "score", "expected"),
    [
        (BELOW, D, 6.9, READY),
        (BELOW, D, 7.0, NOT_NEEDED),
        (BELOW, D, None, READY),
        (BELOW, F, None, NOT_NEEDED),
        (BELOW, S, None, NOT_NEEDED),
        (BELOW, R, None, WAITING),
        (FAILED_OR_BELOW, D, 6.9, READY),
        (FAILED_OR_BELOW, D, 7.0, NOT_NEEDED),
        (FAILED_OR_BELOW, F, None, READY),
        (FAILED_OR_BELOW, S, None, READY),
        (FAILED_OR_BELOW, Q, None, WAITING),
    ],
)
def test_a_gate_opens_as_it_says(gate: Gate, status: NodeStatus, score: float | None, expected: Readiness):
    assert ready_state(spec(1, 0, gate), inputs(status, score=score)) is expected


def test_a_closed_gate_does_not_wait_for_the_others():
    given = [*inputs(D, score=9.0), NodeInput("n1", "Other", R)]
    assert ready_state(spec(2, None, BELOW), given) is NOT_NEEDED


def test_a_node_without_a_gate_is_always_needed():
    assert is_needed(spec(1), inputs(F))


def test_more_that_comes_never_makes_a_node_less_ready():
    """A law over all small cases: turning an open input into a completed one never makes it unreachable."""
    for least, statuses in itertools.product((None, 0, 1, 2), itertools.product((Q, D, F), repeat=3)):
        before = ready_state(spec(3, least), inputs(*statuses))
        for place, status in enumerate(statuses):
            if status is Q:
                after = ready_state(spec(3, least), inputs(*statuses[:place], D, *statuses[place + 1 :]))
                assert not (after is UNREACHABLE and before is not UNREACHABLE)


def test_who_is_missing_is_named():
    told = explain_unreachable(spec(6), inputs(F, S, D, F, F, C))
    assert told == "X: nothing came from 'Node 0', 'Node 1', 'Node 3' and 2 more."
