"""Pages for coming in, going out and one's own password."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from smartspawn.access.addresses import client_address, request_key
from smartspawn.access.gates import for_everybody, requires_role
from smartspawn.access.inputs import PasswordInput, SigninInput
from smartspawn.access.limits import check_limit, signin_address_limiter
from smartspawn.access.models import User
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.access.signin import (
    TOO_MANY,
    check_current_password,
    check_password_signin,
    consume_signin_link,
    find_link_owner,
)
from smartspawn.access.users import set_password
from smartspawn.lib.errors import NotSignedIn, TooManyRequests

_BACKEND = "django.contrib.auth.backends.ModelBackend"
# After a sign-in link the person may choose a password without the one that is forgotten.
_CHOOSE_UNTIL = "choose_password_until"
_CHOOSE_WITHIN = timedelta(minutes=30)


@for_everybody
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with a name and a password."""
    if request.method == "POST":
        return _check_signin(request)
    if request.user.is_authenticated:
        return redirect(_safe_next(request))
    return _signin_page(request)


def _check_signin(request: HttpRequest) -> HttpResponse:
    given = SigninInput(data=request.POST)
    if not given.is_valid():
        return _signin_page(request, errors=given.errors, status=422)
    try:
        user = check_password_signin(request=request, **given.validated_data)
    except NotSignedIn as refusal:
        return _signin_page(request, refusal=refusal.message, status=422)
    except TooManyRequests as refusal:
        response = _signin_page(request, refusal=refusal.message, status=429)
        response.headers["Retry-After"] = str(refusal.retry_after_s)
        return response
    login(request, user, backend=_BACKEND)
    return redirect(_safe_next(request))


def _signin_page(request: HttpRequest, *, errors: object = None, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "errors": errors or {},
        "refusal": refusal,
        "username": request.POST.get("username", "")[:150],
        "next": _safe_next(request),
    }
    return render(request, "access/sign_in.html", context, status=status)


def _safe_next(request: HttpRequest) -> str:
    """Where to go afterwards: an address of this site, whatever was asked for."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "/"


@for_everybody
@require_http_methods(["GET", "HEAD", "POST"])
def signin_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in by a link: looking at it does nothing, so that link previews do not use it up."""
    if request.method == "POST":
        return _use_link(request, token)
    owner = find_link_owner(token)
    context = {"owner": owner, "next": _safe_next(request)}
    return render(request, "access/signin_link.html", context, status=200 if owner else 410)


def _use_link(request: HttpRequest, token: str) -> HttpResponse:
    check_limit(signin_address_limiter(), request_key(request), TOO_MANY)
    try:
        user = consume_signin_link(token=token, address=client_address(request))
    except NotSignedIn:
        return render(request, "access/signin_link.html", {"owner": None}, status=410)
    login(request, user, backend=_BACKEND)
    request.session[_CHOOSE_UNTIL] = (timezone.now() + _CHOOSE_WITHIN).timestamp()
    wanted = _safe_next(request)
    if user.has_usable_password():
        return redirect(wanted)
    messages.info(request, "Choose a password, so that you can sign in without a link next time.")
    kept = f"?{urlencode({'next': wanted})}" if wanted != "/" else ""
    return redirect(reverse("access:account") + kept)


@for_everybody
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("access:sign-in")


@requires_role(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: ActorRequest) -> HttpResponse:
    """One's own name, role and password."""
    if request.method != "POST":
        return _account_page(request)
    given = PasswordInput(data=request.POST, user=request.user, must_prove=_must_prove(request))
    if not given.is_valid():
        return _account_page(request, errors=given.errors, status=422)
    if _must_prove(request) and not check_current_password(request.user, given.validated_data["current"]):
        return _account_page(request, errors={"current": ["This is not your present password."]}, status=422)
    return _keep_password(request, given.validated_data["new"])


def _keep_password(request: ActorRequest, password: str) -> HttpResponse:
    """Keep it, and lead on whoever had none before."""
    is_first = not request.user.has_usable_password()
    set_password(user=request.user, password=password, actor=request.actor)
    update_session_auth_hash(request, request.user)
    request.session.pop(_CHOOSE_UNTIL, None)
    if is_first:
        messages.success(request, f"Your password is set. Sign in as {request.user.username} with it next time.")
        return redirect(_safe_next(request))
    messages.success(request, "Your password is changed. Other sessions of yours have ended.")
    return redirect("access:account")


def _account_page(request: ActorRequest, *, errors: object = None, status: int = 200) -> HttpResponse:
    context = {
        "errors": errors or {},
        "must_prove": _must_prove(request),
        "person": request.user,
        "next": _safe_next(request),
    }
    return render(request, "access/account.html", context, status=status)


def _must_prove(request: ActorRequest) -> bool:
    """Whether the present password is asked for: not where there is none, and not just after a link."""
    user: User = request.user
    if not user.has_usable_password():
        return False
    until = request.session.get(_CHOOSE_UNTIL, 0.0)
    return not (isinstance(until, float) and timezone.now().timestamp() < until)
