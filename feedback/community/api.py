"""The community over HTTP: the ancestor's two addresses, taking back, and scores for other sites."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.community import queries
from feedback.community.inputs import InstanceInput, ReportInput, read_instance_body, read_report
from feedback.community.limits import check_reports, hash_instance, network_of
from feedback.community.presenters import aggregate_payload, score_payload
from feedback.community.publishing import is_server, own_aggregate
from feedback.community.reporting import forget_instance, take_report
from feedback.inputs import MOST_SAMPLES, read_category, read_whole
from smartspawn.access.gates import requires_scope
from smartspawn.access.shapes import Scope
from smartspawn.lib.errors import Conflict

_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Of your own making: the same report sent twice under one key counts once.",
)
# What an aggregate may be kept for on the way: it changes once a day.
_KEPT_FOR = {"Cache-Control": "public, max-age=3600"}
NOT_A_SERVER = "This site collects no community ratings; nothing was kept."


@extend_schema(
    operation_id="community_report",
    tags=["Community"],
    summary="Tell the community how a model did, without a name",
    description="A site that is no community server keeps nothing and says so: what you rate counts for yourself "
    "through /api/spawn-log/outcome.",
    parameters=[_KEY],
    request=ReportInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.FEEDBACK_WRITE, is_open=True)
@api_view(["POST"])
def report(request: Request) -> Response:
    told = read_report(request.data)
    check_reports(request, hash_instance(told.instance_id))
    if not is_server():
        return Response({"data": {"recorded": False, "message": NOT_A_SERVER}})
    take_report(report=told, network=network_of(request), key=request.headers.get("Idempotency-Key", ""))
    return Response({"data": {"recorded": True}})


@extend_schema(
    operation_id="community_withdraw",
    tags=["Community"],
    summary="Take back all that an instance has reported",
    request=InstanceInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.FEEDBACK_WRITE, is_open=True)
@api_view(["POST"])
def withdraw(request: Request) -> Response:
    instance_id = read_instance_body(request.data)
    check_reports(request, hash_instance(instance_id))
    return Response({"data": {"withdrawn": forget_instance(instance_id)}})


@extend_schema(
    operation_id="community_scores",
    tags=["Community"],
    summary="How the community rates models, best first",
    parameters=[OpenApiParameter("category", str), OpenApiParameter("minRatings", int, description="Default 10.")],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def scores(request: Request) -> Response:
    found = queries.list_scores(
        category=read_category(request.GET.get("category")),
        min_ratings=read_whole(request.GET.get("minRatings"), default=10, most=MOST_SAMPLES),
    )
    return Response({"data": [score_payload(score) for score in found]})


@extend_schema(
    operation_id="community_aggregate",
    tags=["Community"],
    summary="All scores that this community server has counted up, for other sites to import",
    description="`publisher` is this site's own id. Nothing proves an id, so a site that fetches lets a server's last "
    "answer take the place of all that server said before, under whatever id, and never of scores from a file.",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def aggregate(_request: Request) -> Response:
    if not is_server():
        raise Conflict("This site is no community server: it has no scores of its own to give.")
    return Response(aggregate_payload(own_aggregate()), headers=_KEPT_FOR)
