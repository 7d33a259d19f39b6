"""The pages of reconciliation: bills, and prices."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_q.tasks import async_task

from feedback.reconciling.asking import reconcile_look
from feedback.reconciling.charts import months_figure
from feedback.reconciling.check import find_report
from feedback.reconciling.reconcile import BillGroup, Reconciliation
from feedback.spend.inputs import read_look
from feedback.spend.links import calls_url, url_of
from feedback.spend.views import frame
from runs.ledger.windows import day_of
from runs.spend.bills import ComparedCall
from runs.spend.queries import titles_of
from runs.spend.shapes import Dimension
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role

BILLS: Final = "feedback:spend-reconciliation"
PRICES: Final = "feedback:spend-prices"
CHECK: Final = "feedback.tasks.check_prices"


@requires_role(Role.ADMIN)
@require_safe
def bills(request: ActorRequest) -> HttpResponse:
    """What was worked out here against what providers report."""
    look = read_look(request.GET.dict(), request.actor, day_of(timezone.now()))
    found = reconcile_look(look)
    context = {
        **frame(BILLS, look, titles_of(look.shown_filters, seen_by=look.seen_by)),
        "found": found,
        "tables": _tables(found),
        "worst": [(call, _work_url(call)) for call in found.worst],
        "figure": months_figure(found.months),
        "json_url": url_of("api-spend-reconciliation", look, by=None),
        "calls_url": calls_url(look),
        "report": find_report(),
    }
    return render(request, "feedback/reconciling/bills.html", context)


@requires_role(Role.ADMIN)
@require_safe
def prices(request: ActorRequest) -> HttpResponse:
    """The catalogue's prices against others' word for them, as of the newest check."""
    look = read_look({}, request.actor, day_of(timezone.now()))
    context = {**frame(PRICES, look, {}), "report": find_report(), "unpriced_shown": 20}
    return render(request, "feedback/reconciling/prices.html", context)


@requires_role(Role.ADMIN)
@require_POST
def check_now(request: ActorRequest) -> HttpResponse:
    """Have the queue check prices now: the list takes seconds to read."""
    async_task(CHECK, group="prices")
    messages.success(request, "Prices are being checked. Load this page again in half a minute.")
    return redirect(PRICES)


def _tables(found: Reconciliation) -> list[tuple[str, str, list[tuple[BillGroup, str]]]]:
    def linked(groups: tuple[BillGroup, ...], dimension: Dimension | None) -> list[tuple[BillGroup, str]]:
        return [(group, f"?{dimension.value}={group.name}" if dimension else "") for group in groups]

    return [
        ("month", "Month", linked(found.months, None)),
        ("connection", "Connection", linked(found.connections, None)),
        ("provider", "Provider", linked(found.providers, None)),
        ("model", "Model", linked(found.models, None)),
    ]


def _work_url(call: ComparedCall) -> str:
    if call.run_id is not None:
        return reverse("runs:run", args=[call.run_id])
    return reverse("routing:decision", args=[call.decision_id]) if call.decision_id else ""
