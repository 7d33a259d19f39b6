"""Tools for work: runs under the names, inputs and outputs that the ancestor's server has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from runs.control import approve_run, cancel_run
from runs.create import start_run
from runs.inputs import RunInput, read_run
from runs.keeping.artifacts import read_artifact, read_outputs
from runs.presenters import RAW_OUTPUT_CHARS
from runs.queries import (
    MOST_LISTED,
    ArtifactLine,
    RunFilter,
    RunReport,
    find_answer,
    get_report,
    get_run,
    list_artifacts,
    list_runs,
)
from runs.shapes import RunStatus
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import InvalidParam, MissingParam, NotFound
from smartspawn.mcp.schemas import JsonSchema, object_schema, schema_of
from smartspawn.mcp.shapes import Arguments, McpTool

_RUN_ID: JsonSchema = {"type": "string", "description": "The run's id."}
_FORCE: JsonSchema = {"type": "boolean", "description": "Another run, even if the same was asked for a moment ago."}


def _create(actor: Actor, given: Arguments) -> dict[str, Any]:
    if not given:
        raise MissingParam("task is required")  # as the ancestor says it; some of our modes take no task
    work = {name: value for name, value in given.items() if name != "forceNew"}
    started = start_run(request=read_run(work), actor=actor, is_forced_new=bool(given.get("forceNew")))
    run = started.run
    payload: dict[str, Any] = {"run_id": str(run.pk), "status": run.status, "created_at": _iso(run.created_at)}
    if started.is_deduplicated:
        payload["deduplicated"] = True
    if run.status == RunStatus.AWAITING_APPROVAL:
        payload["needs_approval"] = "It may cost more than you let pass without a yes: smartspawn_run_approve."
    return payload


def _status(actor: Actor, given: Arguments) -> dict[str, Any]:
    return status_payload(get_report(_run_id(given), actor))


def status_payload(report: RunReport) -> dict[str, Any]:
    """How far a run is, in the ancestor's words."""
    progress = report.progress
    return {
        "run_id": str(report.run.pk),
        "status": report.run.status,
        "progress": {
            "total_nodes": progress.total_nodes,
            "done_nodes": progress.done_nodes,
            "running_nodes": progress.running_nodes,
            "failed_nodes": progress.failed_nodes,
            "percent": progress.percent,
        },
        "last_event": report.last_event or None,
        "error": report.run.error or None,
        "updated_at": _iso(report.run.updated_at),
    }


def _result(actor: Actor, given: Arguments) -> dict[str, Any]:
    report = get_report(_run_id(given), actor)
    run = report.run
    artifacts = list_artifacts(run.pk)
    answer = find_answer(run)
    count = report.progress.total_nodes
    payload = {
        "status": run.status,
        "merged_output": answer.content if answer else None,
        "is_partial": bool(answer and answer.is_partial),
        "is_simulated": run.is_simulated,
        "summary": f"{run.mode} run with {count} node{'' if count == 1 else 's'}",
        "artifacts": [_artifact_line(line) for line in artifacts],
        "cost": {
            "prompt_tokens": report.prompt_tokens,
            "completion_tokens": report.completion_tokens,
            "usd_estimate": report.money.spent_nano_usd / 1e9,
        },
        "error": run.error or None,
    }
    if given.get("include_raw"):
        payload["raw_outputs"] = _raw_outputs(run.pk, artifacts)
    return payload


def _raw_outputs(run_id: UUID, artifacts: Iterable[ArtifactLine]) -> list[dict[str, Any]]:
    texts = read_outputs(run_id, [line.node_key for line in artifacts if line.kind == "raw"])
    return [{"nodeId": key, "output": text[:RAW_OUTPUT_CHARS]} for key, text in texts.items()]


def _artifact_line(line: ArtifactLine) -> dict[str, Any]:
    return {
        "node_id": line.node_key,
        "path": line.path or None,
        "model": line.model or None,
        "status": line.status,
        "type": line.kind,
    }


def _artifact(actor: Actor, given: Arguments) -> dict[str, Any]:
    if not given.get("run_id") or not given.get("node_id"):
        raise MissingParam("run_id and node_id are required")
    run = get_run(_run_id(given), actor)
    text = read_artifact(run.pk, str(given["node_id"]).removeprefix(f"{run.pk}:"))
    return {
        "artifact_type": text.kind,
        "content": text.content,
        "metadata": {
            "bytes": text.size_bytes,
            "sha256": text.sha256,
            "created_at": _iso(text.created_at),
            "path": text.path or None,
        },
    }


def _list(actor: Actor, given: Arguments) -> dict[str, Any]:
    status = str(given.get("status") or "")
    if status and status not in list(RunStatus):
        raise InvalidParam(f"status must be one of {'|'.join(RunStatus)}")
    reports = list_runs(actor, RunFilter(status=status), most=given.get("limit") or 20)
    return {"runs": [_run_line(report) for report in reports]}


def _run_line(report: RunReport) -> dict[str, Any]:
    run = report.run
    return {
        "run_id": str(run.pk),
        "task": run.task,
        "status": run.status,
        "created_at": _iso(run.created_at),
        "updated_at": _iso(run.updated_at),
    }


def _cancel(actor: Actor, given: Arguments) -> dict[str, Any]:
    run = cancel_run(run_id=_run_id(given), actor=actor)
    is_being_stopped = run.cancel_requested_at is not None and not RunStatus(run.status).is_final
    return {"run_id": str(run.pk), "status": "canceling" if is_being_stopped else run.status}


def _approve(actor: Actor, given: Arguments) -> dict[str, Any]:
    run = approve_run(run_id=_run_id(given), actor=actor)
    return {"run_id": str(run.pk), "status": run.status}


def _run_id(given: Arguments) -> UUID:
    text = given.get("run_id")
    if not text:
        raise MissingParam("run_id is required")
    try:
        return UUID(str(text))
    except ValueError as error:
        raise NotFound(f"run not found: {str(text)[:80]}") from error


def _iso(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))


def _create_schema() -> JsonSchema:
    schema = schema_of(RunInput)
    schema["properties"]["forceNew"] = _FORCE
    return schema


_WITH_RUN = object_schema({"run_id": _RUN_ID}, "run_id")
WAIT = McpTool(
    "smartspawn_run_wait",
    "Wait for a run",
    "Waits until the run has ended or 25 seconds have passed, and tells how far it is. Call it again to go on.",
    _WITH_RUN,
    Scope.RUNS_READ,
    _status,
)
RUN_TOOLS = (
    McpTool(
        "smartspawn_run_create",
        "Start a run",
        "Has a task done by one model or several: single, collective, cascade, plan, swarm, parallel, research, chain.",
        _create_schema(),
        Scope.RUNS_WRITE,
        _create,
        is_read_only=False,
    ),
    McpTool(
        "smartspawn_run_status",
        "How far a run is",
        "Progress and last event of a run.",
        _WITH_RUN,
        Scope.RUNS_READ,
        _status,
    ),
    WAIT,
    McpTool(
        "smartspawn_run_result",
        "What a run brought",
        "The merged answer, the artifacts and the cost of a run.",
        object_schema({"run_id": _RUN_ID, "include_raw": {"type": "boolean"}}, "run_id"),
        Scope.RUNS_READ,
        _result,
    ),
    McpTool(
        "smartspawn_artifact_get",
        "One text of a run",
        'The output of a node, or "merged" or "plan".',
        object_schema({"run_id": _RUN_ID, "node_id": {"type": "string"}}, "run_id", "node_id"),
        Scope.RUNS_READ,
        _artifact,
    ),
    McpTool(
        "smartspawn_run_list",
        "Your runs",
        "The newest runs first.",
        object_schema(
            {
                "status": {"type": "string", "enum": list(RunStatus)},
                "limit": {"type": "integer", "minimum": 1, "maximum": MOST_LISTED},
            }
        ),
        Scope.RUNS_READ,
        _list,
    ),
    McpTool(
        "smartspawn_run_cancel",
        "Stop a run",
        "Stops a run and closes what is open; one that has ended stays as it is.",
        _WITH_RUN,
        Scope.RUNS_WRITE,
        _cancel,
        is_read_only=False,
    ),
    McpTool(
        "smartspawn_run_approve",
        "Let a run start",
        "Lets a run start that waits for a yes because of its cost.",
        _WITH_RUN,
        Scope.RUNS_WRITE,
        _approve,
        is_read_only=False,
    ),
)
