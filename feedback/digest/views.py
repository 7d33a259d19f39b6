"""The page of the week."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.queries import last_read_snapshot
from feedback.digest.inputs import read_whose
from feedback.digest.text import write_week
from feedback.digest.week import week_of
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role


@requires_role(Role.VIEWER)
@require_safe
def digest(request: ActorRequest) -> HttpResponse:
    """The last seven days beside the seven before; for an admin everybody's too."""
    week = week_of(request.actor, is_everybodys=read_whose(request.GET.get("of", "")))
    context = {
        "week": week,
        "text": write_week(week),
        "is_admin": request.actor.has_role(Role.ADMIN),
        "snapshot": last_read_snapshot(),  # the week was priced by it
    }
    return render(request, "feedback/digest.html", context)
