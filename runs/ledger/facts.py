"""What a reservation keeps for the line that the ledger will hold: who, what for, and where."""

from __future__ import annotations

from typing import Final

from runs.shapes import CallQuote

# As long as the ledger's columns: what others send must not keep a line from being written.
_LENGTHS: Final = {
    "node_key": 60,
    "mode": 12,
    "category": 12,
    "driver": 20,
    "decision_id": 60,
    "connection": 60,
    "provider": 40,
    "model_id": 200,
    "served_model": 200,
    "price_source": 60,
    "error_code": 40,
}


def facts_of(quote: CallQuote, price_source: str) -> dict[str, object]:
    """The fields of the ledger that are known before the call, as JSON; what is empty is left out."""
    payer, endpoint = quote.payer, quote.endpoint
    texts = {
        "node_key": quote.node_key,
        "purpose": quote.purpose.value,
        "mode": payer.mode,
        "category": payer.category,
        "driver": payer.driver,
        "decision_id": payer.decision_id,
        "connection": endpoint.connection,
        "provider": endpoint.provider,
        "model_id": endpoint.model_id,
        "price_source": price_source,
    }
    numbers = {
        "user_id": payer.user_id,
        "key_id": payer.key_id,
        "run_id": None if payer.run_id is None else str(payer.run_id),
        "attempt": quote.attempt,
    }
    facts: dict[str, object] = {name: clip(name, text) for name, text in texts.items() if text}
    return facts | {name: number for name, number in numbers.items() if number is not None}


def clip(field: str, text: str) -> str:
    """The text as far as the ledger's column holds it."""
    return text[: _LENGTHS.get(field, len(text))]
