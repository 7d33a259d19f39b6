"""What traces tell of runs and their nodes; never a text."""

from __future__ import annotations

from runs.graph.live import Place
from runs.keeping.commit import NodeResult
from runs.nodes.floor import RunFacts
from runs.shapes import NodeStatus
from smartspawn import tracing
from smartspawn.tracing import Attributes


def told_of_run(facts: RunFacts) -> Attributes:
    """What the span of a run says."""
    return {
        "smartspawn.run.id": str(facts.run_id),
        "smartspawn.mode": facts.payer.mode,
        "smartspawn.category": facts.payer.category or None,
        "smartspawn.decision_id": facts.payer.decision_id or None,
        "smartspawn.simulated": facts.is_simulated,
    }


def told_of_node(place: Place) -> Attributes:
    """What the span of a node says when it begins."""
    return {"smartspawn.node.key": place.key, "smartspawn.node.purpose": place.spec.purpose.value}


def tell_of_node_end(span: tracing.Traced, result: NodeResult) -> None:
    """Have it say how the node ended."""
    span.note({"smartspawn.model": result.model_id or None, "smartspawn.cost_usd": result.cost_nano_usd / 1e9})
    if result.status is NodeStatus.FAILED:
        span.fail(result.error_code or result.status.value)
