"""The list of runs."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.exceptions import ValidationError

from runs.api_inputs import read_list
from runs.queries import RunReport, count_waiting, list_runs
from runs.shapes import Mode, RunStatus
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import NotFound

PAGE_ROWS = 30


@requires_role(Role.VIEWER)
@require_safe
def runs(request: ActorRequest) -> HttpResponse:
    """This person's runs, newest first; everybody's for an admin."""
    said = {name: value for name, value in request.GET.dict().items() if value and name != "limit"}
    try:
        wanted, _ = read_list(said, request.actor)
    except (ValidationError, NotFound):
        return render(request, "runs/runs.html", _context(request, [], said, is_wrong=True), status=422)
    reports = list_runs(request.actor, wanted, most=PAGE_ROWS + 1)
    context = _context(request, list(reports[:PAGE_ROWS]), said)
    if len(reports) > PAGE_ROWS:
        kept = {name: value for name, value in said.items() if name != "before"}
        context["older_url"] = "?" + urlencode({**kept, "before": str(reports[PAGE_ROWS - 1].run.pk)})
    return render(request, "runs/runs.html", context)


def _context(
    request: ActorRequest, reports: list[RunReport], said: dict[str, str], *, is_wrong: bool = False
) -> dict[str, object]:
    return {
        "reports": reports,
        "said": said,
        "is_filtered": bool(said),
        "is_wrong": is_wrong,
        "is_admin": request.actor.has_role(Role.ADMIN),
        "is_member": request.actor.has_role(Role.MEMBER),
        "waiting_count": count_waiting(request.actor),
        "statuses": [("", "any"), *((status.value, status.replace("_", " ")) for status in RunStatus)],
        "modes": [("", "any"), *((mode.value, mode.value) for mode in Mode)],
    }
