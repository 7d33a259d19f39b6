"""What the ledger tells those who ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import Sum

from runs.ledger.shapes import RunMoney
from runs.ledger.windows import RUN_WINDOW, run_scope
from runs.models import Balance, LedgerEntry
from runs.shapes import CallStatus


def run_money(run_ids: Collection[UUID]) -> Mapping[UUID, RunMoney]:
    """The money of these runs; one whose balance was never opened may spend nothing."""
    if not run_ids:
        return {}
    scopes = {run_scope(run_id): run_id for run_id in run_ids}
    rows = Balance.objects.filter(scope__in=scopes, window=RUN_WINDOW).values_list(
        "scope", "cap_nano_usd", "spent_nano_usd", "reserved_nano_usd"
    )
    uncertain = _uncertain(run_ids)
    money = {run_id: RunMoney(cap_nano_usd=0) for run_id in run_ids}
    for scope, cap, spent, reserved in rows:
        run_id = scopes[scope]
        money[run_id] = RunMoney(cap, spent, reserved, uncertain.get(run_id, 0))
    return money


def _uncertain(run_ids: Collection[UUID]) -> dict[UUID, int]:
    lines = LedgerEntry.objects.filter(run_id__in=run_ids, status=CallStatus.UNCERTAIN)
    sums = lines.values("run_id").annotate(sum=Sum("cost_nano_usd"))
    return {row["run_id"]: row["sum"] for row in sums if row["run_id"] is not None}
