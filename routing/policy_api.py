"""The rules over HTTP: read, checked, tried out, saved and put back. For admins."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from routing.api_parts import json_answer
from routing.inputs import read_body
from routing.policy_inputs import (
    DifferencesQuery,
    RestoreInput,
    RulesInput,
    SaveRulesInput,
    WhatIfRulesInput,
    read_count,
    read_draft,
    read_name,
    read_note,
)
from routing.policy_presenters import checked_payload, comparison_payload, rules_payload, version_payload
from routing.policy_versions import check, list_versions, restore_version, rules_in_force, save_policy
from routing.route_rules import get_rules, shipped_rules
from routing.rule_differences import differences
from routing.what_if import what_if_rules
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope

_VERSION = OpenApiParameter(
    "version",
    str,
    OpenApiParameter.PATH,
    description="Such as site-3, or default-1 for the shipped rules.",
    examples=[OpenApiExample("the shipped rules", value="default-1")],
)


@extend_schema(
    methods=["GET"],
    operation_id="get_route_policy",
    tags=["Routing policy"],
    summary="The rules that hold, and what the linter says of them",
    responses=OpenApiTypes.OBJECT,
)
@extend_schema(
    methods=["POST"],
    operation_id="save_route_policy",
    tags=["Routing policy"],
    summary="Let other rules hold, as a new version",
    description="Refused with 400 for rules that can never count, with 409 where somebody saved in the meantime.",
    request=SaveRulesInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["GET", "POST"])
def policy(request: Request) -> HttpResponse:
    if request.method != "POST":
        rules = rules_in_force()
        return json_answer({**rules_payload(rules), **checked_payload(check(rules))})
    body = read_body(request.data)
    base_version, note, draft = read_name(body, "baseVersion"), read_note(body), read_draft(body)
    saved = save_policy(draft, actor=actor_of(request), why=note, base_version=base_version)
    return json_answer({**rules_payload(saved), **checked_payload(check(saved))})


@extend_schema(
    operation_id="check_route_policy",
    tags=["Routing policy"],
    summary="What the linter says of rules, without saving them",
    request=RulesInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["POST"])
def policy_check(request: Request) -> HttpResponse:
    return json_answer(checked_payload(check(read_draft(read_body(request.data)))))


@extend_schema(
    operation_id="what_if_route_policy",
    tags=["Routing policy"],
    summary="Which of the newest decisions these rules would change",
    request=WhatIfRulesInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["POST"])
def policy_what_if(request: Request) -> HttpResponse:
    body = read_body(request.data)
    found = what_if_rules(read_draft(body), actor=actor_of(request), count=read_count(body.get("count")))
    return json_answer(comparison_payload(found))


@extend_schema(
    operation_id="list_route_policy_versions",
    tags=["Routing policy"],
    summary="Every version that held: who, when and why",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["GET"])
def policy_versions(_request: Request) -> HttpResponse:
    return json_answer([version_payload(item) for item in list_versions()])


@extend_schema(
    operation_id="get_route_policy_version",
    tags=["Routing policy"],
    summary="One version of the rules",
    parameters=[_VERSION],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["GET"])
def policy_version(_request: Request, version: str) -> HttpResponse:
    return json_answer(rules_payload(get_rules(version)))


@extend_schema(
    operation_id="diff_route_policy_versions",
    tags=["Routing policy"],
    summary="What is different between two versions",
    parameters=[DifferencesQuery],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["GET"])
def policy_differences(request: Request) -> HttpResponse:
    said = request.GET.dict()
    before = get_rules(said.get("before") or shipped_rules().version)
    after = get_rules(said["after"]) if said.get("after") else rules_in_force()
    told = {"before": before.version, "after": after.version, "differences": list(differences(before, after))}
    return json_answer(told)


@extend_schema(
    operation_id="restore_route_policy",
    tags=["Routing policy"],
    summary="Let an earlier version hold again, as a new one",
    request=RestoreInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["POST"])
def policy_restore(request: Request) -> HttpResponse:
    body = read_body(request.data)
    restored = restore_version(
        read_name(body, "version"),
        actor=actor_of(request),
        why=read_note(body),
        base_version=read_name(body, "baseVersion"),
    )
    return json_answer(rules_payload(restored))
