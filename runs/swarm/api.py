"""Swarm's daemon over HTTP: work that is answered while it is done, in its event shapes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, content_negotiation_class
from rest_framework.request import Request
from rest_framework.response import Response

from runs import presenters
from runs.api_inputs import read_start
from runs.create import preview_run, start_run
from runs.models import Run
from runs.queries import is_waiting
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope
from smartspawn.lib.errors import InvalidBody
from smartspawn.tickets import AnyAccept, stream_ticket

_NDJSON = {(200, "application/x-ndjson"): OpenApiTypes.OBJECT}
_streams = partial(extend_schema, tags=["Swarm"], request=OpenApiTypes.OBJECT, responses=_NDJSON)
# Beside a chain's own fields a body may hold whatever any run takes.
_CHAIN_FIELDS = frozenset({"name", "input", "stages"})
_AUTO_FIELDS = frozenset({"task", "data", "depth", "perspectives", "stages"})
_TEMPLATE_FIELDS = frozenset({"template", "task", "data", "input"})


@_streams(operation_id="parallel", summary="Many prompts, one model")
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def parallel(request: Request) -> HttpResponse:
    return _stream(request, "parallel", {**_body(request), "mode": "parallel"})


@_streams(operation_id="research", summary="Look into subjects")
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def research(request: Request) -> HttpResponse:
    return _stream(request, "research", {**_body(request), "mode": "research"})


@_streams(operation_id="chain", summary="Stages one after another")
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def chain(request: Request) -> HttpResponse:
    return _stream(request, "chain", _chain_body(_body(request), _CHAIN_FIELDS, ""))


@_streams(operation_id="chain_auto", summary="A chain made for a task")
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def chain_auto(request: Request) -> HttpResponse:
    return _stream(request, "auto", _chain_body(_body(request), _AUTO_FIELDS, "auto"))


@_streams(operation_id="chain_template", summary="A chain from a template")
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def chain_template(request: Request) -> HttpResponse:
    return _stream(request, "chain", _chain_body(_body(request), _TEMPLATE_FIELDS, ""))


@extend_schema(
    operation_id="chain_preview",
    tags=["Swarm"],
    summary="The stages that a task would get, and their cost",
    request=OpenApiTypes.OBJECT,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["POST"])
def chain_preview(request: Request) -> Response:
    wanted = read_start(_chain_body(_body(request), _AUTO_FIELDS, "auto"))
    plan, costs = preview_run(request=wanted.request, actor=actor_of(request))
    return Response({"data": presenters.preview_payload(plan, costs)})


def _stream(request: Request, shape: str, body: Mapping[str, Any]) -> HttpResponse:
    """Write the run down and answer with a stream that drives it; one that needs a yes says so instead."""
    wanted = read_start(body)
    actor = actor_of(request)
    key = request.headers.get("Idempotency-Key", "")
    # Without a key every request is its own: who sends a batch twice over a stream wants it twice.
    started = start_run(request=wanted.request, actor=actor, idempotency_key=key, is_forced_new=not key, rings=False)
    if is_waiting(started.run):
        return _needs_yes(started.run)
    response = stream_ticket(
        "run-drive", {"run": str(started.run.pk), "shape": shape, "isDetached": wanted.is_detached}
    )
    response["X-Run-Id"] = str(started.run.pk)
    return response


def _needs_yes(run: Run) -> HttpResponse:
    path = f"/api/runs/{run.pk}/approve"
    told = {
        "event": "error",
        "error": f"This run may cost more than you let pass without a yes. Approve it: POST {path}",
        "category": "approval",
        "runId": str(run.pk),
        "retryable": False,
        "timestamp": int(time.time() * 1000),
    }
    return HttpResponse(json.dumps(told) + "\n", status=202, content_type="application/x-ndjson")


def _chain_body(body: Mapping[str, Any], fields: frozenset[str], kind: str) -> dict[str, Any]:
    """The body with the chain's own fields put where a run has them."""
    inner = {name: value for name, value in body.items() if name in fields}
    outer = {name: value for name, value in body.items() if name not in fields}
    outer["options"] = {
        **_mapping(outer.get("options")),
        **({"reflect": outer.pop("reflect")} if "reflect" in outer else {}),
    }
    return {**outer, "mode": "chain", "chain": {kind: inner} if kind else inner}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _body(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, Mapping):
        raise InvalidBody("The body must be a JSON object.")
    return dict(request.data)
