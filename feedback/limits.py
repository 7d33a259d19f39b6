"""Who reports, and how much may come without a name: by client, and altogether, so that no flood fills the disk."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest

from smartspawn.access.addresses import client_address, request_key
from smartspawn.access.limits import build_limiter, check_limit
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import ANONYMOUS, Actor, Scope

_MESSAGE = "Too many reports without a key"


def reporter_of(request: HttpRequest) -> Actor:
    """Whose report this is: a person's whose session or key may rate, else nobody's in particular.

    The door stands open for the ancestor's clients, so a key that was made for reading gets through it too;
    what it says must not change what its owner is offered. Raises TooManyRequests for too many of nobody's.
    """
    actor = actor_of(request)
    if actor.user_id is not None and Scope.FEEDBACK_WRITE in actor.scopes:
        return actor  # the general limit of the API holds, and what they say concerns themselves
    by_client = build_limiter("feedback", settings.FEEDBACK_RATE_LIMIT, settings.REDIS_URL)
    by_site = build_limiter("feedback-site", settings.FEEDBACK_SITE_RATE_LIMIT, settings.REDIS_URL)
    check_limit(by_client, request_key(request), _MESSAGE)
    check_limit(by_site, "everybody", _MESSAGE)
    return replace(ANONYMOUS, address=client_address(request))
