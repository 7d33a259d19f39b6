"""Alerts, receivers and deliveries as the JSON of the API and of webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from runs.alerting.budgets import BudgetState
from runs.caps.presenters import cap_payload
from runs.ledger.windows import kind_of
from runs.money import to_usd
from runs.shapes.alerts import Alert, Delivery, Receiver


def alert_payload(alert: Alert) -> dict[str, Any]:
    """An alert with the figures of its moment."""
    return {
        "id": str(alert.alert_id),
        "kind": alert.kind.value,
        "at": alert.at.isoformat(),
        "scope": alert.scope,
        "title": alert.title,
        "window": kind_of(alert.window),
        "period": alert.window,
        "thresholdPercent": alert.threshold_percent,
        "capUsd": _usd(alert.cap_nano_usd),
        "spentUsd": _usd(alert.spent_nano_usd),
        "reservedUsd": _usd(alert.reserved_nano_usd),
        "neededUsd": _usd(alert.needed_nano_usd),
    }


def budget_payload(state: BudgetState) -> dict[str, Any]:
    """A budget as it stands, with what was told of it in this window."""
    return {
        **cap_payload(state.line),
        "reachedPercent": state.reached_percent,
        "alerts": [alert_payload(alert) for alert in state.alerts],
    }


def receiver_payload(receiver: Receiver) -> dict[str, Any]:
    """Where alerts are sent; the secret is in no answer but the one that made it."""
    return {
        "id": receiver.receiver_id,
        "kind": receiver.kind.value,
        "reach": receiver.reach.value,
        "address": receiver.address,
        "owner": receiver.owner,
        "allowPrivate": receiver.allows_private,
        "isOn": receiver.is_on,
        "isConfirmed": receiver.is_confirmed,
        "offReason": receiver.off_reason or None,
        "createdAt": receiver.created_at.isoformat(),
    }


def delivery_payload(delivery: Delivery) -> dict[str, Any]:
    """One message to one receiver, and how far it is."""
    return {
        "id": delivery.delivery_id,
        "messageId": str(delivery.message_id),
        "subject": delivery.subject,
        "state": delivery.state.value,
        "attempts": delivery.attempt_count,
        "nextAt": _time(delivery.next_at if delivery.is_waiting else None),
        "attemptedAt": _time(delivery.attempted_at),
        "answerStatus": delivery.answer_status,
        "error": delivery.error or None,
        "createdAt": delivery.created_at.isoformat(),
    }


def _usd(nano_usd: int | None) -> float | None:
    return None if nano_usd is None else float(to_usd(nano_usd))


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
