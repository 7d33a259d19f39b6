"""A run as its driver needs it, read from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from runs.graph.live import Graph, Place
from runs.graph.share import ClosingShare
from runs.keeping.artifacts import read_outputs
from runs.keeping.serial import StoredShapeFault, node_from_json, plan_from_json, request_from_json
from runs.ledger import RunMoney, run_money
from runs.models import Node, Run
from runs.nodes.floor import RunFacts
from runs.shapes import NodeStatus, Payer

# Of a run with more nodes nobody reads each as it is written; it is told of when it is done.
MOST_DRAFTED_NODES: Final = 20
# Such a run waits for its provider as long as a breaker waits before it lets the next call through. Otherwise an
# outage of a few minutes would fail all that has not begun, thousands of nodes in a second.
OUTAGE_PATIENCE_S: Final = 15 * 60.0
_FIELDS: Final = (
    "pk",
    "spec",
    "status",
    "attempt",
    "lost_count",
    "cost_nano_usd",
    "is_cost_uncertain",
    "score",
    "model_id",
    "data",
    "error",
    "error_code",
    "is_partial",
)


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """A run with its nodes and its money."""

    facts: RunFacts
    graph: Graph
    money: RunMoney
    share: ClosingShare
    slot_count: int
    deadline_at: datetime
    is_cancel_requested: bool


def load_run(run_id: UUID) -> LoadedRun:
    """The run that was just taken, with the outputs that its waiting nodes will read."""
    run = Run.objects.get(pk=run_id)
    request = request_from_json(run.request)
    places = [_place(row) for row in Node.objects.filter(run_id=run_id).order_by("position").values(*_FIELDS)]
    _check_whole(places)
    _bring_outputs(run_id, places)
    graph = Graph(final=plan_from_json(run.plan).final)
    graph.add(places)
    node_timeout_s = min(request.node_timeout_s or settings.NODE_TIMEOUT_SECONDS, settings.NODE_TIMEOUT_SECONDS)
    facts = RunFacts(
        run_id=run_id,
        payer=_payer(run),
        is_simulated=run.is_simulated,
        node_timeout_s=float(node_timeout_s),
        keeps_drafts=request.options.stream and len(places) <= MOST_DRAFTED_NODES,
        traceparent=run.traceparent,
        outage_patience_s=OUTAGE_PATIENCE_S if len(places) > MOST_DRAFTED_NODES else 0.0,
    )
    most = settings.MAX_PARALLEL_NODES_PER_RUN
    if run.deadline_at is None:
        raise ValueError(f"run {run_id} was taken without a deadline")
    money = run_money([run_id])[run_id]
    return LoadedRun(
        facts=facts,
        graph=graph,
        money=money,
        share=ClosingShare(graph.places, graph.final, money.cap_nano_usd),
        slot_count=max(1, min(request.max_parallel_nodes or most, most)),
        deadline_at=run.deadline_at,
        is_cancel_requested=run.cancel_requested_at is not None,
    )


def _payer(run: Run) -> Payer:
    return Payer(
        user_id=run.user_id,
        key_id=run.key_id,
        run_id=run.pk,
        mode=run.mode,
        category=run.category,
        decision_id=str(run.decision_ids[0]) if run.decision_ids else "",
    )


def _place(row: dict[str, Any]) -> Place:
    spec = node_from_json(row.pop("spec"))
    return Place(spec=spec, node_id=row.pop("pk"), status=NodeStatus(row.pop("status")), **row)


def _check_whole(places: list[Place]) -> None:
    """Raises StoredShapeFault where a node waits for one that is not there: it would wait for ever."""
    known = {place.key for place in places}
    for place in places:
        watched = (place.spec.gate.node,) if place.spec.gate else ()
        if missing := {*place.spec.depends_on, *watched} - known:
            raise StoredShapeFault(f"The node {place.key} waits for {min(missing)}, which the run does not have.")


def _bring_outputs(run_id: UUID, places: list[Place]) -> None:
    """What finished nodes wrote, as far as somebody waits for it."""
    wanted = {key for place in places if not place.status.is_final for key in place.spec.depends_on}
    came = {place.key: place for place in places if place.status is NodeStatus.COMPLETED and place.key in wanted}
    for key, output in read_outputs(run_id, list(came)).items():
        came[key].output = output
