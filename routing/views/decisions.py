"""Decisions that were made: the list, and each with its reasons; on request made again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.queries import find_current_snapshot
from catalog.shapes import Category
from routing.decisions import Replay, get_stored, replay
from routing.models import StoredDecision
from routing.page_queries import KINDS, DecisionCursor, list_decisions, read_basis, read_details, read_outcome
from routing.views.forms import DecisionsForm, format_cursor
from routing.views.heads import heads_of
from routing.views.playground import ranked_rows
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Actor, Role
from smartspawn.lib.errors import NotFound

PAGE_ROWS = 50


@requires_role(Role.VIEWER)
@require_safe
def decisions(request: ActorRequest) -> HttpResponse:
    """The newest decisions of this person; of everybody for an admin."""
    form = DecisionsForm(data=request.GET)
    context: dict[str, Any] = {
        "said": request.GET,
        "kinds": [("", "any"), *((kind, kind) for kind in KINDS)],
        "categories": [("", "any"), *((word, word.replace("-", " ")) for word in Category)],
        "is_admin": request.actor.has_role(Role.ADMIN),
    }
    if not form.is_valid():
        return render(request, "routing/decisions.html", {**context, "errors": form.errors}, status=422)
    rows = list_decisions(
        form.to_filter(), actor=request.actor, after=form.validated_data["after"] or None, count=PAGE_ROWS + 1
    )
    kept = {name: value for name, value in request.GET.dict().items() if value and name != "after"}
    context |= {
        "rows": rows[:PAGE_ROWS],
        "is_filtered": bool(kept),
        "older_url": _older_url(kept, rows[PAGE_ROWS - 1]) if len(rows) > PAGE_ROWS else "",
    }
    return render(request, "routing/decisions.html", context)


@requires_role(Role.VIEWER)
@require_safe
def decision(request: ActorRequest, decision_id: str) -> HttpResponse:
    """One decision with its reasons; with ``?replay=on`` made again beside them."""
    row = get_stored(decision_id, actor=request.actor)
    basis, outcome = read_basis(row), read_outcome(row)
    classification = basis.features.classification if basis else None
    context: dict[str, Any] = {
        "row": row,
        "basis": basis,
        "outcome": outcome,
        "details": read_details(row).items(),
        "classification": classification,
        "heads": heads_of(classification, {}) if classification else (),
        "ranked": ranked_rows(outcome.ranked),
        "overrides": row.overrides.order_by("at") if row.kind == "route" else (),
        "snapshot": find_current_snapshot(),
    }
    if request.GET.get("replay"):
        context |= _replayed(decision_id, request.actor)
    return render(request, "routing/decision.html", context)


@requires_role(Role.VIEWER)
@require_safe
def replay_part(request: ActorRequest, decision_id: str) -> HttpResponse:
    """The decision made again, as a part of its page."""
    row = get_stored(decision_id, actor=request.actor)
    return render(request, "routing/_replay.html", {"row": row, **_replayed(decision_id, request.actor)})


def _replayed(decision_id: str, actor: Actor) -> dict[str, Replay | str]:
    try:
        return {"replayed": replay(decision_id, actor=actor)}
    except NotFound as refusal:  # its snapshot is emptied, or its policy is older than this release
        return {"replay_refusal": refusal.message}


def _older_url(kept: Mapping[str, str], last: StoredDecision) -> str:
    return "?" + urlencode({**kept, "after": format_cursor(DecisionCursor(last.made_at, last.pk))})
