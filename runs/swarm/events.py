"""A run told in the events of Swarm's daemon, so that its clients understand it.

Where the daemon said less than a client needs, more is said beside it: each result with its place and text
as it comes, failures with their reason, and the run's id, under which everything can be had again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from runs.keeping.artifacts import MERGED_KEY, read_outputs
from runs.keeping.events import EventKind, NumberedEvent
from runs.models import Node, Run
from runs.money import to_usd
from runs.queries import list_nodes
from runs.shapes import NodeStatus, Purpose, RunStatus
from runs.swarm.phases import Phase, phases_of

Told = dict[str, Any]
_ANSWERS = frozenset({Purpose.TASK, Purpose.STAGE, Purpose.STEP, Purpose.MERGE, Purpose.SEARCH, Purpose.FETCH})
_ENDED = {
    EventKind.NODE_COMPLETED: NodeStatus.COMPLETED,
    EventKind.NODE_FAILED: NodeStatus.FAILED,
    EventKind.NODE_SKIPPED: NodeStatus.SKIPPED,
    EventKind.NODE_CANCELED: NodeStatus.CANCELED,
}


class SwarmTelling:
    """Tells one run; remembers which phases have begun and which nodes have ended."""

    def __init__(self, run_id: UUID, shape: str) -> None:
        self._run_id = run_id
        self._shape = shape  # "parallel", "research", "chain", "auto"
        self._nodes: dict[str, Node] = {}
        self._phases: tuple[Phase, ...] = ()
        self._phase_by_key: dict[str, Phase] = {}
        self._left: dict[int, set[str]] = {}  # of each phase the nodes that have not ended
        self._begun: set[int] = set()
        self._ended: dict[str, NodeStatus] = {}

    def start(self) -> Told:
        """The first event, before anything has happened."""
        return {
            "event": "start",
            "timestamp": _now_ms(),
            "message": f"{self._shape} started",
            "runId": str(self._run_id),
        }

    def tell(self, events: Sequence[NumberedEvent]) -> tuple[Told, ...]:
        """What these events are in Swarm's words. Reads the database."""
        self._learn(events)
        outputs = self._outputs_of(events)
        return tuple(told for event in events for told in self._tell_one(event, outputs))

    def _learn(self, events: Sequence[NumberedEvent]) -> None:
        """Read the nodes: all of them once and when there are more than we know, otherwise those that ended."""
        told = {event.node_key for event in events if event.node_key}
        has_grown = any(event.kind == EventKind.PLAN_GROWN for event in events)
        # Also without a word of growth: who told of it may have died between the new rows and the telling.
        if has_grown or not self._nodes or not told <= self._nodes.keys():
            self._nodes = {node.key: node for node in list_nodes(self._run_id)}
            self._phases = phases_of(tuple(self._nodes.values()))
            self._phase_by_key = {key: phase for phase in self._phases for key in phase.keys}
            self._left = {phase.index: set(phase.keys) - self._ended.keys() for phase in self._phases}
        elif ended := [event.node_key for event in events if event.kind in _ENDED]:
            self._nodes |= {node.key: node for node in Node.objects.filter(run_id=self._run_id, key__in=ended)}

    def _outputs_of(self, events: Sequence[NumberedEvent]) -> Mapping[str, str]:
        done = [event.node_key for event in events if event.kind == EventKind.NODE_COMPLETED]
        return read_outputs(self._run_id, done) if done else {}

    def _tell_one(self, event: NumberedEvent, outputs: Mapping[str, str]) -> Iterator[Told]:
        kind = EventKind(event.kind)
        if kind == EventKind.RUN_STARTED and self._shape == "auto":
            yield self._plan()
        elif kind == EventKind.NODE_STARTED:
            yield from self._phase_begins(event.node_key)
        elif kind in _ENDED:
            self._ended[event.node_key] = _ENDED[kind]
            yield from self._node_ended(event.node_key, outputs.get(event.node_key))
            yield from self._phase_ends(event.node_key)
        elif kind.is_last:
            yield self._last()

    # --- nodes and phases ----------------------------------------------------------------

    def _node_ended(self, key: str, output: str | None) -> Iterator[Told]:
        node = self._nodes[key]
        status = self._ended[key]
        if node.purpose not in _ANSWERS or status == NodeStatus.SKIPPED:
            return
        told: Told = {
            "event": "progress" if self._shape == "parallel" else "task",
            "taskId": key,
            "workerId": node.connection or node.kind,
            "durationMs": node.duration_ms or 0,
            "index": node.position,
            "success": status == NodeStatus.COMPLETED,
        }
        if status == NodeStatus.COMPLETED:
            yield {**told, "result": output}
        else:
            yield {**told, "error": node.error or status.value, "category": node.error_code.lower() or "unknown"}

    def _phase_begins(self, key: str) -> Iterator[Told]:
        phase = self._phase_by_key.get(key)
        if phase is None or phase.index in self._begun or self._shape == "parallel":
            return
        self._begun.add(phase.index)
        event = "phase" if self._shape == "research" else "phase_start"
        yield {"event": event, "index": phase.index, "name": phase.name, "taskCount": len(phase.keys)}

    def _phase_ends(self, key: str) -> Iterator[Told]:
        phase = self._phase_by_key.get(key)
        if phase is None or self._shape in ("parallel", "research"):
            return
        left = self._left[phase.index]
        left.discard(key)
        if left:
            return
        nodes = [self._nodes[name] for name in phase.keys]
        yield {
            "event": "phase_complete",
            "index": phase.index,
            "name": phase.name,
            "success": all(self._ended[name] == NodeStatus.COMPLETED for name in phase.keys),
            "durationMs": _span_ms(nodes),
            "retries": max((node.attempt - 1 for node in nodes), default=0),
        }

    def _plan(self) -> Told:
        stages = [{"name": phase.name, "mode": phase.mode, "perspective": phase.perspective} for phase in self._phases]
        meta = {"stageCount": len(stages), "estimatedTasks": len(self._nodes)}
        return {"event": "plan", "timestamp": _now_ms(), "message": "Chain planned", "meta": meta, "stages": stages}

    # --- the end -------------------------------------------------------------------------

    def _last(self) -> Told:
        run = Run.objects.get(pk=self._run_id)
        nodes = tuple(self._nodes.values())
        outputs = read_outputs(self._run_id, [*self._nodes, MERGED_KEY])
        common = {"duration": _run_ms(run), "cost": cost_of(nodes), "runId": str(run.pk), "status": run.status}
        if run.status in (RunStatus.FAILED, RunStatus.CANCELED) and not _has_answers(nodes):
            message = run.error or f"The run was {run.status}."
            category = run.error_code.lower() or run.status
            return {"event": "error", "error": message, "category": category, "timestamp": _now_ms(), **common}
        why = {"message": run.error} if run.error else {}  # where the money went out before the end
        return {"event": "complete", **_result(self._shape, run, nodes, self._phases, outputs), **common, **why}


# --- results by shape ----------------------------------------------------------------------


def cost_of(nodes: Sequence[Node]) -> Told:
    """Tokens and dollars, as text in the places where Swarm's clients expect one."""
    usd = to_usd(sum(node.cost_nano_usd for node in nodes))
    spent: Told = {
        "inputTokens": sum(_input_tokens(node) for node in nodes),
        "outputTokens": sum(node.output_tokens + node.reasoning_tokens for node in nodes),
        "swarmCost": f"{usd:.6f}",
    }
    return {**spent, "session": spent}


def _result(shape: str, run: Run, nodes: Sequence[Node], phases: Sequence[Phase], outputs: Mapping[str, str]) -> Told:
    if shape == "parallel":
        return _parallel_result(nodes, outputs)
    if shape == "research":
        return _research_result(run, nodes, phases, outputs)
    return _chain_result(run, nodes, phases, outputs)


def _parallel_result(nodes: Sequence[Node], outputs: Mapping[str, str]) -> Told:
    tasks = [node for node in nodes if node.purpose == Purpose.TASK]
    return {
        "results": [outputs.get(node.key) if node.status == NodeStatus.COMPLETED else None for node in tasks],
        "errors": [
            {"index": place, "error": node.error or node.status}
            for place, node in enumerate(tasks)
            if node.status != NodeStatus.COMPLETED
        ],
        "stats": _stats(tasks),
    }


def _research_result(run: Run, nodes: Sequence[Node], phases: Sequence[Phase], outputs: Mapping[str, str]) -> Told:
    by_key = {node.key: node for node in nodes}
    asked = [node for node in nodes if node.purpose == Purpose.TASK and node.spec["params"].get("subject")]
    asked.sort(key=lambda node: node.position)
    return {
        "subjects": run.request.get("subjects", []),
        "topic": run.request.get("topic", ""),
        "analyses": [
            {"subject": _subject(node), "analysis": outputs[node.key], "sources": _sources(node, by_key)}
            for node in asked
            if node.key in outputs
        ],
        "errors": [
            {"subject": _subject(node), "error": node.error or node.status} for node in asked if node.key not in outputs
        ],
        "output": outputs.get(MERGED_KEY),
        "stats": {"phases": len(phases), "totalTasks": len(nodes), **_stats(nodes)},
    }


def _subject(node: Node) -> str:
    return str(node.spec["params"]["subject"])


def _sources(node: Node, by_key: Mapping[str, Node]) -> list[Any]:
    """What the analysis rests on: the pages that its model names, else those that were read, else those found."""
    if isinstance(node.data, dict) and node.data.get("citations"):
        return list(node.data["citations"])
    givers = [by_key[key] for key in node.depends_on if key in by_key]
    for purpose in (Purpose.FETCH, Purpose.SEARCH):
        pages = [page for giver in givers if giver.purpose == purpose for page in giver.data or ()]
        if pages:
            return pages
    return []


def _chain_result(run: Run, nodes: Sequence[Node], phases: Sequence[Phase], outputs: Mapping[str, str]) -> Told:
    by_key = {node.key: node for node in nodes}
    stages = [
        {
            "stage": phase.name,
            "mode": phase.mode,
            "success": all(by_key[key].status == NodeStatus.COMPLETED for key in phase.keys),
            "durationMs": _span_ms([by_key[key] for key in phase.keys]),
            "results": [outputs.get(key) for key in phase.keys],
        }
        for phase in phases
    ]
    return {
        "name": run.plan.get("summary", ""),
        "output": outputs.get(MERGED_KEY),
        "stages": stages,
        "reflection": None,
        "stats": {"totalStages": len(phases), "totalTasks": len(nodes), **_stats(nodes)},
    }


def _stats(nodes: Sequence[Node]) -> Told:
    good = sum(node.status == NodeStatus.COMPLETED for node in nodes)
    return {"successful": good, "failed": sum(node.status == NodeStatus.FAILED for node in nodes)}


def _has_answers(nodes: Sequence[Node]) -> bool:
    return any(node.purpose in _ANSWERS and node.status == NodeStatus.COMPLETED for node in nodes)


def _input_tokens(node: Node) -> int:
    return node.fresh_input_tokens + node.cache_read_tokens + node.cache_write_tokens


def _span_ms(nodes: Sequence[Node]) -> int:
    """From the first start to the last end."""
    starts = [node.started_at for node in nodes if node.started_at]
    ends = [node.finished_at for node in nodes if node.finished_at]
    return int((max(ends) - min(starts)).total_seconds() * 1000) if starts and ends else 0


def _run_ms(run: Run) -> int:
    end = run.finished_at or timezone.now()
    return int((end - (run.started_at or run.created_at)).total_seconds() * 1000)


def _now_ms() -> int:
    return int(timezone.now().timestamp() * 1000)
