"""What the ledger tells those who ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import F, Q, Sum

from runs.ledger.shapes import RunMoney
from runs.ledger.windows import RUN_WINDOW, run_scope
from runs.models import Balance, LedgerEntry
from runs.shapes import API_DRIVER, CallStatus


def run_money(run_ids: Collection[UUID]) -> Mapping[UUID, RunMoney]:
    """The money of these runs; one whose balance was never opened may spend nothing."""
    if not run_ids:
        return {}
    scopes = {run_scope(run_id): run_id for run_id in run_ids}
    rows = Balance.objects.filter(scope__in=scopes, window=RUN_WINDOW).values_list(
        "scope", "cap_nano_usd", "spent_nano_usd", "reserved_nano_usd"
    )
    notable = _notable(run_ids)
    money = {run_id: RunMoney(cap_nano_usd=0) for run_id in run_ids}
    for scope, cap, spent, reserved in rows:
        run_id = scopes[scope]
        money[run_id] = RunMoney(cap, spent, reserved, *notable.get(run_id, (0, 0)))
    return money


def _notable(run_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """What of each run's spend is uncertain, and what was more than the ledger had given leave for."""
    is_uncertain = Q(status=CallStatus.UNCERTAIN)
    # Nothing is ever set aside for an agent: it pays from its own account.
    is_over = Q(cost_nano_usd__gt=F("reserved_nano_usd"), driver=API_DRIVER)
    over = Sum(F("cost_nano_usd") - F("reserved_nano_usd"), filter=is_over)
    lines = LedgerEntry.objects.filter(is_uncertain | is_over, run_id__in=run_ids).values_list("run_id")
    sums = lines.annotate(uncertain=Sum("cost_nano_usd", filter=is_uncertain), over=over)
    return {run_id: (uncertain or 0, over or 0) for run_id, uncertain, over in sums if run_id is not None}
