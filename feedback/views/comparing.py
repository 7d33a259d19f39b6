"""Several answers to one task, side by side, without saying whose they are."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from feedback.inputs import read_subject_key
from feedback.queries import verdicts_on_nodes
from feedback.record import prefer
from feedback.shapes import Verdict
from runs.keeping.artifacts import read_outputs
from runs.outcomes import get_outcome, list_work, who_did_it
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import Conflict, NotFound

MOST_ANSWERS = 8


@requires_role(Role.VIEWER)
@require_safe
def compare(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """The answers in an order that tells nothing; whose they are is said once one has been chosen."""
    run = get_outcome(run_id, request.actor)
    nodes = who_did_it(run.mode, list_work([run_id]))
    if len(nodes) < 2:
        raise NotFound("This run has no answers to compare.")
    shuffled = sorted(nodes, key=lambda node: _place(run_id, node.key, request.actor.user_id))[:MOST_ANSWERS]
    texts = read_outputs(run_id, [node.key for node in shuffled])
    words = verdicts_on_nodes(run_id, request.actor)
    # Numbered by the page: letters are the run's own names for its answers, in its own order.
    answers = [(node, texts.get(node.key, ""), words.get(node.key) == Verdict.PREFERRED) for node in shuffled]
    context = {
        "run": run,
        "answers": answers,
        "is_told": bool(set(words.values()) & {Verdict.PREFERRED, Verdict.PASSED_OVER}),
        "can_choose": request.actor.has_role(Role.MEMBER) and Verdict.PREFERRED not in words.values(),
    }
    return render(request, "feedback/compare.html", context)


@requires_role(Role.MEMBER)
@require_POST
def prefer_one(request: ActorRequest) -> HttpResponse:
    """Keep which answer was best."""
    subject = read_subject_key(request.POST.get("subject", ""))
    if subject.run_id is None:
        raise NotFound("There is no such answer.")
    try:
        prefer(run_id=subject.run_id, node_key=subject.node_key, actor=request.actor)
    except Conflict as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "Kept. Now you see whose answers they are.")
    return redirect("feedback:compare", subject.run_id)


def _place(run_id: UUID, key: str, user_id: int | None) -> str:
    """An order of its own for each person and run, the same at every look."""
    return hashlib.sha256(f"{run_id} {key} {user_id}".encode()).hexdigest()
