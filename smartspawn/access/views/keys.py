"""The page of API keys."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from smartspawn.access.gates import requires_role
from smartspawn.access.inputs import DEFAULT_LIFETIME, LIFETIMES, KeyInput
from smartspawn.access.keys import create_key, revoke_key, visible_keys
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import SCOPE_TITLES, Role, Scope
from smartspawn.lib.errors import InvalidParam, NotAllowed

_PAGE_ROWS = 50


@requires_role(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: ActorRequest) -> HttpResponse:
    """One's own keys, for an admin everybody's; a new one is shown here once."""
    if request.method != "POST":
        return _keys_page(request)
    given = KeyInput(data=request.POST)
    if not given.is_valid():
        return _keys_page(request, errors=given.errors, status=422)
    try:
        made = create_key(
            actor=request.actor,
            name=given.validated_data["name"],
            scopes=given.scopes_wanted(),
            expires_at=given.expires_at(),
        )
    except (NotAllowed, InvalidParam) as refusal:
        return _keys_page(request, errors={"scopes": [refusal.message]}, status=422)
    return _keys_page(request, token=made.token)


def _keys_page(request: ActorRequest, *, errors: object = None, token: str = "", status: int = 200) -> HttpResponse:
    ticked = request.POST.getlist("scopes") if errors else [Scope.CATALOG_READ.value]
    choices = [
        (scope.value, SCOPE_TITLES[scope], scope.value in ticked) for scope in Scope if scope in request.actor.scopes
    ]
    context = {
        "page": Paginator(visible_keys(actor=request.actor), _PAGE_ROWS).get_page(request.GET.get("page")),
        "now": timezone.now(),
        "errors": errors or {},
        "token": token,
        "name": request.POST.get("name", "") if errors else "",
        "choices": choices,
        "lifetimes": list(LIFETIMES.items()),
        "lifetime": request.POST.get("lifetime", DEFAULT_LIFETIME),
    }
    return render(request, "access/keys.html", context, status=status)


@requires_role(Role.VIEWER)
@require_POST
def revoke(request: ActorRequest, key_id: int) -> HttpResponse:
    """End a key."""
    revoke_key(actor=request.actor, key_id=key_id)
    messages.success(request, "The key is revoked. Programs that use it are refused from now on.")
    return redirect("access:keys")
