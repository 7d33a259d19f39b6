"""The production loop over HTTP: the evaluation, and the labelled file that it is made on."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.production.checks import ask_for_check, find_checks, find_mistakes
from feedback.production.export import export_feedback
from feedback.production.presenters import check_payload
from routing.classifier.classify import classifier_status
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope


@extend_schema(
    methods=["GET"],
    operation_id="classifier_evaluation",
    tags=["Feedback"],
    summary="How the classifier does on what people corrected, overrode and rated",
    description="For admins: done is the newest evaluation with a result, newest the last that was asked for.",
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["POST"],
    operation_id="evaluate_classifier",
    tags=["Feedback"],
    summary="Have the queue evaluate the classifier now",
    description="For admins. 409 while an evaluation is under way.",
    request=None,
    responses={202: OpenApiTypes.OBJECT},
)
@requires_scope(Scope.RUNS_ADMIN)
@api_view(["GET", "POST"])
def evaluation(request: Request) -> Response:
    if request.method == "POST":
        return Response({"data": check_payload(ask_for_check(actor_of(request)), ())}, status=202)
    done, newest = find_checks()
    told = {
        "done": None if done is None else check_payload(done, find_mistakes(done)),
        "newest": None if newest is None else check_payload(newest, ()),
    }
    return Response({"data": told}, headers={"Cache-Control": "no-store"})


@extend_schema(
    operation_id="export_feedback",
    tags=["Feedback"],
    summary="What people said of labels and of work, as labelled prompts",
    description="For admins: one JSON object a line, as manage.py export_feedback writes them and training reads them.",
    responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
)
@requires_scope(Scope.RUNS_ADMIN)
@api_view(["GET"])
def export(_request: Request) -> StreamingHttpResponse:
    bundle = classifier_status().engine_sha256[:12] or "keywords"
    name = f"feedback-{timezone.now():%Y-%m-%d}-{bundle}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(export_feedback(), content_type="application/x-ndjson; charset=utf-8", headers=headers)
