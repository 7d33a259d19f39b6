"""Trying others, over HTTP: what holds for who asks, and setting it for oneself, a key or the site."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from routing.adjustments import find_mark
from routing.api_parts import json_answer, key_scope, own_scope
from routing.exploring.accounts import find_account, utc_day
from routing.exploring.inputs import KeyExplorationInput, OwnExplorationInput, SiteExplorationInput
from routing.exploring.presenters import account_payload, terms_payload
from routing.exploring.settings import held_by_scope, read_terms, set_terms
from routing.limits import SITE, scopes_of
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Actor, Scope

_ABOUT = (
    "Off until a person switches it on for themselves. Then, of the picks whose task is classified low-risk, a small "
    "share may try a model near the leader, drawn from what is known of each (Thompson sampling); such a pick says so "
    "in its reason and in the field `exploration`. The site's, a person's and a key's word hold together: each can "
    "only take away."
)
_WHOLE = "The whole is replaced; what is left out is as usual."
_SUBJECT = "Exploration is"


@extend_schema(
    operation_id="get_exploration",
    tags=["Exploration"],
    summary="Whether and how often your picks try another model, and how much they did",
    description=_ABOUT,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ)
@api_view(["GET"])
def exploration(request: Request) -> HttpResponse:
    actor = actor_of(request)
    held = held_by_scope(scopes_of(actor))
    payload: dict[str, Any] = {
        "effective": terms_payload(read_terms(find_mark(), actor)),
        "of": {scope: terms_payload(terms) for scope, terms in held.items()},
    }
    if actor.user_id is not None:
        account = find_account(actor.user_id)
        payload["account"] = account_payload(account, today=utc_day(timezone.now()))
    return json_answer(payload)


@extend_schema(
    operation_id="set_site_exploration",
    tags=["Exploration"],
    summary="Set whether anybody here may let others be tried, and how far at most",
    description=_WHOLE,
    request=SiteExplorationInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_ADMIN)
@api_view(["PUT"])
def site_exploration(request: Request) -> HttpResponse:
    return _set(SiteExplorationInput(data=request.data), SITE, actor_of(request))


@extend_schema(
    operation_id="set_own_exploration",
    tags=["Exploration"],
    summary="Set whether, how often and at which cost your picks try another model",
    description=_WHOLE,
    request=OwnExplorationInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ)
@api_view(["PUT"])
def own_exploration(request: Request) -> HttpResponse:
    actor = actor_of(request)
    return _set(OwnExplorationInput(data=request.data), own_scope(actor, what=_SUBJECT), actor)


@extend_schema(
    operation_id="set_key_exploration",
    tags=["Exploration"],
    summary="Let the picks of one of your keys keep their leaders, or go by your own word again",
    request=KeyExplorationInput,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ)
@api_view(["PUT"])
def key_exploration(request: Request, key_id: int) -> HttpResponse:
    actor = actor_of(request)
    scope = key_scope(actor, key_id, what=_SUBJECT)
    return _set(KeyExplorationInput(data=request.data), scope, actor)


_Given = OwnExplorationInput | SiteExplorationInput | KeyExplorationInput


def _set(given: _Given, scope: str, actor: Actor) -> HttpResponse:
    given.is_valid(raise_exception=True)
    terms = given.to_terms()
    revision = set_terms(terms, scope=scope, actor=actor, why=given.validated_data.get("why", ""))
    return json_answer({"scope": scope, "exploration": terms_payload(terms), "revision": revision})
