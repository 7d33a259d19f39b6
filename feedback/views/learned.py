"""The page of what was learned from one's ratings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog.shapes import Category
from feedback.inputs import read_category
from feedback.posterior import PRIOR_COUNT, PRIOR_SHARE
from feedback.queries import what_is_known
from feedback.standing import standings
from feedback.teach import reset_learning, restore_learning, switch_learning
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import InvalidParam


@requires_role(Role.VIEWER)
@require_safe
def learned(request: ActorRequest) -> HttpResponse:
    """One's own records by category, with their intervals, their course, and by stack."""
    known = what_is_known(request.actor)
    context = {
        "categories": standings(known.tallies, known.lessons, known.switches.values(), known.as_of),
        "rating_count": len(known.lessons),
        "can_change": request.actor.has_role(Role.MEMBER),
        "prior_share": PRIOR_SHARE,
        "prior_count": PRIOR_COUNT,
    }
    return render(request, "feedback/learned.html", context)


@requires_role(Role.MEMBER)
@require_POST
def switch(request: ActorRequest) -> HttpResponse:
    """Let ratings in a category count, or not."""
    category, is_on = _category(request), request.POST.get("on") == "on"
    switch_learning(category=category, is_on=is_on, actor=request.actor)
    messages.success(request, f"Ratings for {category} {'count again' if is_on else 'count no more'}.")
    return redirect("feedback:learned")


@requires_role(Role.MEMBER)
@require_POST
def reset(request: ActorRequest) -> HttpResponse:
    """Begin anew in a category, or take that back."""
    category = _category(request)
    if request.POST.get("undo") == "on":
        restore_learning(category=category, actor=request.actor)
        messages.success(request, f"All that was said about {category} counts again.")
        return redirect("feedback:learned")
    reset_learning(category=category, actor=request.actor)
    messages.success(request, f"What was said about {category} until now counts no more.")
    return redirect("feedback:learned")


def _category(request: ActorRequest) -> Category:
    category = read_category(request.POST.get("category", ""))
    if category is None:
        raise InvalidParam("Say which category.")
    return category
