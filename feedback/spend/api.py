"""Spend over HTTP: sums, the calls behind them, what they saved, and what the month will come to."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.spend.calls import PAGE_LINES, list_calls
from feedback.spend.inputs import LookInput, check_width, read_cursor, read_limit, read_look, read_model
from feedback.spend.overview import look_over
from feedback.spend.presenters import calls_payload, overview_payload
from feedback.spend.saved import cascades_in, savings_of
from feedback.spend.savings_presenters import cascades_payload, savings_payload
from feedback.spend.views import day_share
from runs.ledger.windows import day_of
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope

_AFTER = OpenApiParameter("after", OpenApiTypes.STR, description="The 'next' of the page before.")
_BASELINE = OpenApiParameter("baseline", OpenApiTypes.STR, description="A model's id, in place of the one used before.")
_LIMIT = OpenApiParameter("limit", OpenApiTypes.INT, description="At most 500; 50 if it is not said.")


@extend_schema(
    operation_id="spend",
    tags=["Money"],
    summary="What was spent in a range of days, divided by what you choose, beside the days before",
    description="One's own; for admins everybody's. Days are UTC. Simulated calls are left out unless asked for.",
    parameters=[LookInput],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def spend(request: Request) -> Response:
    now = timezone.now()
    look = read_look(request.query_params.dict(), actor_of(request), day_of(now))
    check_width(look)
    return Response({"data": overview_payload(look_over(look, today=day_of(now), day_share=day_share(now)))})


@extend_schema(
    operation_id="spend_calls",
    tags=["Money"],
    summary="The calls behind a sum of spend, newest day first",
    description="The same parameters give the same calls whose sum 'spend' tells; corrections are lines of their own.",
    parameters=[LookInput, _AFTER, _LIMIT],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def spend_calls(request: Request) -> Response:
    query = request.query_params.dict()
    look = read_look(query, actor_of(request), day_of(timezone.now()), also=("after", "limit"))
    most = read_limit(query.get("limit", ""), PAGE_LINES)
    return Response({"data": calls_payload(list_calls(look, after=read_cursor(query.get("after", "")), most=most))})


@extend_schema(
    operation_id="spend_savings",
    tags=["Money"],
    summary="What the choice of models saved, against four ways of always choosing",
    description=(
        "Net of judging, merging, planning and lost calls, with the quality beside it. A negative saving is a loss. "
        "Calls whose base line has no known price are left out of both sides and counted."
    ),
    parameters=[LookInput, _BASELINE],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def spend_savings(request: Request) -> Response:
    query = request.query_params.dict()
    look = read_look(query, actor_of(request), day_of(timezone.now()), also=("baseline",))
    check_width(look)
    return Response({"data": savings_payload(savings_of(look, named=read_model(query.get("baseline", ""))))})


@extend_schema(
    operation_id="spend_cascade",
    tags=["Money"],
    summary="How often the cheap answer of a cascade was enough, and what trying and judging cost",
    description="By kind of task, with the interval that holds the share in eight of ten cases.",
    parameters=[LookInput],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def spend_cascade(request: Request) -> Response:
    look = read_look(request.query_params.dict(), actor_of(request), day_of(timezone.now()))
    check_width(look)
    return Response({"data": cascades_payload(cascades_in(look))})
