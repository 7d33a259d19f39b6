"""The page of the classifier in production."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from feedback.production.checks import ask_for_check, find_checks, find_mistakes
from feedback.production.evaluate import LEAST_LABELS, MOST_TASKS, SELECTION, WEAK_WORDS
from routing.classifier.classify import classifier_status
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import Conflict


@requires_role(Role.ADMIN)
@require_safe
def classifier(request: ActorRequest) -> HttpResponse:
    """How the classifier does on what people said, as of the newest evaluation."""
    done, newest = find_checks()
    result = done.result if done else None
    context = {
        "status": classifier_status(),
        "done": done,
        "newest": newest,
        "found": result,
        "crossings": tuple(zip(result.worst.labels, result.worst.rows, strict=True)) if result and result.worst else (),
        "mistakes": find_mistakes(done) if done else (),
        "weak": [(WEAK_WORDS[item.kind], item) for item in result.weak] if result else (),
        "selection": SELECTION,
        "least_labels": LEAST_LABELS,
        "most_tasks": MOST_TASKS,
    }
    return render(request, "feedback/classifier/classifier.html", context)


@requires_role(Role.ADMIN)
@require_POST
def evaluate_now(request: ActorRequest) -> HttpResponse:
    """Have the queue evaluate the classifier."""
    try:
        ask_for_check(request.actor)
    except Conflict as refusal:
        messages.info(request, refusal.message)
    else:
        messages.success(request, "The classifier is being evaluated. Load this page again in a minute.")
    return redirect("feedback:classifier")
