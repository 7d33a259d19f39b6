"""The address that monitoring asks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from smartspawn.access.gates import requires_scope
from smartspawn.access.shapes import Scope
from smartspawn.metrics.gather import KeptMetrics, gather_text
from smartspawn.metrics.text import CONTENT_TYPE

_metrics = KeptMetrics(gather_text)


@requires_scope(Scope.METRICS_READ, allows_loopback=True)
@require_safe
def metrics(_request: HttpRequest) -> HttpResponse:
    """The figures of the whole site: for a program on this machine, or with a key that an admin made for it."""
    response = HttpResponse(_metrics.get(), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response
