"""The week as the JSON of the API."""

from __future__ import annotations

from typing import Any

from feedback.digest.said import Accepted
from feedback.digest.text import write_week
from feedback.digest.week import Week
from feedback.spend.savings import Saving
from runs.money import to_usd


def week_payload(week: Week) -> dict[str, Any]:
    """The figures, and the same as text."""
    return {
        "from": week.period.first.isoformat(),
        "to": week.period.last.isoformat(),
        "everybody": week.is_everybodys,
        "runs": {"count": week.run_count, "former": week.former_run_count, "byStatus": dict(week.runs)},
        "spentUsd": _usd(week.spent.cost_nano_usd),
        "formerSpentUsd": _usd(week.former_spent.cost_nano_usd),
        "calls": week.spent.call_count,
        "savings": [_saving(item) for item in week.savings],
        "models": [
            {"model": row.value, "usd": _usd(row.spent.cost_nano_usd), "calls": row.spent.call_count}
            for row in week.models
        ],
        "accepted": _accepted(week.accepted),
        "formerAccepted": _accepted(week.former_accepted),
        "cascades": {
            "tried": week.cascade.tried_count,
            "enough": week.cascade.hit_count,
            "share": week.cascade.hit_share,
        },
        "alerts": [
            {"title": item.title, "window": item.window, "percent": item.threshold_percent} for item in week.alerts
        ],
        "dearest": [
            {"run": str(run.run_id), "title": run.title, "usd": _usd(run.cost_nano_usd)} for run in week.dearest
        ],
        "waiting": week.waiting_count,
        "text": write_week(week),
    }


def _usd(nano_usd: int) -> float:
    return float(to_usd(nano_usd))


def _saving(saving: Saving) -> dict[str, Any]:
    return {
        "baseline": saving.baseline.key.value,
        "baselineUsd": _usd(saving.baseline_nano_usd),
        "paidUsd": _usd(saving.paid_nano_usd),
        "savedUsd": _usd(saving.saved_nano_usd),
        "leftOutCalls": saving.left_out_count,
    }


def _accepted(accepted: Accepted) -> dict[str, Any]:
    return {"ratings": accepted.rating_count, "share": accepted.worth_share}
