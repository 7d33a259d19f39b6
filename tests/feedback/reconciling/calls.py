"""Calls with both figures."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from runs.spend.bills import ComparedCall

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def call(computed: int, reported: int, **more: Any) -> ComparedCall:
    facts: dict[str, Any] = {
        "call_id": uuid.uuid4(), "at": NOON, "day": NOON.date(), "run_id": None, "node_key": "task-1",
        "decision_id": "", "connection": "openrouter", "provider": "openrouter", "model_id": "acme/alpha",
        "served_model": "", "price_source": "catalogue revision 41", "fresh_input_tokens": 100,
        "cache_read_tokens": 0, "cache_write_tokens": 0, "output_tokens": 20, "reasoning_tokens": 0,
    }  # fmt: skip
    return ComparedCall(**{**facts, **more}, computed_nano_usd=computed, reported_nano_usd=reported)
