"""Runs over HTTP: asked for, watched, read, let go, stopped and repeated."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, content_negotiation_class
from rest_framework.request import Request
from rest_framework.response import Response

from runs import presenters
from runs.api_inputs import (
    EventsInput,
    ResultInput,
    RetryInput,
    RunListInput,
    read_events,
    read_list,
    read_result,
    read_retry,
    read_start,
)
from runs.control import approve_run, cancel_run, retry_run
from runs.create import preview_run, start_run
from runs.inputs import RunInput
from runs.keeping.artifacts import read_artifact, read_outputs
from runs.keeping.events import list_events
from runs.queries import find_answer, get_report, get_run, list_artifacts, list_nodes, list_runs
from runs.shapes import RunStatus
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope
from smartspawn.tickets import AnyAccept, stream_ticket

_KEY: Final = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="The same key within 24 hours is the same run."
)
# What a client asks for that wants to be told of events as they happen.
STREAM_FORMATS: Final = {"text/event-stream": "sse", "application/x-ndjson": "ndjson"}


@extend_schema(
    methods=["GET"],
    operation_id="runs",
    tags=["Runs"],
    summary="Your runs, newest first",
    parameters=[RunListInput],
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["POST"],
    operation_id="start_run",
    tags=["Runs"],
    summary="Have a task done",
    parameters=[_KEY],
    request=RunInput,
    responses={202: OpenApiTypes.OBJECT},
)
@requires_scope(Scope.RUNS_READ, write=Scope.RUNS_WRITE)
@api_view(["GET", "POST"])
def runs(request: Request) -> Response:
    actor = actor_of(request)
    if request.method == "POST":
        wanted = read_start(request.data)
        started = start_run(
            request=wanted.request,
            actor=actor,
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            is_forced_new=wanted.is_forced_new,
        )
        payload = presenters.started_payload(started.run, is_deduplicated=started.is_deduplicated)
        return Response({"data": payload}, status=202, headers={"Location": f"/api/runs/{started.run.pk}"})
    wanted_list, most = read_list(request.query_params, actor)
    reports = list_runs(actor, wanted_list, most=most)
    return Response({"data": [presenters.run_payload(report) for report in reports]})


@extend_schema(
    operation_id="preview_run",
    tags=["Runs"],
    summary="What a run would do and cost",
    request=RunInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["POST"])
def preview(request: Request) -> Response:
    plan, costs = preview_run(request=read_start(request.data).request, actor=actor_of(request))
    return Response({"data": presenters.preview_payload(plan, costs)})


@extend_schema(operation_id="run", tags=["Runs"], summary="One run and its nodes", responses=OpenApiTypes.OBJECT)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def run(request: Request, run_id: UUID) -> Response:
    report = get_report(run_id, actor_of(request))
    return Response({"data": presenters.detail_payload(report, list_nodes(run_id))})


@extend_schema(
    operation_id="run_events",
    tags=["Runs"],
    summary="What happened, and what happens",
    description="As a page of JSON; with `Accept: text/event-stream` or `application/x-ndjson` as a stream that "
    "lasts until the run ends. Go on after the last number you have with `after`.",
    parameters=[EventsInput],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
@content_negotiation_class(AnyAccept)
def events(request: Request, run_id: UUID) -> HttpResponse:
    row = get_run(run_id, actor_of(request))
    after, most = read_events(request.query_params, request.headers.get("Last-Event-ID", ""))
    if stream := STREAM_FORMATS.get(request.headers.get("Accept", "").partition(",")[0].strip()):
        return stream_ticket("run-events", {"run": str(run_id), "after": after, "format": stream})
    told = [presenters.event_payload(event) for event in list_events(run_id, after=after, most=most)]
    is_over = RunStatus(row.status).is_final and row.event_count <= (told[-1]["seq"] if told else after)
    return Response({"data": {"events": told, "isOver": is_over}})


@extend_schema(
    operation_id="run_result",
    tags=["Runs"],
    summary="What a run brought forth",
    parameters=[ResultInput],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def result(request: Request, run_id: UUID) -> Response:
    report = get_report(run_id, actor_of(request))
    artifacts = list_artifacts(run_id)
    raw = [line.node_key for line in artifacts if line.kind == "raw"] if read_result(request.query_params) else None
    outputs = None if raw is None else read_outputs(run_id, raw)
    return Response({"data": presenters.result_payload(report, artifacts, find_answer(report.run), outputs)})


@extend_schema(
    operation_id="run_artifact",
    tags=["Runs"],
    summary="One text of a run: a node's output, the plan, the merged answer",
    parameters=[OpenApiParameter("download", bool, description="The bytes themselves, as a file.")],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def artifact(request: Request, run_id: UUID, node_key: str) -> HttpResponse:
    get_run(run_id, actor_of(request))
    text = read_artifact(run_id, node_key.removeprefix(f"{run_id}:"))
    if "download" in request.query_params and text.content is not None:
        return _file(text.content, f"{node_key}.{'json' if text.media_type == 'application/json' else 'md'}")
    return Response({"data": presenters.artifact_payload(run_id, text)})


@extend_schema(
    operation_id="cancel_run", tags=["Runs"], summary="Stop a run", request=None, responses=OpenApiTypes.OBJECT
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
def cancel(request: Request, run_id: UUID) -> Response:
    actor = actor_of(request)
    cancel_run(run_id=run_id, actor=actor)
    return Response({"data": presenters.run_payload(get_report(run_id, actor))})


@extend_schema(
    operation_id="approve_run",
    tags=["Runs"],
    summary="Let a run start that waits",
    request=None,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
def approve(request: Request, run_id: UUID) -> Response:
    actor = actor_of(request)
    approve_run(run_id=run_id, actor=actor)
    return Response({"data": presenters.run_payload(get_report(run_id, actor))})


@extend_schema(
    operation_id="retry_run",
    tags=["Runs"],
    summary="Have failed nodes done again",
    request=RetryInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
def retry(request: Request, run_id: UUID) -> Response:
    actor = actor_of(request)
    wanted = read_retry(request.data)
    retry_run(run_id=run_id, actor=actor, node_keys=wanted.nodes, max_usd=wanted.max_usd)
    return Response({"data": presenters.run_payload(get_report(run_id, actor))}, status=202)


def _file(content: str, name: str) -> HttpResponse:
    # Never as something that a browser would show as a page: what models write is not to be trusted.
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name.replace(chr(34), "")}"'
    return response
