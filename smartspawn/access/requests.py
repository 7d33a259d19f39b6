"""Requests as the faces see them: with the actor who asks."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request

from smartspawn.access.models import User
from smartspawn.access.shapes import ANONYMOUS, Actor


class ActorRequest(HttpRequest):
    """A page's request behind a role gate."""

    actor: Actor
    user: User


class ApiRequest(Request):
    """An endpoint's request behind a scope gate."""

    actor: Actor


def actor_of(request: HttpRequest) -> Actor:
    """Who asks; nobody in particular before the middleware has looked."""
    actor = getattr(request, "actor", ANONYMOUS)
    return actor if isinstance(actor, Actor) else ANONYMOUS
