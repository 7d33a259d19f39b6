"""The page of what trying others brought."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from feedback.exploring.queries import PICKS_LOOKED_AT, what_it_brought
from routing.adjustments import find_mark
from routing.exploring.accounts import utc_day
from routing.exploring.settings import read_terms
from routing.exploring.shapes import usd
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role

PICKS_SHOWN: Final = 30
CELLS_SHOWN: Final = 40


@requires_role(Role.VIEWER)
@require_safe
def results(request: ActorRequest) -> HttpResponse:
    """One's own tried picks, their ratings beside the leaders', and what they cost."""
    found = what_it_brought(request.actor)
    context = {
        "found": found,
        "cells": found.cells[:CELLS_SHOWN],
        "picks": found.picks[:PICKS_SHOWN],
        "expected_extra_usd": usd(found.expected_extra_nano_usd),
        "extra_today_usd": usd(found.account.extra_on(utc_day(timezone.now()))),
        "terms": read_terms(find_mark(), request.actor),
        "looked_at": PICKS_LOOKED_AT,
    }
    return render(request, "feedback/exploring/results.html", context)
