"""Whether a node may start, must wait, is not needed, or can never start. Everything here is pure.

``inputs`` holds what a node depends on, each with where it stands now.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from runs.shapes import Gate, GateKind, NodeInput, NodeSpec, NodeStatus


class Readiness(StrEnum):
    """What is to be done about a queued node."""

    WAITING = "waiting"
    READY = "ready"
    NOT_NEEDED = "not_needed"  # its gate is closed: skip it, and nothing is lost
    UNREACHABLE = "unreachable"  # too much of what it needs did not come: skip it, at once


def is_needed(spec: NodeSpec, inputs: Sequence[NodeInput]) -> bool:
    """Whether the node's gate is open; ask once the watched node has ended. Without a gate it always is."""
    if spec.gate is None:
        return True
    watched = next((item for item in inputs if item.key == spec.gate.node), None)
    return watched is not None and _is_open(spec.gate, watched)


def ready_state(spec: NodeSpec, inputs: Sequence[NodeInput]) -> Readiness:
    """What is to be done about the node, as things stand."""
    watched = next((item for item in inputs if spec.gate and item.key == spec.gate.node), None)
    if watched is not None and watched.status.is_final and not is_needed(spec, inputs):
        return Readiness.NOT_NEEDED
    open_count = sum(not item.status.is_final for item in inputs)
    came_count = sum(item.status is NodeStatus.COMPLETED for item in inputs)
    if came_count + open_count < _least(spec):
        return Readiness.UNREACHABLE
    # Also a node that could do with fewer waits for all: what comes late would otherwise be lost to it.
    return Readiness.WAITING if open_count else Readiness.READY


def explain_unreachable(spec: NodeSpec, inputs: Sequence[NodeInput]) -> str:
    """Why an unreachable node cannot start, for people."""
    missing = [item.title for item in inputs if item.status.is_final and item.status is not NodeStatus.COMPLETED]
    named = ", ".join(f"'{title}'" for title in missing[:3])
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return f"{spec.title}: nothing came from {named}{more}."


def _least(spec: NodeSpec) -> int:
    return len(spec.depends_on) if spec.least_inputs is None else spec.least_inputs


def _is_open(gate: Gate, watched: NodeInput) -> bool:
    if watched.status is not NodeStatus.COMPLETED:
        # Skipped counts as failed: a judge is skipped when what it was to judge did not come.
        return gate.kind is GateKind.FAILED_OR_BELOW
    return watched.score is None or watched.score < gate.threshold
