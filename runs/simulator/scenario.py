"""How the simulated provider behaves: latency, faults, token counts, prices; drawn so that it can be repeated."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from statistics import NormalDist
from typing import Final

from smartspawn.lib.errors import InvalidParam

_NORMAL: Final = NormalDist()
_DRAW_BITS: Final = 1 << 32
_UNITS_MS: Final = (("ms", 1.0), ("s", 1000.0), ("", 1.0))
_LONGEST_MS: Final = 600_000.0


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an answer takes: always the same, or drawn from a lognormal distribution."""

    median_ms: float = 0.0
    sigma: float = 0.0  # 0: always the median

    def draw_ms(self, share: float) -> float:
        """The latency that a share (0-1) of all answers stays below."""
        if not self.sigma or not self.median_ms:
            return self.median_ms
        inside = min(max(share, 1e-6), 1 - 1e-6)
        return min(self.median_ms * math.exp(self.sigma * _NORMAL.inv_cdf(inside)), _LONGEST_MS)


def parse_latency(text: str) -> Latency:
    """ "100ms", "1.5s", "lognormal:100:0.5" (median in milliseconds, sigma). Raises InvalidParam."""
    name, _, numbers = text.partition(":")
    try:
        if name == "lognormal":
            median, sigma = numbers.split(":")
            return Latency(_checked(float(median)), _checked(float(sigma)))
        unit, factor = next((unit, factor) for unit, factor in _UNITS_MS if text.endswith(unit))
        return Latency(_checked(float(text.removesuffix(unit)) * factor))
    except ValueError as error:
        raise InvalidParam(f"{text!r} is no latency; say 100ms, 1.5s or lognormal:100:0.5") from error


def _checked(number: float) -> float:
    if not 0 <= number <= _LONGEST_MS:
        raise ValueError(number)
    return number


@dataclass(frozen=True, slots=True)
class Draws:
    """What chance has in store for one call; numbers from 0 to 1."""

    fault: float
    latency: float
    cut: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One provider's behaviour, complete."""

    latency: Latency = Latency()
    error_rate: float = 0.0  # HTTP 500
    rate_limit_rate: float = 0.0  # HTTP 429
    cut_rate: float = 0.0  # the connection breaks off in the middle of the answer
    retry_after_s: float = 1.0
    piece_delay_ms: float = 0.0  # between two pieces of a stream
    pieces: int = 4  # of a stream
    output_tokens: int = 50
    reasoning_tokens: int = 0
    cached_share: float = 0.0  # of the prompt's tokens that count as read from a cache
    prompt_usd_per_mtok: Decimal = Decimal("0.5")
    completion_usd_per_mtok: Decimal = Decimal("1.5")
    score: float | None = None  # what judges say; None: between 5 and 9, by the prompt
    key: str = ""  # the only one that opens it; "": any does
    seed: int = 1

    def draw(self, token: str) -> Draws:
        """What happens to the call of this token: always the same, in whatever order calls come."""
        digest = hashlib.blake2b(f"{self.seed}:{token}".encode(), digest_size=12).digest()
        fault, latency, cut = (int.from_bytes(digest[at : at + 4], "big") / _DRAW_BITS for at in (0, 4, 8))
        return Draws(fault, latency, cut)

    def cost_nano(self, input_tokens: int, completion_tokens: int) -> int:
        """The price of a call, in whole nano-dollars."""
        usd_per_mtok = input_tokens * self.prompt_usd_per_mtok + completion_tokens * self.completion_usd_per_mtok
        return int((usd_per_mtok * 1000).to_integral_value(ROUND_HALF_UP))
