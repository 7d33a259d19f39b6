"""Uncertain charges over HTTP."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from runs.correcting.book import put_right
from runs.correcting.inputs import CorrectionInput, UncertainListInput, read_correction, read_uncertain_place
from runs.correcting.presenters import charge_payload, correction_payload, total_payload
from runs.ledger.uncertain import list_uncertain, sum_uncertain
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope


@extend_schema(
    methods=["GET"],
    operation_id="uncertain_charges",
    tags=["Money"],
    summary="Calls that are charged although nobody here knows what they cost",
    description="Broken off before their cost was known; charged at what was set aside. Newest first.",
    parameters=[UncertainListInput],
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["POST"],
    operation_id="correct_charge",
    tags=["Money"],
    summary="Say what the provider billed for a call, or for the uncertain calls of a run together",
    description="Written as further lines of the ledger, and in the audit log. Caps follow at once.",
    request=CorrectionInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ, write=Scope.RUNS_ADMIN)
@api_view(["GET", "POST"])
def uncertain(request: Request) -> Response:
    actor = actor_of(request)
    if request.method == "POST":
        wanted = read_correction(request.data)
        done = put_right(
            actor=actor,
            call_id=wanted.call_id,
            run_id=wanted.run_id,
            cost_nano_usd=wanted.cost_nano_usd,
            why=wanted.why,
        )
        return Response({"data": [correction_payload(each) for each in done]})
    place = read_uncertain_place(request.query_params.dict())
    charges = list_uncertain(actor, run_id=place.run_id, before_id=place.before_id)
    total = total_payload(sum_uncertain(actor, run_id=place.run_id))
    return Response({"data": [charge_payload(charge) for charge in charges], "total": total})
