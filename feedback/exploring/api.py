"""What trying others brought, over HTTP."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.exploring.presenters import results_payload
from feedback.exploring.queries import what_it_brought
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope


@extend_schema(
    operation_id="exploration_results",
    tags=["Exploration"],
    summary="Your picks that tried another model: their ratings and costs beside the leaders'",
    description="By kind of work, tried model and leader; intervals hold eight times in ten. Nothing is adopted by "
    "it: ratings count for the next pick as all do.",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ)
@api_view(["GET"])
def results(request: Request) -> Response:
    return Response(
        {"data": results_payload(what_it_brought(actor_of(request)))}, headers={"Cache-Control": "no-store"}
    )
