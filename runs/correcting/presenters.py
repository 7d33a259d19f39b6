"""Uncertain charges and corrections as the JSON of the API."""

from __future__ import annotations

from typing import Any

from runs.ledger.corrections import Correction
from runs.ledger.uncertain import UncertainCharge, UncertainSum
from runs.money import to_usd


def charge_payload(charge: UncertainCharge) -> dict[str, Any]:
    """A call that is charged although nobody knows what it cost."""
    return {
        "id": charge.id,
        "callId": str(charge.call_id),
        "at": charge.at.isoformat(),
        "runId": None if charge.run_id is None else str(charge.run_id),
        "node": charge.node_key,
        "attempt": charge.attempt,
        "mode": charge.mode,
        "connection": charge.connection,
        "model": charge.model_id,
        "chargedUsd": float(to_usd(charge.cost_nano_usd)),
        "errorCode": charge.error_code or None,
        "isSimulated": charge.is_simulated,
        "isAsked": charge.is_asked,
    }


def total_payload(total: UncertainSum) -> dict[str, Any]:
    """All of them together."""
    return {"calls": total.call_count, "chargedUsd": float(to_usd(total.cost_nano_usd))}


def correction_payload(done: Correction) -> dict[str, Any]:
    """What a correction changed."""
    return {
        "callId": str(done.call_id),
        "runId": None if done.run_id is None else str(done.run_id),
        "node": done.node_key,
        "beforeUsd": float(to_usd(done.before_nano_usd)),
        "afterUsd": float(to_usd(done.after_nano_usd)),
    }
