"""What happens to every request on its way in: believed or not, counted, and told who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare

from smartspawn.access.addresses import client_address, is_from_trusted_proxy, request_key
from smartspawn.access.gates import FAILED_KEY_MESSAGE
from smartspawn.access.keys import find_key_actor
from smartspawn.access.limits import check_limit, general_limiter, key_failure_limiter, page_limiter
from smartspawn.access.models import User
from smartspawn.access.shapes import ANONYMOUS, Actor, Scope
from smartspawn.access.tokens import KEY_MARK
from smartspawn.api import error_response
from smartspawn.lib.errors import NotSignedIn, SmartSpawnError
from smartspawn.lib.paths import is_api_path

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Probes come often and from one address; they must not be refused for it.
_UNCOUNTED_PATHS = ("/healthz", "/readyz")


class ProxyMiddleware:
    """Believe a configured proxy, and nobody else, that the client came by https."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        says_https = request.headers.get("X-Forwarded-Proto") == "https"
        if says_https and is_from_trusted_proxy(request):
            request.META["wsgi.url_scheme"] = "https"
        return self.get_response(request)


class LimitMiddleware:
    """Count requests by client: the API at its documented rate, pages at a more generous one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in _UNCOUNTED_PATHS:
            return self.get_response(request)
        limiter = general_limiter() if is_api_path(request.path) else page_limiter()
        try:
            check_limit(limiter, request_key(request))
        except SmartSpawnError as error:
            return error_response(request, error)
        return self.get_response(request)


class ActorMiddleware:
    """Set ``request.actor``: the key that was sent, else the person of the session."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            actor = find_actor(request)
        except SmartSpawnError as error:
            return error_response(request, error)
        request.actor = actor  # type: ignore[attr-defined]  # typed where it is read: ActorRequest, ApiRequest
        return self.get_response(request)


def find_actor(request: HttpRequest) -> Actor:
    """Who asks.

    A key that opens nothing raises NotSignedIn even where no key is needed: its owner should know. Too
    many of those raise TooManyRequests; keys that do open something go on working at that address, which
    may be shared by many.
    """
    address = client_address(request)
    token = _presented_token(request)
    if not token:
        return _session_actor(request, address)
    if _is_refresh_key(token):
        scopes = frozenset({Scope.CATALOG_READ, Scope.CATALOG_REFRESH})
        return Actor(label="refresh key", scopes=scopes, address=address)
    actor = find_key_actor(token, address=address)
    if actor is not None:
        return actor
    if token.startswith(KEY_MARK) or "X-API-Key" in request.headers:
        check_limit(key_failure_limiter(), request_key(request), FAILED_KEY_MESSAGE)
        raise NotSignedIn("This API key opens nothing: it is unknown, expired or revoked.")
    # Somebody else's token, as OpenAI clients send by habit; the gate decides whether one is needed.
    return replace(ANONYMOUS, address=address)


def _presented_token(request: HttpRequest) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "").strip()


def _is_refresh_key(token: str) -> bool:
    """The ancestor's one key, which opens the refresh and nothing else that changes."""
    expected = settings.REFRESH_API_KEY
    return bool(expected) and constant_time_compare(token, expected)


def _session_actor(request: HttpRequest, address: str) -> Actor:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:  # the common case costs no query
        return replace(ANONYMOUS, address=address)
    user: User | AnonymousUser = request.user
    return user.as_actor(address) if isinstance(user, User) else replace(ANONYMOUS, address=address)
