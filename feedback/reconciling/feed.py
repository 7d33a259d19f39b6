"""The list of prices that the library genai-prices carries: read where it is asked for, without any network.

Only certain names count: a model of the maker's own list by the same name but for dots and dashes, or the exact id
in the list's part about OpenRouter. A near name has near prices and would raise false alarms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any, Final

from feedback.reconciling.drift import Direction, UnitPrices

_LIST: Final = "genai-prices"
# The catalogue's word for a maker -> the list's.
_MAKERS: Final[Mapping[str, str]] = {
    **{name: name for name in ("anthropic", "openai", "google", "x-ai", "deepseek", "cohere", "moonshotai", "minimax")},
    "mistralai": "mistral",
    "z-ai": "zai",
    "perplexity": "perplexity",
}
_FIELDS: Final = {
    Direction.INPUT: "input_mtok",
    Direction.OUTPUT: "output_mtok",
    Direction.CACHE_READ: "cache_read_mtok",
    Direction.CACHE_WRITE: "cache_write_mtok",
}


@dataclass(frozen=True, slots=True)
class PriceList:
    """What the list says of some models."""

    title: str  # "genai-prices 0.2.3"
    newest_on: date | None  # the newest price with a date that has begun: the list is at least as fresh
    prices: Mapping[str, UnitPrices]  # by model id; of the others it says nothing certain


def read_price_list(model_ids: Iterable[str], at: datetime) -> PriceList:
    """What the list says of these models at this moment. Takes seconds the first time: not for a page."""
    from genai_prices.data_snapshot import get_snapshot

    lists = {provider.id: provider for provider in get_snapshot().providers}
    found = {model_id: prices for model_id in model_ids if (prices := _prices(lists, model_id, at))}
    dated = [day for provider in lists.values() for day in _days(provider) if day <= at.astimezone(UTC).date()]
    return PriceList(f"{_LIST} {version(_LIST)}", max(dated, default=None), found)


def _prices(lists: Mapping[str, Any], model_id: str, at: datetime) -> UnitPrices | None:
    found = _find(lists, model_id)
    if found is None:
        return None
    listed_by, model = found
    told = model.get_prices(at)
    prices = {direction: _base(getattr(told, name, None)) for direction, name in _FIELDS.items()}
    known = {direction: price for direction, price in prices.items() if price is not None}
    return UnitPrices(f"{listed_by} in {_LIST}", known) if known else None


def _find(lists: Mapping[str, Any], model_id: str) -> tuple[str, Any] | None:
    maker, _, name = model_id.partition("/")
    own = lists.get(_MAKERS.get(maker, ""))
    if own is not None and ":" not in name:
        model = own.find_model(name)
        if model is not None and _plain(model.id) == _plain(name):
            return own.id, model
    gateway = lists.get("openrouter")
    model = gateway.find_model(model_id) if gateway else None
    return ("openrouter", model) if model is not None and model.id == model_id else None


def _plain(name: str) -> str:
    return name.lower().replace(".", "-").replace("_", "-")


def _base(price: Any) -> Decimal | None:
    """The price below the first step of those that rise with the length of a prompt, as the catalogue's is."""
    base = getattr(price, "base", price)
    return base if isinstance(base, Decimal) else None


def _days(provider: Any) -> Iterable[date]:
    for model in provider.models:
        for dated in model.prices if isinstance(model.prices, list) else ():
            begins = getattr(dated.constraint, "start_date", None)
            if begins is not None:
                yield begins
