"""What the parts would cost with the chosen models, between short and long answers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from routing.decompose.shapes import CostInterval, Subtask
from routing.shapes import RankedCandidate

# The ancestor's assumption: from a thousand to ten thousand tokens each way. A longer text counts whole.
LOW_TOKENS: Final = 1_000
HIGH_TOKENS: Final = 10_000
_CHARACTERS_PER_TOKEN: Final = 4
_MTOK: Final = 1_000_000
_MICRO_USD: Final = Decimal("0.000001")
_NAMED_MODELS: Final = 3


def estimate_cost(subtasks: Sequence[Subtask]) -> CostInterval:
    """The interval over all parts that have a model; None, with a note, where one has no known price."""
    chosen = [(subtask.text, subtask.model) for subtask in subtasks if subtask.model]
    unknown = [model for _, model in chosen if _has_no_price(model)]
    notes = [*_unknown_note(unknown), *_missing_note(len(subtasks) - len(chosen))]
    if unknown or not chosen:
        return CostInterval(None, None, " ".join(notes))
    low, high = (sum((_cost(text, model, tokens) for text, model in chosen), Decimal()) for tokens in _BOTH)
    return CostInterval(low.quantize(_MICRO_USD), high.quantize(_MICRO_USD), " ".join(notes))


_BOTH: Final = (LOW_TOKENS, HIGH_TOKENS)


def _cost(text: str, model: RankedCandidate, tokens: int) -> Decimal:
    prompt, completion = model.prompt_usd_per_mtok, model.completion_usd_per_mtok
    if prompt is None or completion is None:
        raise ValueError(f"{model.model_id} has no known price")
    prompt_tokens = max(tokens, len(text) // _CHARACTERS_PER_TOKEN)
    return (prompt * prompt_tokens + completion * tokens) / _MTOK


def _has_no_price(model: RankedCandidate) -> bool:
    return model.prompt_usd_per_mtok is None or model.completion_usd_per_mtok is None


def _unknown_note(unknown: Sequence[RankedCandidate]) -> list[str]:
    if not unknown:
        return []
    names = list(dict.fromkeys(model.model_id for model in unknown))
    more = f" and {len(names) - _NAMED_MODELS} more" if len(names) > _NAMED_MODELS else ""
    return [f"No price is known for {', '.join(names[:_NAMED_MODELS])}{more}."]


def _missing_note(count: int) -> list[str]:
    if not count:
        return []
    return [f"{count} part{'s have' if count > 1 else ' has'} no model and {'are' if count > 1 else 'is'} not counted."]
