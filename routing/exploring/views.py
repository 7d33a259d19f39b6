"""The page on which trying others is set: for oneself, one's keys and, by admins, the site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from routing.adjustments import find_mark
from routing.exploring.accounts import find_account, utc_day
from routing.exploring.inputs import OwnExplorationInput, SiteExplorationInput, form_values, read_form
from routing.exploring.settings import HeldTerms, find_held, held_by_scope, read_terms, set_terms
from routing.exploring.shapes import KEY_TERMS, Terms, usd
from routing.limits import SITE
from routing.time_machine import TASK_TOKENS
from smartspawn.access.gates import requires_role
from smartspawn.access.keys import visible_keys
from smartspawn.access.models import ApiKey
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import Conflict

_KEYS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class TermsForm:
    """One scope's terms as a form: as they hold, or as they were typed with what is wrong with them."""

    held: HeldTerms
    said: Mapping[str, Any]
    is_on: bool
    base: int
    why: str = ""
    errors: Mapping[str, Any] = field(default_factory=dict)
    conflict: str = ""


@requires_role(Role.VIEWER)
@require_safe
def exploration(request: ActorRequest) -> HttpResponse:
    """Whether and how far others are tried for this person, and what the site allows."""
    return _page(request)


@requires_role(Role.VIEWER)
@require_POST
def own_save(request: ActorRequest) -> HttpResponse:
    """Set one's own terms."""
    return _save(request, _own_scope(request), OwnExplorationInput)


@requires_role(Role.ADMIN)
@require_POST
def site_save(request: ActorRequest) -> HttpResponse:
    """Set what the site allows."""
    return _save(request, SITE, SiteExplorationInput)


@requires_role(Role.VIEWER)
@require_POST
def keys_save(request: ActorRequest) -> HttpResponse:
    """Set which of one's keys keep their leaders."""
    refusing = set(request.POST.getlist("refuses"))
    for key, terms in _keys(request):
        is_on = str(key.pk) not in refusing
        if terms.is_on != is_on:
            set_terms(replace(KEY_TERMS, is_on=is_on), scope=f"key:{key.pk}", actor=request.actor)
    messages.success(request, "The keys' picks go by this from now on.")
    return redirect("routing:exploration")


def _save(
    request: ActorRequest, scope: str, kind: type[OwnExplorationInput] | type[SiteExplorationInput]
) -> HttpResponse:
    given, base = read_form(kind, request.POST), _base(request)
    typed = TermsForm(
        held=find_held(scope),
        said=request.POST.dict(),
        is_on=request.POST.get("on") == "on",
        base=base,
        why=request.POST.get("why", ""),
    )
    if not given.is_valid():
        typed = replace(typed, errors={name: [str(word) for word in words] for name, words in given.errors.items()})
        return _page(request, {scope: typed}, status=422)
    why = given.validated_data.get("why", "")
    try:
        set_terms(given.to_terms(), scope=scope, actor=request.actor, why=why, base_revision=base)
    except Conflict as refusal:
        held = find_held(scope)
        typed = replace(typed, held=held, base=held.revision, conflict=refusal.message)
        return _page(request, {scope: typed}, status=409)
    messages.success(request, "This holds from the next pick on.")
    return redirect("routing:exploration")


def _page(request: ActorRequest, typed: Mapping[str, TermsForm] | None = None, *, status: int = 200) -> HttpResponse:
    own, forms = _own_scope(request), typed or {}
    account = find_account(request.actor.user_id or 0)
    context = {
        "own": forms.get(own) or _form(own),
        "site": forms.get(SITE) or _form(SITE),
        "effective": read_terms(find_mark(), request.actor),
        "account": account,
        "extra_today_usd": usd(account.extra_on(utc_day(timezone.now()))),
        "keys": _keys(request),
        "is_admin": request.actor.has_role(Role.ADMIN),
        "task_tokens": TASK_TOKENS,
    }
    return render(request, "routing/exploration.html", context, status=status)


def _form(scope: str) -> TermsForm:
    held = find_held(scope)
    return TermsForm(held, form_values(held.terms), held.terms.is_on, held.revision)


def _keys(request: ActorRequest) -> list[tuple[ApiKey, Terms]]:
    """One's own keys that are in use, each with what it says."""
    keys = list(visible_keys(actor=request.actor).filter(owner_id=request.actor.user_id, revoked_at=None)[:_KEYS_SHOWN])
    held = held_by_scope([f"key:{key.pk}" for key in keys])
    return [(key, held[f"key:{key.pk}"]) for key in keys]


def _own_scope(request: ActorRequest) -> str:
    return f"user:{request.actor.user_id}"


def _base(request: ActorRequest) -> int:
    base = request.POST.get("base", "")
    return int(base) if base.isascii() and base.isdigit() and len(base) < 16 else 0
