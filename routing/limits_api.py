"""Limits over HTTP: what the site, a person and a key may not be given."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from routing.adjustments import find_mark
from routing.api_parts import json_answer, key_scope, own_scope
from routing.limits import SITE, find_limits, read_limits, scopes_of, set_limits
from routing.limits_inputs import LimitsInput
from routing.shapes import Limits
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope

_ABOUT = "The whole of the limits is replaced; what is left out does not limit."
_SUBJECT = "Limits are"


@extend_schema(
    operation_id="get_limits",
    tags=["Limits"],
    summary="What holds for who asks, and whose limits make it up",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def limits(request: Request) -> HttpResponse:
    scopes = scopes_of(actor_of(request))
    held = {scope: found for scope in scopes if (found := find_limits(scope))}
    effective = limits_payload(read_limits(find_mark(), scopes))
    return json_answer({"effective": effective, "of": {scope: limits_payload(item) for scope, item in held.items()}})


@extend_schema(
    operation_id="set_site_limits",
    tags=["Limits"],
    summary="Set the limits of the site",
    description=_ABOUT,
    request=LimitsInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["PUT"])
def site_limits(request: Request) -> HttpResponse:
    return _set(request, SITE)


@extend_schema(
    operation_id="set_own_limits",
    tags=["Limits"],
    summary="Set your own limits; they hold for your keys too",
    description=_ABOUT,
    request=LimitsInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ)
@api_view(["PUT"])
def own_limits(request: Request) -> HttpResponse:
    return _set(request, own_scope(actor_of(request), what=_SUBJECT))


@extend_schema(
    operation_id="set_key_limits",
    tags=["Limits"],
    summary="Set the limits of one of your keys",
    description=_ABOUT,
    request=LimitsInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ)
@api_view(["PUT"])
def key_limits(request: Request, key_id: int) -> HttpResponse:
    return _set(request, key_scope(actor_of(request), key_id, what=_SUBJECT))


def limits_payload(limits: Limits) -> dict[str, Any]:
    """The kept part of limits, by the wire's names."""
    prompt, completion = limits.max_prompt_usd_per_mtok, limits.max_completion_usd_per_mtok
    return {
        "allowModels": sorted(limits.allow_models),
        "denyModels": sorted(limits.deny_models),
        "allowProviders": sorted(limits.allow_providers),
        "denyProviders": sorted(limits.deny_providers),
        "maxPromptUsdPerMtok": None if prompt is None else float(prompt),
        "maxCompletionUsdPerMtok": None if completion is None else float(completion),
        "moderatedOnly": limits.is_moderated_only,
        "excludeFree": limits.is_free_excluded,
    }


def _set(request: Request, scope: str) -> HttpResponse:
    given = LimitsInput(data=request.data)
    given.is_valid(raise_exception=True)
    wanted = given.to_request()
    why = given.validated_data.get("why", "")
    revision = set_limits(wanted, scope=scope, actor=actor_of(request), why=why)
    return json_answer({"scope": scope, "limits": limits_payload(wanted), "revision": revision})
