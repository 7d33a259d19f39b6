"""Limits: which models may never be chosen, for the site, a person or a key, with what they leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from catalog.queries import find_current_snapshot
from routing.limits import SITE, find_held, read_limits_by_scope, set_limits
from routing.limits_effect import effect_of
from routing.past_decisions import DEFAULT_COUNT
from routing.shapes import Limits
from routing.views.limits_form import LimitsForm, form_of, read_limits_form
from routing.views.tabs import Tab
from routing.what_if import what_if_limits
from smartspawn.access.gates import requires_role
from smartspawn.access.keys import visible_keys
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import Conflict, NotFound

TABS_SHOWN: Final = 12
PAGE: Final = "routing/limits.html"
EFFECT_PART: Final = "routing/_limits_effect.html"
CHANGE_PART: Final = "routing/_limits_change.html"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose limits they are."""

    scope: str
    title: str
    about: str
    url: str
    save_url: str
    effect_url: str
    can_change: bool = True
    wider: tuple[str, ...] = ()  # the scopes whose limits hold with these


@requires_role(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def own_limits(request: ActorRequest) -> HttpResponse:
    """What one's own questions, and those of one's keys, may not be answered with."""
    return _page(request, _own(request))


@requires_role(Role.VIEWER)
@require_POST
def own_limits_save(request: ActorRequest) -> HttpResponse:
    """Set one's own limits."""
    return _save(request, _own(request))


@requires_role(Role.VIEWER)
@require_POST
def own_limits_effect(request: ActorRequest) -> HttpResponse:
    """What one's own limits would leave, as they are typed."""
    return _page(request, _own(request), _part_of(request))


@requires_role(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def site_limits(request: ActorRequest) -> HttpResponse:
    """What nobody here may be given; admins change it."""
    return _page(request, _site(request))


@requires_role(Role.ADMIN)
@require_POST
def site_limits_save(request: ActorRequest) -> HttpResponse:
    """Set the limits of the site."""
    return _save(request, _site(request))


@requires_role(Role.ADMIN)
@require_POST
def site_limits_effect(request: ActorRequest) -> HttpResponse:
    """What the limits of the site would leave, as they are typed."""
    return _page(request, _site(request), _part_of(request))


@requires_role(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def key_limits(request: ActorRequest, key_id: int) -> HttpResponse:
    """What a key's questions may not be answered with, beside its owner's limits."""
    return _page(request, _key(request, key_id))


@requires_role(Role.VIEWER)
@require_POST
def key_limits_save(request: ActorRequest, key_id: int) -> HttpResponse:
    """Set the limits of a key."""
    return _save(request, _key(request, key_id))


@requires_role(Role.VIEWER)
@require_POST
def key_limits_effect(request: ActorRequest, key_id: int) -> HttpResponse:
    """What the limits of a key would leave, as they are typed."""
    return _page(request, _key(request, key_id), _part_of(request))


# --- whose they are ------------------------------------------------------------------------------


def _own(request: ActorRequest) -> Holder:
    return Holder(
        f"user:{request.actor.user_id}",
        "Your limits",
        "They hold for what you ask for and for all of your keys, together with the site's.",
        reverse("routing:limits"),
        reverse("routing:limits-own-save"),
        reverse("routing:limits-own-effect"),
        wider=(SITE,),
    )


def _site(request: ActorRequest) -> Holder:
    return Holder(
        SITE,
        "Limits of the site",
        "They hold for everybody, open questions included.",
        reverse("routing:limits-site"),
        reverse("routing:limits-site-save"),
        reverse("routing:limits-site-effect"),
        can_change=request.actor.has_role(Role.ADMIN),
    )


def _key(request: ActorRequest, key_id: int) -> Holder:
    """A key that this person may see. Raises NotFound for any other."""
    key = visible_keys(actor=request.actor).filter(pk=key_id).first()
    if key is None:
        raise NotFound("There is no such key.")
    return Holder(
        f"key:{key_id}",
        f"Limits of the key {key.name}",
        f"They hold for what is asked with this key of {key.owner.username}, together with the owner's and the site's.",
        reverse("routing:limits-key", args=[key_id]),
        reverse("routing:limits-key-save", args=[key_id]),
        reverse("routing:limits-key-effect", args=[key_id]),
        wider=(SITE, f"user:{key.owner_id}"),
    )


# --- the page ------------------------------------------------------------------------------------


def _page(request: ActorRequest, holder: Holder, template: str = PAGE) -> HttpResponse:
    """The form with what it leaves: as it holds, or, posted, as it is typed."""
    if request.method != "POST":
        return _render(request, holder, None, template)
    form = read_limits_form(request.POST)
    return _render(request, holder, form, template, status=422 if form.errors else 200)


def _part_of(request: ActorRequest) -> str:
    """What is left as somebody types; asked for, what would change."""
    return CHANGE_PART if request.GET.get("part") == "change" else EFFECT_PART


def _save(request: ActorRequest, holder: Holder) -> HttpResponse:
    form = read_limits_form(request.POST)
    if form.errors:
        return _render(request, holder, form, status=422)
    base = request.POST.get("base", "")
    base_revision = int(base) if base.isascii() and base.isdigit() and len(base) < 16 else 0
    try:
        set_limits(form.limits, scope=holder.scope, actor=request.actor, why=form.why, base_revision=base_revision)
    except Conflict as refusal:
        return _render(request, holder, form, status=409, conflict=refusal.message)
    messages.success(request, "The limits hold from the next decision on.")
    return redirect(holder.url)


def _render(
    request: ActorRequest,
    holder: Holder,
    form: LimitsForm | None,
    template: str = PAGE,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    held, snapshot = find_held(holder.scope), find_current_snapshot()
    entries = snapshot.entries if snapshot else ()
    shown = form or form_of(held.limits if held else Limits())
    context: dict[str, Any] = {
        "holder": holder,
        "held": held,
        "form": shown,
        "base": held.revision if held else 0,
        "snapshot": snapshot,
        "is_typed": form is not None,
        **more,
    }
    if entries and not shown.errors:
        by_scope = read_limits_by_scope()
        wider = [by_scope[scope] for scope in holder.wider if scope in by_scope]
        context["effect"] = effect_of(shown.limits, wider, entries)
    is_replay = template == CHANGE_PART or (template == PAGE and request.POST.get("act") == "replay")
    if is_replay and not shown.errors:
        context["found"] = what_if_limits(shown.limits, scope=holder.scope, actor=request.actor, count=DEFAULT_COUNT)
    if template == PAGE:
        context |= {"tabs": _tabs(request, holder), "providers": sorted({item.provider for item in entries})}
    return TemplateResponse(request, template, context, status=status)


def _tabs(request: ActorRequest, holder: Holder) -> Sequence[Tab]:
    """The places where limits stand: one's own, the site's, and those of one's own keys."""
    places = [(reverse("routing:limits"), "Yours"), (reverse("routing:limits-site"), "The site's")]
    keys = visible_keys(actor=request.actor).filter(owner_id=request.actor.user_id, revoked_at=None)
    places += [(reverse("routing:limits-key", args=[key.pk]), f"Key {key.name}") for key in keys[:TABS_SHOWN]]
    if holder.url not in {url for url, _ in places}:
        places.append((holder.url, holder.title))
    return [Tab(url, label, url == holder.url) for url, label in places]
