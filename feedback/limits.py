"""How much nobody in particular may report: by client, and all of them together, so that no flood fills the disk."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from smartspawn.access.addresses import request_key
from smartspawn.access.limits import build_limiter, check_limit
from smartspawn.access.requests import actor_of

_MESSAGE = "Too many reports without a key"


def check_report(request: HttpRequest) -> None:
    """Count one report of a caller without a name. Raises TooManyRequests."""
    if actor_of(request).user_id is not None:
        return  # a person: the general limit of the API holds, and what they say concerns themselves
    by_client = build_limiter("feedback", settings.FEEDBACK_RATE_LIMIT, settings.REDIS_URL)
    by_site = build_limiter("feedback-site", settings.FEEDBACK_SITE_RATE_LIMIT, settings.REDIS_URL)
    check_limit(by_client, request_key(request), _MESSAGE)
    check_limit(by_site, "everybody", _MESSAGE)
