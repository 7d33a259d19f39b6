"""What is told of a node's end. Pure."""

from __future__ import annotations

from typing import Final

from runs.keeping.commit import Ending, NodeResult
from runs.keeping.events import EventKind, NewEvent
from runs.money import to_usd
from runs.shapes import NodeStatus, RunStatus

_KINDS: Final = {
    NodeStatus.COMPLETED: EventKind.NODE_COMPLETED,
    NodeStatus.FAILED: EventKind.NODE_FAILED,
    NodeStatus.SKIPPED: EventKind.NODE_SKIPPED,
    NodeStatus.CANCELED: EventKind.NODE_CANCELED,
}
_LAST: Final = {
    RunStatus.COMPLETED: (EventKind.RUN_COMPLETED, "Run completed"),
    RunStatus.FAILED: (EventKind.RUN_FAILED, "Run failed"),
    RunStatus.CANCELED: (EventKind.RUN_CANCELED, "Run canceled"),
    RunStatus.BUDGET_EXHAUSTED: (EventKind.RUN_BUDGET_EXHAUSTED, "The budget is used up"),
}


def tell_ending(ending: Ending) -> NewEvent:
    """The last event of a run."""
    kind, words = _LAST[ending.status]
    data: dict[str, object] = {"reason": ending.stop_reason} if ending.stop_reason else {}
    if ending.answer is not None and ending.answer.is_partial:
        data["isPartial"] = True
    return NewEvent(kind, message=ending.error or words, data=data)


def tell_end(result: NodeResult, title: str) -> NewEvent:
    """The event of a node's end; it holds figures and reasons, never the answer."""
    data: dict[str, object] = {}
    if result.started_at is not None:
        data = {
            "model": result.model_id,
            "connection": result.connection,
            "ms": None if result.duration_ms is None else round(result.duration_ms),
            "costUsd": float(to_usd(result.cost_nano_usd)),
            "inputTokens": result.usage.input_tokens,
            "outputTokens": result.usage.completion_tokens,
        }
    if result.error_code:
        data |= {"code": result.error_code, "hint": result.hint}
    if result.score is not None:
        data["score"] = result.score
    if result.is_partial:
        data["isPartial"] = True
    return NewEvent(_KINDS[result.status], result.key, result.error or title, data)
