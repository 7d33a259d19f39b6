"""The page of charges that nobody knows to be right, with a way to put them right."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import ValidationError

from runs.correcting.book import put_right
from runs.correcting.inputs import UncertainPlace, read_correction, read_uncertain_place
from runs.ledger.uncertain import list_uncertain, sum_uncertain
from runs.money import format_usd
from runs.queries import get_run
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.api import translate
from smartspawn.lib.errors import BadInput, Conflict, NotFound

PAGE_ROWS: Final = 30


@requires_role(Role.VIEWER)
@require_safe
def uncertain(request: ActorRequest) -> HttpResponse:
    """One's own; everybody's for an admin."""
    try:
        place = read_uncertain_place(request.GET.dict())
    except ValidationError:
        return _page(request, UncertainPlace(), refusal="This address names no run, or no place in the list.")
    return _page(request, place)


@requires_role(Role.ADMIN)
@require_POST
def uncertain_correct(request: ActorRequest) -> HttpResponse:
    """Book what the provider billed."""
    try:
        wanted = read_correction(request.POST)
        done = put_right(
            actor=request.actor,
            call_id=wanted.call_id,
            run_id=wanted.run_id,
            cost_nano_usd=wanted.cost_nano_usd,
            why=wanted.why,
        )
    except (BadInput, Conflict, NotFound, ValidationError) as error:
        refusal = translate(error)
        return _page(request, _place_of(request), refusal=refusal.message if refusal else "")
    calls = "1 call" if len(done) == 1 else f"{len(done)} calls"
    before, after = (sum(each) for each in zip(*((d.before_nano_usd, d.after_nano_usd) for d in done), strict=True))
    messages.success(request, f"Put right: {calls}, {format_usd(after)} in place of {format_usd(before)}.")
    place = _place_of(request)
    return redirect(_address(place.run_id))


def _page(request: ActorRequest, place: UncertainPlace, *, refusal: str = "") -> HttpResponse:
    charges = list_uncertain(request.actor, run_id=place.run_id, before_id=place.before_id, most=PAGE_ROWS + 1)
    shown = charges[:PAGE_ROWS]
    context = {
        "charges": shown,
        "total": sum_uncertain(request.actor, run_id=place.run_id),
        "run": get_run(place.run_id, request.actor) if place.run_id else None,
        "older_url": _address(place.run_id, before=shown[-1].id) if len(charges) > PAGE_ROWS else "",
        "is_admin": request.actor.has_role(Role.ADMIN),
        "refusal": refusal,
        "said": request.POST,
    }
    return render(request, "runs/uncertain.html", context, status=422 if refusal else 200)


def _place_of(request: ActorRequest) -> UncertainPlace:
    """Which list the form stood on."""
    try:
        return read_uncertain_place({"run": request.POST["of"]} if request.POST.get("of") else {})
    except ValidationError:
        return UncertainPlace()


def _address(run_id: UUID | None, **query: object) -> str:
    said = ({"run": str(run_id)} if run_id else {}) | query
    return reverse("runs:uncertain") + (f"?{urlencode(said)}" if said else "")
