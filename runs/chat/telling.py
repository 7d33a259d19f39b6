"""What a client is told beside the answer: in headers, and as the ``smartspawn`` object. Pure."""

from __future__ import annotations

from typing import Any, Final

from runs.chat.shapes import Outcome
from runs.money import to_usd
from runs.shapes import Usage

_REASON_CHARS: Final = 300
_Headers = list[tuple[bytes, bytes]]


def headers_of(outcome: Outcome) -> _Headers:
    """The headers, as far as they are known by now."""
    told = {
        "model": outcome.model_id,
        "reason": outcome.reason[:_REASON_CHARS],
        "decision-id": outcome.decision_id,
        "session": outcome.session,
        "run-id": outcome.run_id,
        "cost-usd": _cost(outcome) or "",
        "cache": cache_state(outcome.result.usage) if outcome.result else "",
        "simulated": "true" if outcome.is_simulated else "",
    }
    return [(f"x-smartspawn-{name}".encode(), _plain(value)) for name, value in told.items() if value]


def object_of(outcome: Outcome) -> dict[str, Any]:
    """The same for the last event of a stream, and for a plain answer."""
    told: dict[str, Any] = {
        "model": outcome.model_id,
        "reason": outcome.reason,
        "decision_id": outcome.decision_id or None,
        "session": outcome.session or None,
        "cost_usd": _cost(outcome),
        "cache": cache_state(outcome.result.usage) if outcome.result else None,
        "simulated": outcome.is_simulated,
        "attempts": outcome.attempt_count,
    }
    if outcome.result is not None and outcome.result.usage.is_estimated:
        told["usage_estimated"] = True
    if outcome.result is not None and outcome.result.citations:
        told["citations"] = [{"url": item.url, "title": item.title} for item in outcome.result.citations]
    if outcome.run_id:
        told["run_id"] = outcome.run_id
    return told


def told_of(outcome: Outcome) -> dict[str, Any]:
    """The same for a trace, where nobody's words belong."""
    return {
        "smartspawn.model": outcome.model_id,
        "smartspawn.decision_id": outcome.decision_id or None,
        "smartspawn.run.id": outcome.run_id or None,
        "smartspawn.simulated": outcome.is_simulated,
        "smartspawn.attempts": outcome.attempt_count,
        "smartspawn.cost_usd": None if outcome.cost_nano_usd is None else outcome.cost_nano_usd / 1e9,
    }


def cache_state(usage: Usage) -> str:
    """Whether the provider read from its cache: hit; wrote to it alone: miss; or neither: none."""
    if usage.cache_read_tokens:
        return "hit"
    return "miss" if usage.cache_write_tokens else "none"


def _cost(outcome: Outcome) -> str | None:
    return None if outcome.cost_nano_usd is None else f"{to_usd(outcome.cost_nano_usd):f}"


def _plain(text: str) -> bytes:
    """On one line, in signs that any client reads in a header."""
    return " ".join(text.split()).encode("latin-1", "replace")
