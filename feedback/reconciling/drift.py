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
# A call fits badly when it is so many times as far off as the one in the middle, and by more than rounding explains.
_FAR_OFF: Final = 3.0
_ROUNDING_SHARE: Final = 0.001
_LEAST_KEPT_SHARE: Final = 2 / 3
_FITTING_STEPS: Final = 20
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
        ours = catalogue[model_id].usd_per_mtok if model_id in catalogue else {}
        for direction in Direction:
            mine, theirs = ours.get(direction), told.usd_per_mtok.get(direction)
            if mine is not None and theirs is not None:
                yield PriceFinding(model_id, direction, told.source, mine, theirs, told.call_count)


def prices_of_bills(calls: Sequence[ComparedCall]) -> UnitPrices | None:
    """The unit prices that explain what a provider reported for these calls of one model, as far as they are sure.

    Least squares on relative errors: each call weighs the same, whatever it cost. Calls that fit badly, as those that
    another place served, are left out step by step, a third at most. A direction is left out where few calls used it,
    or where it cannot be told from another because the two always went together.
    """
    known = [call for call in calls if call.reported_nano_usd > 0]
    if len(known) < LEAST_CALLS:
        return None
    bills = np.array([call.reported_nano_usd for call in known], dtype=float)
    tokens = np.array([_tokens(call) for call in known], dtype=float)
    used = (tokens > 0).sum(axis=0) >= LEAST_CALLS // 3
    if tokens[:, ~used].any():
        return None
    fitted = _fit(tokens[:, used] * _NANO_PER_USD_PER_MTOK / bills[:, None])
    if fitted is None:
        return None
    directions = [direction for direction, is_used in zip(Direction, used, strict=True) if is_used]
    found = {
        direction: Decimal(repr(round(float(price), 6)))
        for direction, price, error in zip(directions, *fitted, strict=True)
        if price > 0 and error <= SUREST_ERROR_SHARE * price
    }
    return UnitPrices("bills", found, len(known)) if found else None


def _fit(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The prices by which each row sums up to one, and their standard errors; None where rows do not tell them."""
    kept = np.ones(len(shares), dtype=bool)
    for _ in range(_FITTING_STEPS):
        rows = shares[kept]
        if np.linalg.matrix_rank(rows) < rows.shape[1]:
            return None
        prices, *_ = np.linalg.lstsq(rows, np.ones(len(rows)), rcond=None)
        left = np.abs(1 - shares @ prices)
        fits = left <= max(_FAR_OFF * float(np.median(left)), _ROUNDING_SHARE)
        if (fits == kept).all() or fits.sum() < max(LEAST_CALLS, _LEAST_KEPT_SHARE * len(shares)):
            break
        kept = fits
    rows = shares[kept]
    variance = np.square(1 - rows @ prices).sum() / max(len(rows) - rows.shape[1], 1)
    return prices, np.sqrt(np.diag(np.linalg.inv(rows.T @ rows)) * variance)


def _tokens(call: ComparedCall) -> tuple[int, int, int, int]:
    written = call.output_tokens + call.reasoning_tokens
    return call.fresh_input_tokens, written, call.cache_read_tokens, call.cache_write_tokens
