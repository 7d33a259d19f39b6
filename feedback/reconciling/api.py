"""Reconciliation over HTTP."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.reconciling.asking import reconcile_look
from feedback.reconciling.check import find_report
from feedback.reconciling.presenters import prices_payload, reconciliation_payload
from feedback.spend.inputs import LookInput, read_look
from feedback.spend.presenters import look_payload
from runs.ledger.windows import day_of
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope


@extend_schema(
    operation_id="spend_reconciliation",
    tags=["Money"],
    summary="What was worked out for calls against what providers report, by month, connection, provider and model",
    description="For admins. Narrowed down by model and provider alone. Calls without a report are counted apart.",
    parameters=[LookInput],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_ADMIN)
@api_view(["GET"])
def reconciliation(request: Request) -> Response:
    look = read_look(request.query_params.dict(), actor_of(request), day_of(timezone.now()))
    return Response({"data": {**look_payload(look), **reconciliation_payload(reconcile_look(look))}})


@extend_schema(
    operation_id="spend_prices",
    tags=["Money"],
    summary="The catalogue's prices that differ from others' word for them by more than 5 %",
    description="For admins. As of the newest check, which is made once a day; null before the first.",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_ADMIN)
@api_view(["GET"])
def prices(_request: Request) -> Response:
    report = find_report()
    return Response({"data": None if report is None else prices_payload(report)})
