"""Prices with this site's word on models whose price nobody knows."""

from __future__ import annotations

from django.conf import settings

from runs.ledger.quote import most_nano, output_limit, with_assumed_price
from runs.shapes import Endpoint


def priced(endpoint: Endpoint) -> Endpoint:
    """The endpoint with a price, assumed if need be (and marked so in its source). Raises UnpricedModel."""
    return with_assumed_price(endpoint, settings.UNPRICED_USD_PER_MTOK)


def quote_nano(
    endpoint: Endpoint,
    prompt_tokens: int,
    max_output_tokens: int,
    *,
    model_max_output_tokens: int | None = None,
    writes_cache: bool = False,
) -> int:
    """What to set aside for a call: its prompt and the longest answer it may get. Raises UnpricedModel."""
    output_tokens = output_limit(max_output_tokens, model_max_output_tokens)
    return most_nano(priced(endpoint), prompt_tokens, output_tokens, writes_cache=writes_cache)
