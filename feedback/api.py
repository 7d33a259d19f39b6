"""Feedback over HTTP: the ancestor's log of spawns and outcomes at its own addresses, and ratings."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from feedback import queries
from feedback.inputs import (
    MOST_DAYS,
    MOST_SAMPLES,
    OutcomeInput,
    RatingInput,
    SpawnLogInput,
    read_category,
    read_outcome,
    read_rating,
    read_spawn,
    read_whole,
)
from feedback.limits import reporter_of
from feedback.log import log_spawn
from feedback.presenters import outcome_payload, rating_payload, score_payload, stats_payload
from feedback.record import rate, record_outcome, withdraw
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope

_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Of your own making: the same report sent twice under one key is kept once.",
)
# What concerns one caller, and changes with each word of theirs, is kept nowhere on the way.
_KEPT_NOWHERE = {"Cache-Control": "no-store"}


@extend_schema(
    operation_id="log_spawn",
    tags=["Feedback"],
    summary="Log that a model was given work elsewhere",
    parameters=[_KEY],
    request=SpawnLogInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.FEEDBACK_WRITE, is_open=True)
@api_view(["POST"])
def spawn_log(request: Request) -> Response:
    actor = reporter_of(request)
    spawn = log_spawn(note=read_spawn(request.data), actor=actor, key=request.headers.get("Idempotency-Key", ""))
    return Response({"data": {"logged": True, "id": spawn.pk}})


@extend_schema(
    operation_id="record_outcome",
    tags=["Feedback"],
    summary="Say how a model did, from 1 to 5; it changes what you are offered next",
    description="With a key it counts for the key's owner. Without one it is kept, and moves nobody's choices.",
    parameters=[_KEY],
    request=OutcomeInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.FEEDBACK_WRITE, is_open=True)
@api_view(["POST"])
def spawn_outcome(request: Request) -> Response:
    actor = reporter_of(request)
    note = read_outcome(request.data)
    rating = record_outcome(note=note, actor=actor, key=request.headers.get("Idempotency-Key", ""))
    return Response({"data": outcome_payload(rating, model_id=note.model_id, category=note.category.value)})


@extend_schema(
    operation_id="spawn_scores",
    tags=["Feedback"],
    summary="How your ratings say that models do, by category",
    parameters=[OpenApiParameter("category", str), OpenApiParameter("minSamples", int, description="Default 3.")],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def spawn_scores(request: Request) -> Response:
    found = queries.list_scores(
        actor_of(request),
        category=read_category(request.GET.get("category")),
        min_samples=read_whole(request.GET.get("minSamples"), default=3, most=MOST_SAMPLES),
    )
    return Response({"data": [score_payload(item) for item in found]}, headers=_KEPT_NOWHERE)


@extend_schema(
    operation_id="spawn_stats",
    tags=["Feedback"],
    summary="What your logged work adds up to",
    parameters=[OpenApiParameter("days", int, description="1 to 365; default 7.")],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def spawn_stats(request: Request) -> Response:
    days = read_whole(request.GET.get("days"), default=7, most=MOST_DAYS)
    found = queries.spawn_stats(actor_of(request), days=days)
    return Response({"data": stats_payload(found)}, headers=_KEPT_NOWHERE)


@extend_schema(
    methods=["GET"],
    operation_id="list_ratings",
    tags=["Feedback"],
    summary="What you said of finished work, newest first",
    parameters=[OpenApiParameter("limit", int), OpenApiParameter("before", int, description="The last id you have.")],
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["POST"],
    operation_id="rate",
    tags=["Feedback"],
    summary="Rate a finished run, one of its nodes, or a logged spawn",
    description="Said again, it takes the place of what you said before. The next choice heeds it.",
    request=RatingInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ, write=Scope.FEEDBACK_WRITE)
@api_view(["GET", "POST"])
def ratings(request: Request) -> Response:
    actor = actor_of(request)
    if request.method == "POST":
        subject, said = read_rating(request.data)
        return Response({"data": rating_payload(rate(subject=subject, said=said, actor=actor))})
    limit = read_whole(request.GET.get("limit"), default=50, most=queries.MOST_LISTED)
    before = read_whole(request.GET.get("before"), default=0, most=10**9)
    return Response(
        {"data": [rating_payload(row) for row in queries.list_ratings(actor, most=limit, before_id=before)]}
    )


@extend_schema(
    operation_id="withdraw_rating",
    tags=["Feedback"],
    summary="Take a rating back, and what it taught",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.FEEDBACK_WRITE)
@api_view(["DELETE"])
def rating(request: Request, rating_id: int) -> Response:
    withdraw(rating_id=rating_id, actor=actor_of(request))
    return Response({"data": {"withdrawn": True, "id": rating_id}})
