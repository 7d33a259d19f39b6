"""Budgets, their alerts and where these are sent, over HTTP."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from runs.alerting.adding import add_receiver
from runs.alerting.budgets import list_budgets
from runs.alerting.inputs import AlertListInput, ReceiverInput, SwitchInput, read_list, read_receiver, read_switch
from runs.alerting.presenters import alert_payload, budget_payload, delivery_payload, receiver_payload
from runs.alerting.queries import get_receiver, list_alerts, list_deliveries, list_receivers
from runs.alerting.receivers import remove_receiver, renew_secret, send_again, send_test, switch_receiver
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Actor, Scope

_MOST_DELIVERIES = 50


@extend_schema(
    operation_id="budgets",
    tags=["Money"],
    summary="Budgets as they stand, with the alerts of the running windows",
    description="One's own and those of one's keys; for an admin everybody's. Caps are set under /api/caps.",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def budgets(request: Request) -> Response:
    return Response({"data": [budget_payload(state) for state in list_budgets(actor_of(request))]})


@extend_schema(
    operation_id="budget_alerts",
    tags=["Money"],
    summary="What was told of budgets, newest first",
    description="At 50, 80 and 100 % of what is spent, and at the first refusal: each once for a budget's window and "
    "cap. What is set aside does not count, simulated work neither.",
    parameters=[AlertListInput],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
def alerts(request: Request) -> Response:
    wanted = read_list(request.query_params.dict())
    found = list_alerts(actor_of(request), before=wanted.before, most=wanted.most)
    return Response({"data": [alert_payload(alert) for alert in found]})


@extend_schema(
    methods=["GET"],
    operation_id="alert_receivers",
    tags=["Money"],
    summary="Where alerts of budgets are sent",
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["POST"],
    operation_id="add_alert_receiver",
    tags=["Money"],
    summary="Have alerts of budgets sent to a webhook or a mailbox",
    description="A webhook's secret is in this answer and in no other. Messages follow the Standard Webhooks "
    "specification: `webhook-id` (the same in every attempt), `webhook-timestamp`, and `webhook-signature`, which is "
    "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. Anything but a 2xx within 15 seconds is tried again "
    "eight times over a day; 410 ends it. A mailbox must confirm first, unless an admin adds it.",
    request=ReceiverInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ, write=Scope.RUNS_WRITE)
@api_view(["GET", "POST"])
def receivers(request: Request) -> Response:
    actor = actor_of(request)
    if request.method == "GET":
        return Response({"data": [receiver_payload(receiver) for receiver in list_receivers(actor)]})
    made = add_receiver(actor=actor, wanted=read_receiver(request.data))
    shown = _shown(actor, made.receiver_id) | ({"secret": made.secret} if made.secret else {})
    return Response({"data": shown}, status=201)


@extend_schema(
    methods=["GET"],
    operation_id="alert_receiver",
    tags=["Money"],
    summary="One receiver, with the newest messages to it and how far they are",
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["PATCH"],
    operation_id="switch_alert_receiver",
    tags=["Money"],
    summary="Send alerts there, or leave it for now",
    request=SwitchInput,
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["DELETE"],
    operation_id="remove_alert_receiver",
    tags=["Money"],
    summary="Send nothing there any more",
    responses={204: None},
)
@requires_scope(Scope.RUNS_READ, write=Scope.RUNS_WRITE)
@api_view(["GET", "PATCH", "DELETE"])
def receiver(request: Request, receiver_id: int) -> Response:
    actor = actor_of(request)
    if request.method == "DELETE":
        remove_receiver(actor=actor, receiver_id=receiver_id)
        return Response(status=204)
    if request.method == "PATCH":
        switch_receiver(actor=actor, receiver_id=receiver_id, is_on=read_switch(request.data))
    return Response({"data": _shown(actor, receiver_id)})


@extend_schema(
    operation_id="test_alert_receiver",
    tags=["Money"],
    summary="Send a message that says nothing but that messages arrive",
    request=None,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
def receiver_test(request: Request, receiver_id: int) -> Response:
    actor = actor_of(request)
    send_test(actor=actor, receiver_id=receiver_id)
    return Response({"data": _shown(actor, receiver_id)}, status=202)


@extend_schema(
    operation_id="renew_alert_secret",
    tags=["Money"],
    summary="A new secret for a webhook; for a day messages carry both signatures",
    request=None,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
def receiver_secret(request: Request, receiver_id: int) -> Response:
    actor = actor_of(request)
    secret = renew_secret(actor=actor, receiver_id=receiver_id)
    return Response({"data": _shown(actor, receiver_id) | {"secret": secret}})


@extend_schema(
    operation_id="send_alert_again",
    tags=["Money"],
    summary="Send a message again that was given up or has arrived, under the same id",
    request=None,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
def delivery_again(request: Request, delivery_id: int) -> Response:
    send_again(actor=actor_of(request), delivery_id=delivery_id)
    return Response({"data": {"id": delivery_id, "state": "waiting"}}, status=202)


def _shown(actor: Actor, receiver_id: int) -> dict[str, Any]:
    found = list_deliveries(actor, receiver_id=receiver_id, most=_MOST_DELIVERIES)
    shown = receiver_payload(get_receiver(actor, receiver_id))
    return shown | {"deliveries": [delivery_payload(delivery) for delivery in found]}
