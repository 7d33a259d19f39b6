"""Caps and usage over HTTP."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from runs.caps.inputs import CapInput, CapPlaceInput, RunWishInput, read_cap, read_cap_place, read_wish
from runs.caps.presenters import cap_payload, usage_payload, wish_payload
from runs.caps.usage import own_lines, usage_of
from runs.ledger.caps import CapLine, lines_of, list_caps, remove_cap, set_cap
from runs.ledger.wishes import find_wish, set_wish
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope


@extend_schema(
    methods=["GET"],
    operation_id="caps",
    tags=["Money"],
    summary="Caps of site, people and keys, and how much of them is used",
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["PUT"],
    operation_id="set_cap",
    tags=["Money"],
    summary="Set the most that a scope may spend in each day or month",
    description="Holds at once. Without a cap there is no limit; 0 lets nothing through.",
    request=CapInput,
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["DELETE"],
    operation_id="remove_cap",
    tags=["Money"],
    summary="Lift a cap",
    parameters=[CapPlaceInput],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_ADMIN)
@api_view(["GET", "PUT", "DELETE"])
def caps(request: Request) -> Response:
    lines = list_caps() if request.method == "GET" else _changed(request)
    return Response({"data": [cap_payload(line) for line in lines]})


@extend_schema(
    methods=["GET"],
    operation_id="my_caps",
    tags=["Money"],
    summary="Your caps and those of your keys",
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["PUT"],
    operation_id="set_my_cap",
    tags=["Money"],
    summary="Set a cap of yourself or of a key of yours",
    description="At most what an admin set (adminCapUsd). Needs a session: a key without runs:admin sets no caps.",
    request=CapInput,
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["DELETE"],
    operation_id="remove_my_cap",
    tags=["Money"],
    summary="Lift a cap that you set; an admin's then holds",
    parameters=[CapPlaceInput],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ, write=Scope.RUNS_WRITE)
@api_view(["GET", "PUT", "DELETE"])
def my_caps(request: Request) -> Response:
    lines = own_lines(actor_of(request)) if request.method == "GET" else _changed(request)
    return Response({"data": [cap_payload(line) for line in lines]})


def _changed(request: Request) -> tuple[CapLine, ...]:
    """The cap that this request sets or lifts, as it is afterwards; who may is for ``cap_rules`` to say."""
    actor = actor_of(request)
    if request.method == "PUT":
        wanted = read_cap(request.data)
        set_cap(actor=actor, scope=wanted.scope, kind=wanted.kind, cap_nano_usd=wanted.cap_nano_usd, why=wanted.why)
    else:
        wanted = read_cap_place(request.query_params.dict())
        remove_cap(actor=actor, scope=wanted.scope, kind=wanted.kind, why=wanted.why)
    return tuple(line for line in lines_of([wanted.scope]) if line.kind == wanted.kind)


@extend_schema(
    operation_id="my_usage",
    tags=["Money"],
    summary="What you have spent today and this month, beside your caps",
    description="Asked with a key: what this key has spent, and its owner. Simulated calls are left out.",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def my_usage(request: Request) -> Response:
    actor = actor_of(request)
    return Response({"data": usage_payload(usage_of(actor), find_wish(actor.user_id))})


@extend_schema(
    operation_id="set_run_preference",
    tags=["Money"],
    summary="Set what to be asked before money goes out; null is the site's way",
    request=RunWishInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["PUT"])
def my_run_preference(request: Request) -> Response:
    actor = actor_of(request)
    set_wish(actor=actor, wish=read_wish(request.data))
    return Response({"data": wish_payload(find_wish(actor.user_id))})
