"""Rating work: a part beside each answer, and a page of all that waits."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from feedback.inputs import read_id, read_said, read_subject_key
from feedback.queries import find_rating, list_ratings, list_waiting
from feedback.record import key_of, rate, rate_many, withdraw
from feedback.shapes import SAID_BY_HAND, Reason, Said, Subject
from runs.outcomes import RunOutcome, find_work, get_outcome
from runs.shapes import Mode
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import BadInput, NotFound

MOST_SHOWN = 30
_LATELY_SHOWN = 15
_TITLE_CHARS = 160


@requires_role(Role.VIEWER)
@require_safe
def inbox(request: ActorRequest) -> HttpResponse:
    """One's own finished work that waits for a rating, and what was rated of late."""
    return _inbox(request)


@requires_role(Role.VIEWER)
@require_safe
def work(request: ActorRequest, run_id: UUID, node_key: str = "") -> HttpResponse:
    """One piece of work to rate, for browsers that load no parts."""
    return render(request, "feedback/work.html", _run_context(request, run_id, node_key))


@requires_role(Role.VIEWER)
@require_safe
def run_part(request: ActorRequest, run_id: UUID, node_key: str = "") -> HttpResponse:
    """The rating of a run or of one of its nodes, for the run's own pages."""
    try:
        context = _run_context(request, run_id, node_key)
    except NotFound:
        return HttpResponse("")  # not ended, or not a model's work: nothing to rate, and no word of it
    return render(request, "feedback/_rating.html", context)


@requires_role(Role.MEMBER)
@require_POST
def save(request: ActorRequest) -> HttpResponse:
    """Keep a rating, and come back to where it was given."""
    subject = read_subject_key(request.POST.get("subject", ""))
    try:
        rate(subject=subject, said=_said(request), actor=request.actor)
    except BadInput as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "Kept. The next choice heeds it.")
    return redirect(_home(subject))


@requires_role(Role.MEMBER)
@require_POST
def save_part(request: ActorRequest) -> HttpResponse:
    """Keep a rating, and show it."""
    subject = read_subject_key(request.POST.get("subject", ""))
    try:
        rating = rate(subject=subject, said=_said(request), actor=request.actor)
    except BadInput as refusal:
        context = {**_context_of(request, subject), "refusal": refusal.message}
        return render(request, "feedback/_rating.html", context, status=422)
    return render(request, "feedback/_rating.html", {**_context_of(request, subject), "rating": rating})


@requires_role(Role.MEMBER)
@require_POST
def take_back(request: ActorRequest) -> HttpResponse:
    """Take a rating back, and come back to what it was about."""
    _take_back(request)
    messages.success(request, "Taken back, and forgotten.")
    return redirect("feedback:ratings")


@requires_role(Role.MEMBER)
@require_POST
def take_back_part(request: ActorRequest) -> HttpResponse:
    """Take a rating back, and offer to rate again."""
    subject = read_subject_key(request.POST.get("subject", ""))
    _take_back(request)
    context = {**_context_of(request, subject), "rating": find_rating(subject, request.actor)}
    return render(request, "feedback/_rating.html", context)


@requires_role(Role.MEMBER)
@require_POST
def bulk(request: ActorRequest) -> HttpResponse:
    """Say the same of everything that is ticked: all of it or none."""
    try:
        subjects = [read_subject_key(key) for key in request.POST.getlist("subject")[:MOST_SHOWN]]
        if not subjects:
            raise BadInput("Tick what the rating is about.")
        said = _said(request)
        rate_many(judged=[(subject, said) for subject in subjects], actor=request.actor)
    except (BadInput, NotFound) as refusal:
        return _inbox(request, refusal=refusal.message)
    messages.success(request, f"{len(subjects)} rated. The next choice heeds it.")
    return redirect("feedback:ratings")


def _take_back(request: ActorRequest) -> None:
    """Take back the rating that the form names; what another tab took back before is taken back."""
    with suppress(NotFound):
        withdraw(rating_id=read_id(request.POST.get("id", "")), actor=request.actor)


def _inbox(request: ActorRequest, *, refusal: str = "") -> HttpResponse:
    context = {
        "waiting": list_waiting(request.actor, most=MOST_SHOWN),
        "lately": list_ratings(request.actor, most=_LATELY_SHOWN),
        "most_shown": MOST_SHOWN,
        "refusal": refusal,
        "can_rate": request.actor.has_role(Role.MEMBER),
        **_words(),
    }
    return render(request, "feedback/ratings.html", context, status=422 if refusal else 200)


def _run_context(request: ActorRequest, run_id: UUID, node_key: str) -> dict[str, Any]:
    """A run that has ended, or a node of it that a model completed. Raises NotFound."""
    run = get_outcome(run_id, request.actor)
    node = find_work(run_id, node_key) if node_key else None
    if node_key and node is None:
        raise NotFound(f"'{node_key[:60]}' is no node of this run that a model has completed.")
    subject = Subject(run_id, node_key)
    context = {
        "run": run,
        "title": (node.title if node else run.title)[:_TITLE_CHARS],
        "can_compare": not node_key and _has_several_answers(run),
    }
    return {**_part_context(request, subject), **context, "rating": find_rating(subject, request.actor)}


def _context_of(request: ActorRequest, subject: Subject) -> dict[str, Any]:
    if subject.run_id is None:
        return _part_context(request, subject)
    return _run_context(request, subject.run_id, subject.node_key)


def _part_context(request: ActorRequest, subject: Subject) -> dict[str, Any]:
    return {
        "subject": key_of(subject),
        "is_compact": request.POST.get("compact") == "on",
        "can_rate": request.actor.has_role(Role.MEMBER),
        **_words(),
    }


def _words() -> dict[str, Any]:
    return {"scores": range(1, 6), "reasons": list(Reason), "verdicts": SAID_BY_HAND}


def _has_several_answers(run: RunOutcome) -> bool:
    return run.mode is Mode.COLLECTIVE


def _said(request: ActorRequest) -> Said:
    sent = request.POST
    return read_said(
        {"rating": sent.get("rating", ""), "verdict": sent.get("verdict"), "reasons": sent.getlist("reasons")}
    )


def _home(subject: Subject) -> str:
    """The page of what was rated."""
    if subject.run_id is None:
        return reverse("feedback:ratings")
    if subject.node_key:
        return reverse("runs:node", args=[subject.run_id, subject.node_key])
    return reverse("runs:run", args=[subject.run_id])
