"""The page of budgets, the notices on every page, and where alerts are sent."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import ValidationError

from runs.alerting.adding import add_receiver
from runs.alerting.budgets import list_budgets
from runs.alerting.inputs import read_list, read_receiver, read_switch
from runs.alerting.noticing import put_away
from runs.alerting.queries import get_receiver, list_alerts, list_deliveries, list_notices, list_receivers
from runs.alerting.receivers import (
    confirm_email,
    find_unconfirmed,
    remove_receiver,
    renew_secret,
    send_again,
    send_test,
    switch_receiver,
)
from smartspawn.access.gates import for_everybody, requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.api import translate
from smartspawn.lib.errors import BadInput, Conflict, NotAllowed, NotFound

_PAGE_ROWS = 30
_KINDS = (("webhook", "a webhook"), ("email", "a mailbox"))
_REACHES = (("own", "your budgets and those of your keys"), ("all", "everybody's budgets and the site's"))


@requires_role(Role.VIEWER)
@require_safe
def budgets(request: ActorRequest) -> HttpResponse:
    """How far each budget is used, and what was told of it; for an admin everybody's."""
    try:
        before = read_list(request.GET.dict()).before
        told = list_alerts(request.actor, before=before, most=_PAGE_ROWS + 1)
    except (BadInput, NotFound, ValidationError):
        return render(request, "runs/budgets.html", {"is_wrong": True}, status=422)
    states = list_budgets(request.actor)
    context = {
        "budgets": [state for state in states if state.line.cap_nano_usd is not None],
        "unlimited": [state for state in states if state.line.cap_nano_usd is None],
        "alerts": told[:_PAGE_ROWS],
        "older": told[_PAGE_ROWS - 1].alert_id if len(told) > _PAGE_ROWS else None,
        "is_first": before is None,
    }
    return render(request, "runs/budgets.html", context)


@requires_role(Role.VIEWER)
@require_safe
def notices_part(request: ActorRequest) -> HttpResponse:
    """What every page says above all else, asked for by itself: no page waits for it."""
    return render(request, "runs/_notices.html", {"notices": list_notices(request.actor)})


@requires_role(Role.VIEWER)
@require_POST
def seen(request: ActorRequest, alert_id: UUID) -> HttpResponse:
    """Put a notice away and go back to the page it stood on."""
    put_away(actor=request.actor, alert_id=alert_id)
    came_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()})
    return redirect(came_from if is_ours else "runs:budgets")


@requires_role(Role.VIEWER)
@require_POST
def seen_part(request: ActorRequest, alert_id: UUID) -> HttpResponse:
    """Put a notice away; the notices that are left."""
    put_away(actor=request.actor, alert_id=alert_id)
    return render(request, "runs/_notices.html", {"notices": list_notices(request.actor)})


@requires_role(Role.VIEWER)
@require_safe
def receivers(request: ActorRequest) -> HttpResponse:
    """Where alerts are sent."""
    return _receivers_page(request)


@requires_role(Role.MEMBER)
@require_POST
def receiver_save(request: ActorRequest) -> HttpResponse:
    """Add a receiver; the secret of a new webhook is shown here once."""
    try:
        made = add_receiver(actor=request.actor, wanted=read_receiver(request.POST.dict()))
    except (BadInput, Conflict, NotAllowed, ValidationError) as refusal:
        return _receivers_page(request, refusal=_words(refusal))
    if made.secret:
        return _receivers_page(request, secret=made.secret)
    messages.success(request, "The mailbox is noted.")
    return redirect("runs:receivers")


@requires_role(Role.VIEWER)
@require_safe
def receiver(request: ActorRequest, receiver_id: int) -> HttpResponse:
    """One receiver, with what was sent to it."""
    return _receiver_page(request, receiver_id)


@requires_role(Role.MEMBER)
@require_POST
def receiver_test(request: ActorRequest, receiver_id: int) -> HttpResponse:
    """Send a test."""
    try:
        send_test(actor=request.actor, receiver_id=receiver_id)
        messages.success(request, "A test is on its way: look again in a moment.")
    except Conflict as refusal:
        messages.error(request, refusal.message)
    return redirect("runs:receiver", receiver_id)


@requires_role(Role.MEMBER)
@require_POST
def receiver_secret(request: ActorRequest, receiver_id: int) -> HttpResponse:
    """Make a new secret and show it once."""
    secret = renew_secret(actor=request.actor, receiver_id=receiver_id)
    return _receiver_page(request, receiver_id, secret=secret)


@requires_role(Role.MEMBER)
@require_POST
def receiver_switch(request: ActorRequest, receiver_id: int) -> HttpResponse:
    """Send there, or leave it for now."""
    switch_receiver(actor=request.actor, receiver_id=receiver_id, is_on=read_switch(request.POST.dict()))
    return redirect("runs:receiver", receiver_id)


@requires_role(Role.MEMBER)
@require_POST
def receiver_remove(request: ActorRequest, receiver_id: int) -> HttpResponse:
    """Send nothing there any more."""
    remove_receiver(actor=request.actor, receiver_id=receiver_id)
    messages.success(request, "Taken away: nothing is sent there any more.")
    return redirect("runs:receivers")


@requires_role(Role.MEMBER)
@require_POST
def delivery_again(request: ActorRequest, delivery_id: int) -> HttpResponse:
    """Send a message again."""
    receiver_id = send_again(actor=request.actor, delivery_id=delivery_id)
    messages.success(request, "It is on its way again, under the same id.")
    return redirect("runs:receiver", receiver_id)


@for_everybody
@require_http_methods(["GET", "HEAD", "POST"])
def receiver_confirm(request: ActorRequest, token: str) -> HttpResponse:
    """What the link of a first mail opens: nothing is confirmed before the button is pressed."""
    try:
        row = find_unconfirmed(token)
        if request.method == "POST":
            confirm_email(token)
    except BadInput as refusal:
        return render(request, "runs/receiver_confirm.html", {"refusal": refusal.message}, status=422)
    is_confirmed = row.confirmed_at is not None or request.method == "POST"
    return render(request, "runs/receiver_confirm.html", {"address": row.address, "is_confirmed": is_confirmed})


def _receivers_page(request: ActorRequest, *, secret: str = "", refusal: str = "") -> HttpResponse:
    is_admin = request.actor.has_role(Role.ADMIN)
    context = {
        "receivers": list_receivers(request.actor),
        "secret": secret,
        "refusal": refusal,
        "said": request.POST if refusal else {},
        "kinds": _KINDS if settings.EMAIL_URL else _KINDS[:1],
        "reaches": _REACHES if is_admin else _REACHES[:1],
        "has_mail": bool(settings.EMAIL_URL),
    }
    return render(request, "runs/receivers.html", context, status=422 if refusal else 200)


def _receiver_page(request: ActorRequest, receiver_id: int, *, secret: str = "") -> HttpResponse:
    context = {
        "receiver": get_receiver(request.actor, receiver_id),
        "deliveries": list_deliveries(request.actor, receiver_id=receiver_id, most=_PAGE_ROWS),
        "secret": secret,
    }
    return render(request, "runs/receiver.html", context)


def _words(error: Exception) -> str:
    refusal = translate(error)
    return refusal.message if refusal else ""
