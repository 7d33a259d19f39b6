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
from routing.charts import draw_swarm
from routing.decisions import RUNNERS_UP_KEPT, get_stored, is_token, read_token
from routing.decompose.kept import PARTS_KINDS, restore
from routing.models import StoredDecision
from routing.page_queries import (
    KINDS,
    DecisionCursor,
    list_decisions,
    read_basis,
    read_details,
    read_outcome,
    read_parts,
    which_tried,
)
from routing.policy import select
from routing.replays import Replay, replay_row, replay_token
from routing.rules_applied import applied_rules
from routing.views.forms import DecisionsForm, format_cursor
from routing.views.heads import heads_of
from routing.views.parts import part_rows
from routing.views.playground import ranked_rows
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
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
        "categories": [("", "any"), *((word, str(word)) for word in Category)],
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
        "tried_ids": which_tried([row.pk for row in rows[:PAGE_ROWS]]),
        "is_filtered": bool(kept),
        "older_url": _older_url(kept, rows[PAGE_ROWS - 1]) if len(rows) > PAGE_ROWS else "",
    }
    return render(request, "routing/decisions.html", context)


@requires_role(Role.VIEWER)
@require_safe
def decision(request: ActorRequest, decision_id: str) -> HttpResponse:
    """One decision with its reasons; with ``?replay=on`` made again beside them. A token is made again at once."""
    if is_token(decision_id):
        return render(request, "routing/question.html", _answered(decision_id))
    row = get_stored(decision_id, actor=request.actor)
    context: dict[str, Any] = {"row": row, "snapshot": find_current_snapshot()}
    context |= _parts_context(row) if row.kind in PARTS_KINDS else _choice_context(row)
    if request.GET.get("replay"):
        context |= _replayed(row)
    return render(request, "routing/decision.html", context)


@requires_role(Role.VIEWER)
@require_safe
def replay_part(request: ActorRequest, decision_id: str) -> HttpResponse:
    """The decision made again, as a part of its page."""
    row = get_stored(decision_id, actor=request.actor)
    return render(request, "routing/_replay.html", {"row": row, **_replayed(row)})


def _choice_context(row: StoredDecision) -> dict[str, Any]:
    """What a pick, a recommendation or a route has to show."""
    basis, outcome = read_basis(row), read_outcome(row)
    classification = basis.features.classification if basis else None
    return {
        "basis": basis,
        "tags": basis.features.context_tags if basis else (),
        "outcome": outcome,
        "details": read_details(row).items(),
        "applied_rules": applied_rules(row.outcome),
        "classification": classification,
        "heads": heads_of(classification, {}) if classification else (),
        "ranked": ranked_rows(outcome.ranked),
        "overrides": row.overrides.order_by("at") if row.kind == "route" else (),
    }


def _parts_context(row: StoredDecision) -> dict[str, Any]:
    """What a task in parts has to show: for a swarm the graph, too."""
    kept = read_parts(row)
    if kept is None:
        return {"is_parts": True}
    found = restore(kept, task=row.task)
    return {
        "is_parts": True,
        "tags": kept.basis.context_tags,
        "engine": kept.basis.engine,
        "swarm": found,
        "parts": part_rows(found),
        "picks": [(pick, ranked_rows((pick.model,))[0]) for pick in kept.outcome.picks if pick.model],
        "picture": draw_swarm(found) if found.waves else None,
    }


def _replayed(row: StoredDecision) -> dict[str, Replay | str]:
    try:
        return {"replayed": replay_row(row)}
    except NotFound as refusal:  # its snapshot is emptied, or its policy is older than this release
        return {"replay_refusal": refusal.message}


def _answered(token: str) -> dict[str, Any]:
    """The question that a token carries, answered as of then."""
    context: dict[str, Any] = {"token": token, "question": read_token(token), "snapshot": find_current_snapshot()}
    try:
        choice = replay_token(token).choice
    except NotFound as refusal:
        return context | {"refusal": refusal.message}
    ranked = choice.ranked if choice else ()
    chosen = select(ranked, context["question"].count)
    shown = dict.fromkeys((*chosen, *ranked[: RUNNERS_UP_KEPT + 1]))
    return context | {"choice": choice, "chosen": chosen, "ranked": ranked_rows(tuple(shown))}


def _older_url(kept: Mapping[str, str], last: StoredDecision) -> str:
    return "?" + urlencode({**kept, "after": format_cursor(DecisionCursor(last.made_at, last.pk))})
