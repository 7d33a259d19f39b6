"""Whether the catalogue's prices are those that others know of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np

from runs.spend.bills import ComparedCall

# A price that differs by more is told of; below lie rounding and what exchange rates do.
DRIFT_SHARE: Final = 0.05
# Four prices are sought in the bills of one model: below so many calls they cannot be told apart with any certainty.
LEAST_CALLS: Final = 30
# A price found in bills counts where its standard error is below this share of it: less than half of what is told of.
SUREST_ERROR_SHARE: Final = 0.02
_NANO_PER_USD_PER_MTOK: Final = 1_000.0  # a dollar a million tokens is so much a token


class Direction(StrEnum):
    """What a price is for."""

    INPUT = "input"
    OUTPUT = "output"
    CACHE_READ = "cache read"
    CACHE_WRITE = "cache write"


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """What a million tokens of a model cost, by somebody's word."""

    source: str  # "catalogue", "anthropic in genai-prices", "bills"
    usd_per_mtok: Mapping[Direction, Decimal]  # what is not known is absent
    call_count: int = 0  # that it was worked out from


@dataclass(frozen=True, slots=True)
class PriceFinding:
    """A price of the catalogue beside another's word for it."""

    model_id: str
    direction: Direction
    source: str
    catalogue_usd: Decimal
    other_usd: Decimal
    call_count: int = 0

    @property
    def change_share(self) -> float | None:
        """How much higher the other is, as a share of the catalogue's price; None where that is free."""
        return float(self.other_usd / self.catalogue_usd - 1) if self.catalogue_usd else None

    @property
    def is_flagged(self) -> bool:
        change = self.change_share
        return bool(self.other_usd) if change is None else abs(change) > DRIFT_SHARE


def compare_prices(
    catalogue: Mapping[str, UnitPrices], others: Iterable[tuple[str, UnitPrices]]
) -> Iterator[PriceFinding]:
    """Every price that both sides know."""
    for model_id, told in others:
        ours = catalogue.get(model_id)
        for direction in Direction:
            mine, theirs = ours and ours.usd_per_mtok.get(direction), told.usd_per_mtok.get(direction)
            if mine is not None and theirs is not None:
                yield PriceFinding(model_id, direction, told.source, mine, theirs, told.call_count)


def prices_of_bills(calls: Sequence[ComparedCall]) -> UnitPrices | None:
    """The unit prices that explain what a provider reported for these calls of one model, as far as they are sure.

    Least squares on relative errors: each call weighs the same, whatever it cost. A direction is left out where
    few calls used it, or where it cannot be told from another because the two always went together.
    """
    known = [call for call in calls if call.reported_nano_usd > 0]
    if len(known) < LEAST_CALLS:
        return None
    bills = np.array([call.reported_nano_usd for call in known], dtype=float)
    tokens = np.array([_tokens(call) for call in known], dtype=float)
    used = (tokens > 0).sum(axis=0) >= LEAST_CALLS // 3
    shares = tokens[:, used] * _NANO_PER_USD_PER_MTOK / bills[:, None]
    if tokens[:, ~used].any() or np.linalg.matrix_rank(shares) < used.sum():
        return None
    prices, *_ = np.linalg.lstsq(shares, np.ones(len(known)), rcond=None)
    left = np.ones(len(known)) - shares @ prices
    variance = left @ left / max(len(known) - len(prices), 1)
    errors = np.sqrt(np.diag(np.linalg.inv(shares.T @ shares)) * variance)
    directions = [direction for direction, is_used in zip(Direction, used, strict=True) if is_used]
    found = {
        direction: Decimal(repr(round(float(price), 6)))
        for direction, price, error in zip(directions, prices, errors, strict=True)
        if price > 0 and error <= SUREST_ERROR_SHARE * price
    }
    return UnitPrices("bills", found, len(known)) if found else None


def _tokens(call: ComparedCall) -> tuple[int, int, int, int]:
    written = call.output_tokens + call.reasoning_tokens
    return call.fresh_input_tokens, written, call.cache_read_tokens, call.cache_write_tokens
