"""Choosing over HTTP, at the addresses and in the words of the ancestor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from catalog.encoded import encode
from routing import presenters
from routing.answers import answer_pick, answer_recommend
from routing.decide import override_route
from routing.decide import route as route_task
from routing.inputs import PickInput, RecommendInput, read_body, read_pick, read_recommend
from routing.replays import replay as replay_decision
from routing.route_inputs import OverrideInput, RouteInput, read_override, read_route, unheard_notes
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Actor, Scope

# What an open pick for coding on an empty site answers with: it can be made again anywhere.
EXAMPLE_DECISION_ID: Final = "q1_nKRwaWNrAKExAKZjb2RpbmembWVkaXVtAcCQwJCQ"


@extend_schema(
    methods=["GET"],
    operation_id="pick",
    tags=["Choosing"],
    summary="The one model for a task",
    parameters=[PickInput],
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["POST"],
    operation_id="pick_for_body",
    tags=["Choosing"],
    summary="The one model for a long task",
    request=PickInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET", "POST"])
def pick(request: Request) -> HttpResponse:
    actor = actor_of(request)
    return _json(answer_pick(read_pick(_values(request)), actor, is_stored=_is_stored(request, actor)))


@extend_schema(
    methods=["GET"],
    operation_id="recommend",
    tags=["Choosing"],
    summary="The best few models for a task",
    parameters=[RecommendInput],
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["POST"],
    operation_id="recommend_for_body",
    tags=["Choosing"],
    summary="The best few models for a long task",
    request=RecommendInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET", "POST"])
def recommend(request: Request) -> HttpResponse:
    actor = actor_of(request)
    return _json(answer_recommend(read_recommend(_values(request)), actor, is_stored=_is_stored(request, actor)))


@extend_schema(
    operation_id="route_task",
    tags=["Choosing"],
    summary="Which driver and model take a task, decided once when it starts",
    request=RouteInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["POST"])
def route(request: Request) -> HttpResponse:
    values = read_body(request.data)
    answer = route_task(request=read_route(values), actor=actor_of(request))
    notes = unheard_notes(values)
    return _json({"data": presenters.route_payload(answer), **({"meta": {"notes": notes}} if notes else {})})


@extend_schema(
    operation_id="override_route",
    tags=["Choosing"],
    summary="Record that a person took another model than was decided",
    request=OverrideInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["POST"])
def override(request: Request) -> HttpResponse:
    wanted = read_override(read_body(request.data))
    session_count = override_route(
        decision_id=wanted.decision_id,
        model_id=wanted.model_id,
        driver=wanted.driver,
        why=wanted.why,
        actor=actor_of(request),
    )
    return _json({"data": {"recorded": True, "model": wanted.model_id, "sessions": session_count}})


@extend_schema(
    operation_id="replay_decision",
    tags=["Choosing"],
    summary="A decision made again from what was known then",
    parameters=[
        OpenApiParameter(
            "decision_id",
            str,
            OpenApiParameter.PATH,
            description="The id that came with a pick, a recommendation, a route, steps or a swarm.",
            examples=[OpenApiExample("a pick before the first catalogue", value=EXAMPLE_DECISION_ID)],
        )
    ],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def replay(request: Request, decision_id: str) -> HttpResponse:
    return _json({"data": presenters.replay_payload(replay_decision(decision_id, actor=actor_of(request)))})


def _values(request: Request) -> Mapping[str, Any]:
    """The query's first values, as the ancestor reads them, or the body's fields."""
    if request.method == "POST":
        return read_body(request.data)
    return {name: values[0] for name, values in request.GET.lists() if values}


def _is_stored(request: Request, actor: Actor) -> bool:
    """A read that anybody may make writes nothing; its decision is in the id itself."""
    return request.method == "POST" or not actor.is_anonymous


def _json(value: object) -> HttpResponse:
    return HttpResponse(encode(value), content_type="application/json")
