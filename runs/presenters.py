"""Runs as the JSON of the API, of MCP and of downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from runs.keeping.artifacts import ArtifactText
from runs.keeping.events import NumberedEvent
from runs.models import Node, Run
from runs.money import to_usd
from runs.queries import ArtifactLine, Progress, RunReport
from runs.shapes import CostForecast, Plan

# Raw outputs in a result are for reading along; whole ones come as artifacts.
RAW_OUTPUT_CHARS = 12_000


def run_payload(report: RunReport) -> dict[str, Any]:
    """A run with how far it is and what it costs."""
    run = report.run
    return {
        "id": str(run.pk),
        "mode": run.mode,
        "status": run.status,
        "task": run.task,
        "textsGoneAt": _moment(run.texts_gone_at),
        "label": run.label,
        "summary": run.plan.get("summary", ""),
        "notes": run.plan.get("notes", []),
        "category": run.category,
        "isSimulated": run.is_simulated,
        "askedBy": run.asked_by,
        "createdAt": _moment(run.created_at),
        "updatedAt": _moment(run.updated_at),
        "startedAt": _moment(run.started_at),
        "finishedAt": _moment(run.finished_at),
        "progress": progress_payload(report.progress),
        "cost": cost_payload(report),
        "stopReason": run.stop_reason or None,
        "error": {"code": run.error_code, "message": run.error} if run.error else None,
        "decisionIds": run.decision_ids,
        "rerunOf": str(run.rerun_of_id) if run.rerun_of_id else None,
        "lastEvent": report.last_event or None,
        "eventCount": run.event_count,
    }


def progress_payload(progress: Progress) -> dict[str, Any]:
    """How far a run is, in the ancestor's counts."""
    return {
        "totalNodes": progress.total_nodes,
        "doneNodes": progress.done_nodes,
        "runningNodes": progress.running_nodes,
        "failedNodes": progress.failed_nodes,
        "percent": progress.percent,
    }


def cost_payload(report: RunReport) -> dict[str, Any]:
    """What a run has cost, holds back and may cost at most."""
    run, money = report.run, report.money
    return {
        "usd": _usd(money.spent_nano_usd),
        "reservedUsd": _usd(money.reserved_nano_usd),
        "uncertainUsd": _usd(money.uncertain_nano_usd),
        "overrunUsd": _usd(money.overrun_nano_usd),
        "untoldNodes": report.untold_nodes,  # agents that did not say what they cost: usd is without them
        "capUsd": _usd(run.cap_nano_usd),
        "expectedUsd": _usd(run.expected_nano_usd),
        "likelyWorstUsd": _usd(run.likely_worst_nano_usd),
        "worstUsd": _usd(run.worst_nano_usd),
        "promptTokens": report.prompt_tokens,
        "completionTokens": report.completion_tokens,
    }


def node_payload(node: Node) -> dict[str, Any]:
    """A node: what it is, what came of it and what it took."""
    return {
        "id": node.key,
        "title": node.title,
        "kind": node.kind,
        "purpose": node.purpose,
        "status": node.status,
        "wave": node.wave,
        "dependsOn": node.depends_on,
        "model": node.model_id or None,
        "servedModel": node.served_model or None,
        "connection": node.connection or None,
        "reason": _model_of(node).get("reason") or None,
        "attempts": node.attempt,
        "startedAt": _moment(node.started_at),
        "finishedAt": _moment(node.finished_at),
        "durationMs": node.duration_ms,
        "firstTokenMs": node.first_token_ms,
        "finishReason": node.finish_reason or None,
        "tokens": tokens_payload(node),
        "usd": _usd(node.cost_nano_usd),
        "isCostUncertain": node.is_cost_uncertain,
        "isPartial": node.is_partial,
        "score": node.score,
        "data": node.data,
        "error": {"code": node.error_code, "message": node.error, "hint": node.hint or None} if node.error else None,
    }


def tokens_payload(node: Node) -> dict[str, int]:
    """The tokens of a node in buckets that do not overlap."""
    return {
        "freshInput": node.fresh_input_tokens,
        "cacheRead": node.cache_read_tokens,
        "cacheWrite": node.cache_write_tokens,
        "output": node.output_tokens,
        "reasoning": node.reasoning_tokens,
    }


def detail_payload(report: RunReport, nodes: Sequence[Node]) -> dict[str, Any]:
    """A run with all its nodes."""
    return {**run_payload(report), "nodes": [node_payload(node) for node in nodes]}


def result_payload(
    report: RunReport,
    artifacts: Sequence[ArtifactLine],
    answer: ArtifactText | None,
    raw_outputs: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What a run brought forth; ``raw_outputs`` are added where they are given."""
    count = report.progress.total_nodes
    payload = {
        "id": str(report.run.pk),
        "status": report.run.status,
        "mergedOutput": answer.content if answer else None,
        "isPartial": bool(answer and answer.is_partial),
        "summary": f"{report.run.mode} run with {count} node{'' if count == 1 else 's'}",
        "artifacts": [artifact_line_payload(line) for line in artifacts],
        "cost": cost_payload(report),
        "error": {"code": report.run.error_code, "message": report.run.error} if report.run.error else None,
        "isSimulated": report.run.is_simulated,
        "textsGoneAt": _moment(report.run.texts_gone_at),
    }
    if raw_outputs is not None:
        payload["rawOutputs"] = [
            {"nodeId": key, "output": text[:RAW_OUTPUT_CHARS], "isCut": len(text) > RAW_OUTPUT_CHARS}
            for key, text in raw_outputs.items()
        ]
    return payload


def artifact_line_payload(line: ArtifactLine) -> dict[str, Any]:
    """An artifact without its text."""
    return {
        "nodeId": line.node_key,
        "type": line.kind,
        "model": line.model or None,
        "status": line.status,
        "bytes": line.size_bytes,
        "sha256": line.sha256,
        "path": line.path or None,
        "isPartial": line.is_partial,
        "isPruned": line.is_pruned,
    }


def artifact_payload(run_id: object, text: ArtifactText) -> dict[str, Any]:
    """An artifact with its text; None where it was pruned."""
    return {
        "runId": str(run_id),
        "nodeId": text.node_key,
        "type": text.kind,
        "content": text.content,
        "mediaType": text.media_type,
        "isPartial": text.is_partial,
        "metadata": {
            "bytes": text.size_bytes,
            "sha256": text.sha256,
            "createdAt": _moment(text.created_at),
            "path": text.path or None,
        },
    }


def event_payload(event: NumberedEvent) -> dict[str, Any]:
    """An event as every stream and list writes it."""
    return {
        "seq": event.seq,
        "at": _moment(event.at),
        "event": event.kind,
        "nodeId": event.node_key or None,
        "message": event.message,
        "data": event.data,
    }


def started_payload(run: Run, *, is_deduplicated: bool) -> dict[str, Any]:
    """What a caller learns when a run is accepted."""
    return {
        "id": str(run.pk),
        "status": run.status,
        "createdAt": _moment(run.created_at),
        "deduplicated": is_deduplicated,
        "isSimulated": run.is_simulated,
        "needsApproval": run.status == "awaiting_approval",
        "expectedUsd": _usd(run.expected_nano_usd),
        "likelyWorstUsd": _usd(run.likely_worst_nano_usd),
        "worstUsd": _usd(run.worst_nano_usd),
        "capUsd": _usd(run.cap_nano_usd),
        "notes": run.plan.get("notes", []),
    }


def preview_payload(plan: Plan, forecast: CostForecast) -> dict[str, Any]:
    """A plan and what it would cost, before anything is started."""
    return {
        "mode": plan.mode,
        "summary": plan.summary,
        "notes": list(plan.notes),
        "final": plan.final or None,
        "nodes": [
            {
                "id": spec.key,
                "title": spec.title,
                "kind": spec.kind,
                "purpose": spec.purpose,
                "wave": spec.wave,
                "dependsOn": list(spec.depends_on),
                "model": spec.model.model_id if spec.model else None,
                "reason": spec.model.reason if spec.model else None,
                "score": spec.model.score if spec.model else None,
                "fallbacks": [choice.model_id for choice in spec.fallbacks],
                "isConditional": spec.gate is not None,
                "maxOutputTokens": spec.max_output_tokens,
            }
            for spec in plan.nodes
        ],
        "cost": {
            "expectedUsd": _usd(forecast.expected_nano_usd),
            "likelyWorstUsd": _usd(forecast.likely_worst_nano_usd),
            "worstUsd": _usd(forecast.worst_nano_usd),
            "unknownModels": list(forecast.unknown_models),
            "unknownSearchFees": list(forecast.unknown_search_fees),
        },
    }


def _model_of(node: Node) -> Mapping[str, Any]:
    return node.spec.get("model") or {}


def _usd(nano_usd: int | None) -> float | None:
    """A JSON number: a dollar amount of up to nine decimals is exact in a float's 15 digits below $1,000,000."""
    return None if nano_usd is None else float(Decimal(to_usd(nano_usd)))


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
