"""The time machine for what routing stands on, and what people corrected, over HTTP."""

from __future__ import annotations

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from catalog.queries import list_held_back
from routing.api_parts import json_answer
from routing.corrections_export import export_lines
from routing.inputs import read_body
from routing.policy_inputs import (
    CountQuery,
    SnapshotsQuery,
    WhatIfOverrideInput,
    read_count,
    read_override_wish,
    read_revision,
    read_source,
)
from routing.policy_presenters import comparison_payload
from routing.what_if import choose_revisions, compare_snapshots, what_if_believed, what_if_override
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope


@extend_schema(
    operation_id="what_if_snapshots",
    tags=["Routing policy"],
    summary="Which of the newest decisions differ between two snapshots",
    description="Of your own decisions; of everybody's for an admin. Both under the rules and limits of today.",
    parameters=[SnapshotsQuery],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ)
@api_view(["GET"])
def snapshots(request: Request) -> HttpResponse:
    said = request.GET
    before, after = choose_revisions(
        before=read_revision(said.get("before"), "before"), after=read_revision(said.get("after"), "after")
    )
    found = compare_snapshots(before=before, after=after, actor=actor_of(request), count=read_count(said.get("count")))
    return json_answer({"before": before, "after": after, **comparison_payload(found)})


@extend_schema(
    operation_id="what_if_override",
    tags=["Routing policy"],
    summary="Which of the newest decisions an override would change",
    request=WhatIfOverrideInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["POST"])
def override(request: Request) -> HttpResponse:
    body = read_body(request.data)
    wanted, count = read_override_wish(body), read_count(body.get("count"))
    return json_answer(comparison_payload(what_if_override(wanted, actor=actor_of(request), count=count)))


@extend_schema(
    operation_id="what_if_held_back",
    tags=["Routing policy"],
    summary="Which of the newest decisions an answer that is held back would change",
    parameters=[
        CountQuery,
        OpenApiParameter(
            "source",
            str,
            OpenApiParameter.PATH,
            description="Its key.",
            examples=[OpenApiExample("the catalogue's own source", value="openrouter")],
        ),
    ],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["GET"])
def held_back(request: Request, source: str) -> HttpResponse:
    count, wanted = read_count(request.GET.get("count")), read_source(source)
    if wanted not in list_held_back():
        return json_answer({"source": wanted, "isHeldBack": False})
    found = what_if_believed(wanted, actor=actor_of(request), count=count)
    return json_answer({"source": wanted, "isHeldBack": True, **comparison_payload(found)})


@extend_schema(
    operation_id="export_corrections",
    tags=["Routing policy"],
    summary="What people corrected, as labelled prompts",
    description="One JSON object a line, as evaluate_classifier and the training read them.",
    responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["GET"])
def corrections(_request: Request) -> StreamingHttpResponse:
    headers = {"Content-Disposition": 'attachment; filename="corrections.jsonl"'}
    return StreamingHttpResponse(export_lines(), content_type="application/x-ndjson; charset=utf-8", headers=headers)
