"""What each view asks of its caller. Every view declares one gate, outermost of its decorators:

    @requires_role(Role.ADMIN)                          a page, for people who are signed in
    def overrides(request: ActorRequest) -> HttpResponse: ...

    @requires_scope(Scope.CATALOG_READ, is_open=True)   an endpoint, for sessions and keys
    @api_view(["GET"])
    def models(request: ApiRequest) -> Response: ...

    @for_everybody                                      neither, such as /healthz

``is_open`` suits what changes nothing and costs nothing: no identity is needed while the site keeps its
API open. A system check refuses a view without a gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import URLPattern, URLResolver
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from rest_framework.authentication import CSRFCheck

from smartspawn.access.addresses import is_from_loopback, request_key
from smartspawn.access.limits import check_limit, key_failure_limiter
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import SAFE_METHODS, Actor, Gate, Role, Scope
from smartspawn.lib.errors import NotAllowed, NotSignedIn

View = Callable[..., HttpResponseBase]
V = TypeVar("V", bound=View)

FAILED_KEY_MESSAGE = "Too many requests with a key that opens nothing"


def for_everybody(view: V) -> V:
    """Declare that anybody may call the view."""
    return _behind(Gate(), view, lambda _request: None)


def requires_role(role: Role) -> Callable[[V], V]:
    """Let in people whose role reaches; send the others to sign in, or raise NotAllowed."""

    def refusal(request: HttpRequest) -> HttpResponse | None:
        actor = actor_of(request)
        if actor.has_role(role):
            return None
        if actor.role is None:
            return _to_signin(request)
        raise NotAllowed(f"This page is for the role {role}; yours is {actor.role}.")

    return lambda view: _behind(Gate(role=role), view, refusal)


def requires_scope(
    scope: Scope, *, write: Scope | None = None, is_open: bool = False, allows_loopback: bool = False
) -> Callable[[V], V]:
    """Let in sessions and keys that have the scope; others get NotSignedIn or NotAllowed.

    ``write`` is what a request that changes something needs instead. With ``allows_loopback`` a program on
    this machine that asks directly needs no key.
    """
    gate = Gate(scope=scope, write_scope=write, is_open=is_open, allows_loopback=allows_loopback)

    def decorate(view: V) -> V:
        _answer_head(view)
        if hasattr(view, "cls"):
            view.cls.gate = gate  # the OpenAPI document is made from the class

        def refusal(request: HttpRequest) -> None:
            if not _lacks_method(request, view):
                check_scope(request, gate)

        return _behind(gate, view, refusal)

    return decorate


def check_scope(request: HttpRequest, gate: Gate) -> None:
    """Raise unless this request may pass the scope gate."""
    actor = actor_of(request)
    if is_session(actor) and request.method not in SAFE_METHODS:
        _check_csrf(request)
    scope = gate.scope_for(request.method)
    if actor.scopes and scope in actor.scopes:
        return
    if gate.is_open and settings.OPEN_API:
        return
    if gate.allows_loopback and actor.is_anonymous and is_from_loopback(request):
        return
    if not actor.is_anonymous:
        raise NotAllowed(f"This needs the scope {scope}, which {actor.label} does not have.")
    if request.headers.get("Authorization"):
        check_limit(key_failure_limiter(), request_key(request), FAILED_KEY_MESSAGE)
    raise NotSignedIn("Send an API key as 'Authorization: Bearer ss_...', or sign in.")


def is_session(actor: Actor) -> bool:
    """Whether a browser's cookie vouches for this actor, so that other sites' requests must be told apart."""
    return actor.role is not None and actor.key_id is None


def gate_of(view: object) -> Gate | None:
    """The gate that the view declares, or None."""
    gate = getattr(view, "gate", None)
    return gate if isinstance(gate, Gate) else None


def iterate_views(
    patterns: list[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every address pattern below the given ones with its view."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from iterate_views(pattern.url_patterns, route)
        else:
            yield route, pattern.callback


def _behind(gate: Gate, view: V, refusal: Callable[[HttpRequest], HttpResponse | None]) -> V:
    @wraps(view)
    def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refused = refusal(request)
        return view(request, *args, **kwargs) if refused is None else refused

    # The scope gate checks CSRF itself, for sessions only; a program with a key has no token to send.
    if gate.scope is not None:
        gated.csrf_exempt = True  # type: ignore[attr-defined]  # read by Django's middleware
    gated.gate = gate  # type: ignore[attr-defined]  # read back by gate_of
    return gated  # type: ignore[return-value]  # wraps() keeps the signature


def _lacks_method(request: HttpRequest, view: View) -> bool:
    """Whether the endpoint will answer 405: then no identity would help, and none is asked for."""
    names = getattr(getattr(view, "cls", None), "http_method_names", None)
    return names is not None and (request.method or "").lower() not in names


def _answer_head(view: View) -> None:
    """DRF's ``api_view(["GET"])`` refuses HEAD, which every GET should answer."""
    drf_class = getattr(view, "cls", None)
    names = getattr(drf_class, "http_method_names", None)
    if drf_class is not None and isinstance(names, list) and "get" in names and "head" not in names:
        names.append("head")
        drf_class.head = drf_class.get


def _no_response(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _check_csrf(request: HttpRequest) -> None:
    check = CSRFCheck(_no_response)
    check.process_request(request)
    reason = check.process_view(request, _no_response, (), {})
    if reason:
        raise NotAllowed(f"{reason} Send the X-CSRFToken header with the session, or use an API key.")


def _to_signin(request: HttpRequest) -> HttpResponse:
    """The sign-in page, with the way back; htmx is told to leave the page instead of swapping it in."""
    response = redirect_to_login(_way_back(request), resolve_url(settings.LOGIN_URL))
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(response.url)
    return response


def _way_back(request: HttpRequest) -> str:
    """The page on which the person was: this one, or the one that made the request."""
    is_page = request.method in SAFE_METHODS and "HX-Request" not in request.headers
    if is_page:
        return request.get_full_path()
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        return "/"
    parts = urlsplit(came_from)
    return parts.path + (f"?{parts.query}" if parts.query else "")
