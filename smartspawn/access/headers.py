"""The headers that tell browsers and caches what they may do."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.cache import patch_vary_headers

from smartspawn.access.gates import gate_of
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import SAFE_METHODS

# No inline script or style, no outside host, nothing embedded, no frame around us.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'"
)
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()" for feature in ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")
)

# Short: an admin's correction and a refresh should show soon, and nobody can recall an answer.
OPEN_MAX_AGE_S = 60
_PREFLIGHT_MAX_AGE_S = 600
_CORS_METHODS = "GET, HEAD, PUT, POST, DELETE, PATCH"
_SAFE_TO_KEEP = (200, 304)


class HeadersMiddleware:
    """Outermost of all, so that refusals and static files carry the headers too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = _preflight(request) if _is_preflight(request) else self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        _set_cors(request, response)
        _set_caching(request, response)
        return response


@lru_cache(maxsize=2)
def standing_headers(scheme: str) -> tuple[tuple[str, str], ...]:
    """The headers of every answer that is nobody else's, for answers that are not Django's: made by its own layers."""
    request = HttpRequest()
    request.META["wsgi.url_scheme"] = scheme
    layers = SecurityMiddleware(XFrameOptionsMiddleware(lambda _request: HttpResponse()))
    response = HeadersMiddleware(cast("Callable[[HttpRequest], HttpResponseBase]", layers))(request)
    return tuple((name, value) for name, value in response.items() if name != "Content-Type")


def _is_readable_from_anywhere(request: HttpRequest) -> bool:
    """Pages of other sites may read the open API, always without a visitor's cookies."""
    return settings.OPEN_API and (request.path == "/api" or request.path.startswith("/api/"))


def _is_preflight(request: HttpRequest) -> bool:
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    return asks and _is_readable_from_anywhere(request)


def _preflight(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(status=204)
    response.headers["Access-Control-Allow-Methods"] = _CORS_METHODS
    response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_MAX_AGE_S)
    wanted = request.headers.get("Access-Control-Request-Headers")
    if wanted:
        response.headers["Access-Control-Allow-Headers"] = wanted
    patch_vary_headers(response, ["Access-Control-Request-Headers"])
    return response


def _set_cors(request: HttpRequest, response: HttpResponseBase) -> None:
    if _is_readable_from_anywhere(request):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "Retry-After, ETag, X-Request-Id"


def _set_caching(request: HttpRequest, response: HttpResponseBase) -> None:
    """Errors are never kept; an open answer to nobody in particular is; all else only by its own word."""
    if response.status_code not in _SAFE_TO_KEEP:
        response.headers["Cache-Control"] = "no-store"
    elif _is_public_answer(request):
        response.headers.setdefault("Cache-Control", f"public, max-age={OPEN_MAX_AGE_S}")
        patch_vary_headers(response, ["Authorization", "Cookie", "X-API-Key"])
    else:
        response.headers.setdefault("Cache-Control", "no-store")


def _is_public_answer(request: HttpRequest) -> bool:
    match = request.resolver_match
    gate = gate_of(match.func) if match is not None else None
    if gate is None or not (gate.is_open and settings.OPEN_API):
        return False
    return request.method in SAFE_METHODS and actor_of(request).is_anonymous
