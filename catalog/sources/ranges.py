"""The values that a benchmark can physically have; anything else is an error of its publisher."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

# The longest matching prefix decides. Bounds are inclusive.
POSSIBLE_VALUES: Final[dict[str, tuple[float, float]]] = {
    "lmarena.": (0, 4_000),  # Bradley-Terry ratings around 1,000-1,500
    "livebench.": (0, 100),
    "hf.": (0, 100),  # normalised: random guessing is 0, which is also the floor
    "aa.": (0, 1),  # single evaluations are shares of right answers
    "aa.intelligence_index": (-100, 100),
    "aa.coding_index": (-100, 100),
    "aa.math_index": (-100, 100),
    "aa.agentic_index": (-100, 100),
    "aa.output_tokens_per_s": (0, 100_000),
    "aa.time_to_first_token_s": (0, 86_400),
    "aa.price_": (0, 100_000),
}


@lru_cache(maxsize=1024)
def possible_values(benchmark: str) -> tuple[float, float]:
    """The lowest and the highest value that the benchmark can have."""
    prefixes = [prefix for prefix in POSSIBLE_VALUES if benchmark.startswith(prefix)]
    return POSSIBLE_VALUES[max(prefixes, key=len)] if prefixes else (float("-inf"), float("inf"))


def is_possible(benchmark: str, value: float) -> bool:
    """False for a value that no model can reach, and for NaN."""
    lowest, highest = possible_values(benchmark)
    return lowest <= value <= highest
