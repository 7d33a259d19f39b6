"""Caps and usage as the JSON of the API."""

from __future__ import annotations

from typing import Any

from runs.caps.usage import ModelSpend, Usage
from runs.ledger.caps import CapLine
from runs.ledger.wishes import RunWish
from runs.money import to_usd


def cap_payload(line: CapLine) -> dict[str, Any]:
    """A scope in a window that is running: its cap (null: no limit) and how much of it is used."""
    return {
        "scope": line.scope,
        "title": line.title,
        "window": line.kind,
        "period": line.window,
        "capUsd": _usd(line.cap_nano_usd),
        "spentUsd": _usd(line.spent_nano_usd),
        "reservedUsd": _usd(line.reserved_nano_usd),
        "freeUsd": _usd(line.free_nano_usd),
        "adminCapUsd": _usd(line.admin_cap_nano_usd),
        "setBy": line.set_by or None,
        "setAt": None if line.set_at is None else line.set_at.isoformat(),
    }


def usage_payload(usage: Usage, wish: RunWish) -> dict[str, Any]:
    """What somebody has spent in the running windows, and what they want asked."""
    return {
        "windows": [cap_payload(line) for line in usage.lines],
        "month": {
            "calls": usage.call_count,
            "uncertainUsd": _usd(usage.uncertain_nano_usd),
            "models": [_model_payload(spend) for spend in usage.models],
        },
        "runPreference": wish_payload(wish),
    }


def wish_payload(wish: RunWish) -> dict[str, Any]:
    """What a person wants asked before money goes out; null is the site's way."""
    return {
        "approveAboveUsd": _usd(wish.approve_above_nano_usd),
        "defaultCapUsd": _usd(wish.default_cap_nano_usd),
    }


def _model_payload(spend: ModelSpend) -> dict[str, Any]:
    return {
        "model": spend.model_id,
        "calls": spend.call_count,
        "tokens": spend.token_count,
        "usd": _usd(spend.cost_nano_usd),
    }


def _usd(nano_usd: int | None) -> float | None:
    return None if nano_usd is None else float(to_usd(nano_usd))
