"""The week over HTTP."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.digest.inputs import DigestInput, read_whose
from feedback.digest.presenters import week_payload
from feedback.digest.week import week_of
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope


@extend_schema(
    operation_id="digest",
    tags=["Feedback"],
    summary="The last seven days beside the seven before, as figures and as text for a chat",
    parameters=[DigestInput],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def digest(request: Request) -> Response:
    week = week_of(actor_of(request), is_everybodys=read_whose(request.GET.get("of", "")))
    return Response({"data": week_payload(week)}, headers={"Cache-Control": "no-store"})
