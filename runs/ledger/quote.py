"""What a call may cost at most, at the prices of the place that serves it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from runs.money import ceiling_nano
from runs.shapes import Endpoint
from smartspawn.lib.errors import SmartSpawnError

FLAT_ASSUMPTION: Final = "flat assumption"


class UnpricedModel(SmartSpawnError):
    """Nobody knows what this model costs here, and no admin has said what to assume."""

    code = "MODEL_UNPRICED"


def with_assumed_price(endpoint: Endpoint, flat_usd_per_mtok: Decimal | None) -> Endpoint:
    """The endpoint with a price in any case: its own, or the flat one, marked as assumed. Raises UnpricedModel."""
    if endpoint.prompt_usd_per_mtok is not None and endpoint.completion_usd_per_mtok is not None:
        return endpoint
    if flat_usd_per_mtok is None:
        raise UnpricedModel(
            f"Nobody knows what {endpoint.model_id} costs at {endpoint.connection}, so it is not called. "
            "Give the connection a price, or set UNPRICED_USD_PER_MTOK to what such models are to be taken to cost."
        )
    return replace(
        endpoint,
        prompt_usd_per_mtok=_or(endpoint.prompt_usd_per_mtok, flat_usd_per_mtok),
        completion_usd_per_mtok=_or(endpoint.completion_usd_per_mtok, flat_usd_per_mtok),
        price_source=FLAT_ASSUMPTION,
    )


def most_nano(endpoint: Endpoint, prompt_tokens: int, output_tokens: int, *, writes_cache: bool = False) -> int:
    """What a call of so many tokens costs at most. Raises UnpricedModel where a price is missing.

    ``writes_cache``: the messages ask the provider to keep them, which some bill dearer than reading them.
    """
    priced = with_assumed_price(endpoint, None)
    prompt_price = priced.prompt_usd_per_mtok or Decimal(0)
    if writes_cache:
        prompt_price = max(prompt_price, priced.cache_write_usd_per_mtok or Decimal(0))
    output_price = priced.completion_usd_per_mtok or Decimal(0)
    return ceiling_nano(prompt_tokens, prompt_price) + ceiling_nano(output_tokens, output_price)


def output_limit(max_output_tokens: int, model_max_output_tokens: int | None) -> int:
    """How many tokens an answer may have: what was asked for, or the model's own limit where that is lower."""
    return max_output_tokens if model_max_output_tokens is None else min(max_output_tokens, model_max_output_tokens)


def _or(price: Decimal | None, other: Decimal) -> Decimal:
    return other if price is None else price
