"""Taking tasks apart over HTTP, at the addresses and in the words of the ancestor."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from catalog.encoded import encode
from routing.answers import answer_decompose, answer_swarm
from routing.decompose.inputs import DecomposeInput, SwarmInput, read_decompose
from routing.inputs import read_body
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope

_EXAMPLE: Final = OpenApiExample(
    "Two verbs", request_only=True, value={"task": "Build and deploy a SaaS landing page", "budget": "medium"}
)


@extend_schema(
    operation_id="decompose",
    tags=["Choosing"],
    summary="A task in steps, a model for each",
    description="Lists, words of sequence, semicolons, paragraphs and joined verbs tell the steps apart. "
    "A task that is one piece of work answers decomposed: false with the reason.",
    request=DecomposeInput,
    responses=OpenApiTypes.OBJECT,
    examples=[_EXAMPLE],
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["POST"])
def decompose(request: Request) -> HttpResponse:
    wanted = read_decompose(read_body(request.data))
    return _json(answer_decompose(wanted, actor_of(request)))


@extend_schema(
    operation_id="swarm",
    tags=["Choosing"],
    summary="A task as a graph of parts in waves, a model for each",
    description="Parts wait for each other only where one needs the other's result. Where the order of the text "
    "contradicts the usual order of the work, the text wins and warning says so.",
    request=SwarmInput,
    responses=OpenApiTypes.OBJECT,
    examples=[_EXAMPLE],
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["POST"])
def swarm(request: Request) -> HttpResponse:
    wanted = read_decompose(read_body(request.data))
    return _json(answer_swarm(wanted, actor_of(request)))


def _json(value: object) -> HttpResponse:
    return HttpResponse(encode(value), content_type="application/json")
