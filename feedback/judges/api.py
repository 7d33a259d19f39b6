"""One's judges over HTTP."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from runs.judges import JudgeStanding, list_judges
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope


@extend_schema(
    operation_id="judges",
    tags=["Feedback"],
    summary="How well the judges of your runs agree with your own ratings, and which are set aside",
    description="Kappa with quadratic weights on ratings from 1 to 5; the interval holds eight times in ten.",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def judges(request: Request) -> Response:
    return Response({"data": [_payload(item) for item in list_judges(actor_of(request).user_id)]})


def _payload(item: JudgeStanding) -> dict[str, Any]:
    return {
        "model": item.model_id,
        "kappa": item.kappa,
        "lower": item.lower,
        "upper": item.upper,
        "ratings": item.pair_count,
        "setAsideAt": item.set_aside_at.isoformat() if item.set_aside_at else None,
    }
