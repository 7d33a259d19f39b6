"""What a call costs, from the prices that its endpoint was chosen at."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from runs.money import NANO_PER_USD, to_nano
from runs.shapes import ChatResult, Endpoint, Usage

_NANO_PER_TOKEN: Final = Decimal(1_000)  # at one dollar for a million tokens
# What a web search costs beside its tokens, where the provider does not say what it bills: list prices of
# anthropic.com/pricing (10 $ a thousand searches) and ai.google.dev/pricing (35 $ a thousand grounded answers, and
# 14 $ a thousand queries from Gemini 3 on), as of November 2026. Free allowances are not counted.
_USD_A_SEARCH: Final = (
    ("anthropic", "", Decimal("0.010")),
    ("gemini", "gemini-3", Decimal("0.014")),
    ("gemini", "", Decimal("0.035")),
)
# How many of them one call may come to: what we allow Anthropic's tool, and what Gemini usually asks.
_MOST_SEARCHES: Final = {"anthropic": 5, "gemini-3": 5}
# OpenRouter bills what it hands on: five results of Exa, or the searches of the maker's own tool.
_MOST_USD_AT_OPENROUTER: Final = Decimal("0.050")
# What a search puts into the prompt: results, and passages of pages.
GROUNDING_TOKENS: Final = 6_000


@dataclass(frozen=True, slots=True)
class CallCost:
    """What a call is booked at, and both figures that this may come from."""

    cost_nano_usd: int | None  # the provider's word where there is one; None: nobody knows
    computed_nano_usd: int | None  # tokens times price; None: a price is unknown
    reported_nano_usd: int | None  # what the provider says it bills


def price_call(result: ChatResult, endpoint: Endpoint) -> CallCost:
    """What a call costs: as reported, or as computed where nothing is reported."""
    computed = cost_nano(result.usage, endpoint)
    reported = None if result.reported_cost_usd is None else to_nano(result.reported_cost_usd)
    return CallCost(computed if reported is None else reported, computed, reported)


def cost_nano(usage: Usage, endpoint: Endpoint) -> int | None:
    """Tokens times price, rounded once at the end; None where a price that is needed is unknown.

    Reasoning costs what an answer costs. Cached tokens without a price of their own cost what fresh ones do.
    """
    fresh, completion = endpoint.prompt_usd_per_mtok, endpoint.completion_usd_per_mtok
    read = fresh if endpoint.cache_read_usd_per_mtok is None else endpoint.cache_read_usd_per_mtok
    written = fresh if endpoint.cache_write_usd_per_mtok is None else endpoint.cache_write_usd_per_mtok
    parts = (
        (usage.fresh_input_tokens, fresh),
        (usage.cache_read_tokens, read),
        (usage.cache_write_tokens, written),
        (usage.completion_tokens, completion),
    )
    if any(price is None for tokens, price in parts if tokens):
        return None
    nano = sum((tokens * price * _NANO_PER_TOKEN for tokens, price in parts if price is not None), Decimal(0))
    return int((nano + _search_nano(usage, endpoint)).to_integral_value(ROUND_HALF_UP))


def most_search_usd(endpoint: Endpoint) -> Decimal | None:
    """What the web searches of one call cost at most beside their tokens; None where nobody publishes a price."""
    if endpoint.is_simulated:
        return Decimal(0)
    if endpoint.provider == "openrouter":
        return _MOST_USD_AT_OPENROUTER
    found = _search_price(endpoint)
    return None if found is None else found[1] * _MOST_SEARCHES.get(found[0], 1)


def _search_nano(usage: Usage, endpoint: Endpoint) -> Decimal:
    found = _search_price(endpoint)
    return usage.search_count * found[1] * NANO_PER_USD if found else Decimal(0)


def _search_price(endpoint: Endpoint) -> tuple[str, Decimal] | None:
    """The price of a search here, and by which line of the list."""
    return next(
        (
            (stem or provider, usd)
            for provider, stem, usd in _USD_A_SEARCH
            if endpoint.provider == provider and endpoint.wire_model.startswith(stem)
        ),
        None,
    )
