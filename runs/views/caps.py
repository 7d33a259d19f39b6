"""The page of caps and usage."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import ValidationError

from runs.caps.inputs import read_cap, read_cap_place, read_wish
from runs.caps.usage import usage_of
from runs.ledger.caps import list_caps, list_own_scopes, list_scopes, remove_cap, set_cap
from runs.ledger.wishes import find_wish, set_wish
from runs.money import to_usd
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.api import translate
from smartspawn.lib.errors import BadInput, Conflict, NotAllowed, NotFound

_WINDOW_CHOICES = (("day", "each day (UTC)"), ("month", "each month (UTC)"))


@requires_role(Role.VIEWER)
@require_safe
def caps(request: ActorRequest) -> HttpResponse:
    """One's own usage and wishes; for an admin also the caps of everybody."""
    return _page(request)


@requires_role(Role.VIEWER)
@require_safe
def usage_part(request: ActorRequest) -> HttpResponse:
    """One's own usage as it is now."""
    may_lift = request.actor.has_role(Role.MEMBER) and not request.actor.has_role(Role.ADMIN)
    return render(request, "runs/_usage.html", {"usage": usage_of(request.actor), "may_lift_own": may_lift})


@requires_role(Role.MEMBER)
@require_POST
def cap_save(request: ActorRequest) -> HttpResponse:
    """Set a cap; it holds at once. Members set their own, below an admin's."""
    try:
        wanted = read_cap(request.POST)
        set_cap(
            actor=request.actor,
            scope=wanted.scope,
            kind=wanted.kind,
            cap_nano_usd=wanted.cap_nano_usd,
            why=wanted.why,
        )
    except (BadInput, Conflict, NotAllowed, NotFound, ValidationError) as refusal:
        return _page(request, cap_refusal=_words(refusal))
    messages.success(request, "The cap is set, and holds from the next call on.")
    return redirect("runs:caps")


@requires_role(Role.MEMBER)
@require_POST
def cap_remove(request: ActorRequest) -> HttpResponse:
    """Lift a cap; members lift what they set themselves."""
    wanted = read_cap_place(request.POST)
    remove_cap(actor=request.actor, scope=wanted.scope, kind=wanted.kind, why=wanted.why)
    messages.success(request, "The cap is lifted.")
    return redirect("runs:caps")


@requires_role(Role.VIEWER)
@require_POST
def wish_save(request: ActorRequest) -> HttpResponse:
    """Keep what this person wants asked before money goes out."""
    try:
        set_wish(actor=request.actor, wish=read_wish(request.POST))
    except (BadInput, ValidationError) as refusal:
        return _page(request, wish_refusal=_words(refusal))
    messages.success(request, "Kept. It holds for the runs that you start from now on.")
    return redirect("runs:caps")


def _page(request: ActorRequest, *, cap_refusal: str = "", wish_refusal: str = "") -> HttpResponse:
    is_admin, is_member = request.actor.has_role(Role.ADMIN), request.actor.has_role(Role.MEMBER)
    user_id = request.actor.user_id
    wish = find_wish(user_id)
    own = list_own_scopes(user_id) if is_member and user_id is not None else ()
    context = {
        "usage": usage_of(request.actor),
        "lines": list_caps() if is_admin else (),
        "is_admin": is_admin,
        "scopes": list_scopes() if is_admin else own,
        "may_lift_own": bool(own) and not is_admin,
        "windows": _WINDOW_CHOICES,
        "said": request.POST,
        "approve_above": _usd_text(wish.approve_above_nano_usd),
        "default_cap": _usd_text(wish.default_cap_nano_usd),
        "site_approve_above": settings.APPROVE_ABOVE_USD,
        "site_default_cap": settings.MAX_USD_PER_RUN,
        "cap_refusal": cap_refusal,
        "wish_refusal": wish_refusal,
    }
    return render(request, "runs/caps.html", context, status=422 if cap_refusal or wish_refusal else 200)


def _words(error: Exception) -> str:
    refusal = translate(error)
    return refusal.message if refusal else ""


def _usd_text(nano_usd: int | None) -> str:
    return "" if nano_usd is None else f"{to_usd(nano_usd):f}"
