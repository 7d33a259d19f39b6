"""The catalog over HTTP, as JSON, at the addresses and in the words of the ancestor."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from catalog import presenters, queries
from catalog.encoded import encode, encode_models
from catalog.inputs import ModelsQuery, read_compared_ids, read_models_query
from catalog.tasks import start_refresh
from smartspawn.access.addresses import request_key
from smartspawn.access.gates import requires_scope
from smartspawn.access.limits import check_limit, refresh_limiter
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope
from smartspawn.lib.errors import Conflict, NotFound

# How long a refresh takes as a rule: the network, not the arithmetic.
ESTIMATED_REFRESH_S: Final = 30
ENDPOINTS: Final = (
    "/api/models",
    "/api/recommend",
    "/api/pick",
    "/api/route",
    "/api/route/policy",
    "/api/route/what-if/snapshots",
    "/api/route/what-if/override",
    "/api/route/corrections",
    "/api/compare",
    "/api/decompose",
    "/api/swarm",
    "/api/roles/blocks",
    "/api/roles/compose",
    "/api/caps",
    "/api/me/usage",
    "/api/me/run-preference",
    "/api/connections",
    "/api/breakers",
    "/api/spawn-log",
    "/api/ratings",
    "/api/status",
    "/api/refresh",
    "/api/schema/",
    "/api/docs/",
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1/models",
)


@extend_schema(
    operation_id="api_root", tags=["Catalogue"], summary="What this API offers", responses=OpenApiTypes.OBJECT
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def root(_request: Request) -> HttpResponse:
    return _json({"data": {"name": "Smart Spawn", "version": presenters.API_VERSION, "endpoints": ENDPOINTS}})


@extend_schema(
    operation_id="list_models",
    tags=["Catalogue"],
    summary="Models with scores, intervals and prices",
    parameters=[ModelsQuery],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def models(request: Request) -> HttpResponse:
    wanted, limit, offset, notes = read_models_query(request.GET)
    snapshot = queries.current_snapshot()
    found = queries.rank_once(snapshot, wanted)
    shown = found[offset : offset + limit]
    return HttpResponse(
        encode_models(snapshot, shown, filtered_count=len(found), notes=notes),
        content_type="application/json",
    )


@extend_schema(
    operation_id="get_model",
    tags=["Catalogue"],
    summary="One model with the parts of its scores",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def model(_request: Request, model_id: str) -> HttpResponse:
    entry = queries.get_entry(model_id)
    payload = presenters.model_payload(entry)
    return _json({"data": {**payload, "provenance": presenters.provenance_payload(entry)}})


@extend_schema(
    operation_id="compare_models",
    tags=["Catalogue"],
    summary="Two to six models side by side, with the parts of their scores",
    parameters=[
        OpenApiParameter(
            "models",
            str,
            required=True,
            description="Model ids, separated by commas.",
            examples=[OpenApiExample("two", value="anthropic/claude-opus-4.6,openai/gpt-5.2")],
        )
    ],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def compare(request: Request) -> HttpResponse:
    ids = read_compared_ids(request.GET.get("models"))
    found = {model_id: queries.find_entry(model_id) for model_id in ids}
    if not any(found.values()):
        raise NotFound(f"None of these models is in the catalogue: {', '.join(ids)}")
    return _json(
        {
            "data": {
                "models": [presenters.compare_payload(entry) for key in ids if (entry := found[key])],
                "missing": [key for key in ids if not found[key]],
            }
        }
    )


@extend_schema(
    operation_id="get_status",
    tags=["Catalogue"],
    summary="How fresh each source is",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def status(_request: Request) -> HttpResponse:
    payload = presenters.status_payload(
        queries.find_current_snapshot(), queries.list_sources(), alias_count=len(queries.list_aliases())
    )
    return _json({"data": payload})


@extend_schema(
    operation_id="start_refresh",
    tags=["Catalogue"],
    summary="Fetch all sources again, in the background",
    request=None,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_REFRESH)
@api_view(["POST"])
def refresh(request: Request) -> HttpResponse:
    check_limit(refresh_limiter(), request_key(request))
    try:
        run = start_refresh(actor=actor_of(request), trigger="API")
    except Conflict as refusal:
        return _json({"data": {"started": False, "message": refusal.message}})
    return _json({"data": {"started": True, "estimatedSeconds": ESTIMATED_REFRESH_S, "refreshId": run.pk}})


def _json(value: object) -> HttpResponse:
    return HttpResponse(encode(value), content_type="application/json")
