"""The page of storage, for admins."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.storage.report import report_storage


@requires_role(Role.ADMIN)
@require_safe
def storage(request: ActorRequest) -> HttpResponse:
    """What is kept, for how long, how much room it takes, and when what was too old went."""
    is_on_disk = settings.ARTIFACTS == "disk"
    return render(request, "storage/storage.html", {"report": report_storage(), "is_on_disk": is_on_disk})
