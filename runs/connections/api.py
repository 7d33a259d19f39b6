"""Connections and breakers over HTTP; a key goes in and never comes out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from runs.breakers.shared import list_breakers, reset_breaker
from runs.connections.change import change_connection, create_connection, delete_connection
from runs.connections.inputs import (
    BreakerInput,
    ConnectionInput,
    NewConnectionInput,
    read_breaker,
    read_connection_change,
    read_new_connection,
)
from runs.connections.presenters import (
    ConnectionPayload,
    agent_payload,
    breaker_payload,
    connection_payload,
    provider_payload,
)
from runs.connections.probe import check_connection
from runs.connections.report import get_connection, list_connections
from runs.harness import enabled_harnesses
from runs.providers.known import KNOWN_PROVIDERS
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Actor, Scope


@extend_schema(
    methods=["GET"],
    operation_id="connections",
    tags=["Connections"],
    summary="The places that serve models, how they are doing, and which command-line agents may be named as driver",
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["POST"],
    operation_id="create_connection",
    tags=["Connections"],
    summary="Connect a provider",
    request=NewConnectionInput,
    responses={201: OpenApiTypes.OBJECT},
)
@requires_scope(Scope.RUNS_READ, write=Scope.RUNS_ADMIN)
@api_view(["GET", "POST"])
def connections(request: Request) -> Response:
    actor = actor_of(request)
    if request.method == "POST":
        key = create_connection(actor=actor, draft=read_new_connection(request.data))
        return Response({"data": _payload(actor, key)}, status=201)
    breakers, is_admin = list_breakers(), _is_admin(actor)
    shown = [connection_payload(report, breakers, is_admin=is_admin) for report in list_connections(actor=actor)]
    meta = {
        "providers": [provider_payload(item) for item in KNOWN_PROVIDERS],
        "agents": [agent_payload(report) for report in enabled_harnesses()],
    }
    return Response({"data": shown, "meta": meta})


@extend_schema(
    methods=["PATCH"],
    operation_id="change_connection",
    tags=["Connections"],
    summary="Change a connection; what is left out stays",
    request=ConnectionInput,
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["DELETE"],
    operation_id="delete_connection",
    tags=["Connections"],
    summary="Take a connection away, its key with it",
    responses={204: None},
)
@requires_scope(Scope.RUNS_ADMIN)
@api_view(["PATCH", "DELETE"])
def connection(request: Request, key: str) -> Response:
    actor = actor_of(request)
    if request.method == "DELETE":
        delete_connection(actor=actor, key=key)
        return Response(status=204)
    draft = read_connection_change(request.data, get_connection(actor=actor, key=key))
    change_connection(actor=actor, key=key, draft=draft)
    return Response({"data": _payload(actor, key)})


@extend_schema(
    operation_id="test_connection",
    tags=["Connections"],
    summary="Ask the place whether its key is good and which models it lists",
    request=None,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_ADMIN)
@api_view(["POST"])
def test(request: Request, key: str) -> Response:
    actor = actor_of(request)
    problem = check_connection(actor=actor, key=key)
    shown: dict[str, Any] = {"isWell": not problem, "problem": problem or None, "connection": _payload(actor, key)}
    return Response({"data": shown})


@extend_schema(
    operation_id="breakers",
    tags=["Connections"],
    summary="The places that are left alone for a while, and why",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def breakers(_request: Request) -> Response:
    return Response({"data": [breaker_payload(breaker) for breaker in list_breakers()]})


@extend_schema(
    operation_id="reset_breaker",
    tags=["Connections"],
    summary="Let calls through again at once",
    request=BreakerInput,
    responses={204: None},
)
@requires_scope(Scope.RUNS_ADMIN)
@api_view(["POST"])
def breaker_reset(request: Request) -> Response:
    connection_key, model_id = read_breaker(request.data)
    reset_breaker(actor=actor_of(request), connection=connection_key, model_id=model_id)
    return Response(status=204)


def _payload(actor: Actor, key: str) -> ConnectionPayload:
    report = get_connection(actor=actor, key=key)
    return connection_payload(report, list_breakers(), is_admin=_is_admin(actor))


def _is_admin(actor: Actor) -> bool:
    return Scope.RUNS_ADMIN in actor.scopes
