"""Parts of a task as clients of the API see them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from routing.decompose.shapes import Edge, Steps, Subtask, Swarm
from routing.presenters import best_reason, pricing_payload
from routing.shapes import RankedCandidate


def steps_payload(steps: Steps) -> dict[str, Any]:
    """The steps in order; or why there are none."""
    if not steps.subtasks:
        return _whole_payload(steps)
    return {
        "decomposed": True,
        "totalSteps": len(steps.subtasks),
        "steps": [_step_payload(number, subtask) for number, subtask in enumerate(steps.subtasks, 1)],
        **_frame_payload(steps),
        "reason": steps.split.reason,
        "decisionId": steps.decision_id,
    }


def swarm_payload(swarm: Swarm) -> dict[str, Any]:
    """The graph with its waves; or why there is none."""
    steps = swarm.steps
    if not steps.subtasks:
        return _whole_payload(steps)
    dag: dict[str, Any] = {
        "tasks": _task_payloads(swarm),
        "waves": [_wave_payload(number, wave) for number, wave in enumerate(swarm.waves)],
        "edges": [_edge_payload(edge) for edge in swarm.graph.edges],
        "totalTasks": len(steps.subtasks),
        "totalWaves": len(swarm.waves),
        **_frame_payload(steps),
        "estimatedCost": _cost_payload(swarm),
    }
    if swarm.graph.warning:
        dag["warning"] = swarm.graph.warning
    return {"decomposed": True, "dag": dag, "reason": steps.split.reason, "decisionId": steps.decision_id}


def _whole_payload(steps: Steps) -> dict[str, Any]:
    return {"decomposed": False, "reason": steps.split.reason, "decisionId": steps.decision_id}


def _frame_payload(steps: Steps) -> dict[str, Any]:
    """What the parts were cut from; ``preamble`` holds for all of them."""
    return {
        "originalTask": steps.request.task,
        "context": steps.request.context,
        "preamble": steps.split.preamble or None,
        "splitBy": steps.split.kind,
    }


def _step_payload(number: int, subtask: Subtask) -> dict[str, Any]:
    return {
        "step": number,
        "task": subtask.text,
        "category": subtask.category,
        "budget": subtask.budget,
        "persona": subtask.persona,
        "model": _model_payload(subtask.model),
        **_why_payload(subtask),
    }


def _task_payloads(swarm: Swarm) -> list[dict[str, Any]]:
    wave_of = {place: number for number, wave in enumerate(swarm.waves) for place in wave}
    awaited: dict[int, list[str]] = {}
    for edge in swarm.graph.edges:
        awaited.setdefault(edge.after, []).append(_task_id(edge.before))
    return [
        {
            "id": _task_id(place),
            "description": subtask.text,
            "category": subtask.category,
            "budget": subtask.budget,
            "persona": subtask.persona,
            "dependsOn": awaited.get(place, []),
            "model": _model_payload(subtask.model),
            **_why_payload(subtask),
            "wave": wave_of[place],
        }
        for place, subtask in enumerate(swarm.steps.subtasks)
    ]


def _why_payload(subtask: Subtask) -> dict[str, Any]:
    """The ancestor's sentence, and our own reasons beside it."""
    if subtask.model is None:
        return {"reason": subtask.reason, "reasons": []}
    told = best_reason(subtask.category, subtask.budget, subtask.model, tells_personal=False)
    return {"reason": told, "reasons": list(subtask.model.reasons)}


def _wave_payload(number: int, wave: tuple[int, ...]) -> dict[str, Any]:
    words = "1 task" if len(wave) == 1 else f"{len(wave)} parallel tasks"
    return {"wave": number, "taskIds": [_task_id(place) for place in wave], "description": words}


def _edge_payload(edge: Edge) -> dict[str, str]:
    return {"from": _task_id(edge.before), "to": _task_id(edge.after), "type": edge.type}


def _task_id(place: int) -> str:
    return f"swarm-{place + 1}"


def _cost_payload(swarm: Swarm) -> dict[str, Any]:
    cost = swarm.cost
    payload: dict[str, Any] = {"low": _usd(cost.low_usd), "high": _usd(cost.high_usd)}
    if cost.note:
        payload["note"] = cost.note
    return payload


def _usd(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _model_payload(model: RankedCandidate | None) -> dict[str, Any] | None:
    if model is None:
        return None
    return {
        "id": model.model_id,
        "name": model.name,
        "provider": model.provider,
        "score": model.score,
        "pricing": pricing_payload(model),
    }
