"""What many answers cost at many prices: each kind of token rounded as a call is, and all of it at once. Pure.

Whole numbers throughout, so that the nano-dollars are those of one answer priced after the other, in a tenth of the
time. A page of a year prices tens of thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np

from catalog.queries import PricePoint
from runs.spend.shapes import Spent

Tokens = tuple[int, int, int, int]  # read afresh, from a cache, written to one, and all that was answered
Ratio = tuple[int, int, int, int]  # of a token's price: its sign, whole nano-dollars, and the rest as a fraction
Rates = tuple[Ratio | None, Ratio | None, Ratio | None, Ratio | None]  # as the tokens; None: unknown
Numbers = np.ndarray[Any, np.dtype[Any]]
# A dollar for a million tokens is a thousand nano-dollars for one.
_NANO_A_TOKEN: Final = 1_000
_MOST: Final = 2**63  # beyond, numbers are counted as Python counts: slower, and without end
_UNKNOWN: Final[Ratio] = (0, 0, 0, 1)
_NO_RATES: Final[Rates] = (None, None, None, None)


class Answer(NamedTuple):
    """Calls that did the work: their tokens, and how many of how many answers a straight one would have needed."""

    tokens: Tokens
    kept: int
    of_count: int


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of some pieces of work, laid side by side."""

    tokens: Numbers  # a row each, of four kinds
    kept: Numbers
    of_count: Numbers
    work: Numbers  # the place of the piece of work


def lay_out(works: Iterable[Sequence[Answer]]) -> Answers:
    """The answers of each piece of work, in its place."""
    rows = [
        (*answer.tokens, answer.kept, answer.of_count, place) for place, some in enumerate(works) for answer in some
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 7)
    return Answers(table[:, :4], table[:, 4], table[:, 5], table[:, 6])


def tokens_of(spent: Spent) -> Tokens:
    """The tokens by what they cost."""
    return spent.fresh_input_tokens, spent.cache_read_tokens, spent.cache_write_tokens, spent.completion_tokens


def rates_of(point: PricePoint) -> Rates:
    """As calls are priced: cached tokens without a price of their own cost what fresh ones do."""
    fresh, out = point.prompt_usd_per_mtok, point.completion_usd_per_mtok
    read = fresh if point.cache_read_usd_per_mtok is None else point.cache_read_usd_per_mtok
    written = fresh if point.cache_write_usd_per_mtok is None else point.cache_write_usd_per_mtok
    return _ratio(fresh), _ratio(read), _ratio(written), _ratio(out)


def costs_of(answers: Answers, rates: Sequence[Rates | None]) -> list[int | None]:
    """What the answers of each piece of work cost at its prices; None where one that is needed is unknown.

    Where there are no answers, nothing is needed.
    """
    sign, whole, rest, divisor = _columns(rates)
    most = int(answers.tokens.max(initial=0))
    tokens = _roomy(answers.tokens, 8 * most * max(int(whole.max(initial=0)) + 1, int(divisor.max(initial=0))))
    at = answers.work
    costs = tokens * whole[at] + (2 * tokens * rest[at] + divisor[at]) // (2 * divisor[at])
    each = _shared((sign[at] * costs).sum(axis=1), answers)
    sums = [0] * len(rates)
    for place, cost in zip(at.tolist(), each.tolist(), strict=True):
        sums[place] += cost
    lacking = _lacking(answers, rates)
    return [None if place in lacking else cost for place, cost in enumerate(sums)]


def _lacking(answers: Answers, rates: Sequence[Rates | None]) -> set[int]:
    """The pieces of work of which not all can be priced."""
    unknown = [[ratio is None for ratio in some or _NO_RATES] for some in rates]
    is_unknown = np.array(unknown, dtype=bool).reshape(-1, 4)
    has_none = np.array([some is None for some in rates], dtype=bool)
    at = answers.work
    return set(at[has_none[at] | ((answers.tokens != 0) & is_unknown[at]).any(axis=1)].tolist())


def _shared(costs: Numbers, answers: Answers) -> Numbers:
    """The part of each that a straight answer would have needed, rounded; a half goes to the even side."""
    most = int(abs(costs).max(initial=0)) * int(answers.kept.max(initial=0)) * 2
    parts = _roomy(costs, most) * answers.kept
    floor, left = parts // answers.of_count, parts % answers.of_count
    is_half, is_more = 2 * left == answers.of_count, 2 * left > answers.of_count
    shared: Numbers = floor + (is_more | (is_half & (floor % 2 == 1)))
    return shared


def _columns(rates: Sequence[Rates | None]) -> Iterable[Numbers]:
    """Each part of the ratios by itself, in the place of its work and its kind of tokens."""
    rows = [[ratio or _UNKNOWN for ratio in some or _NO_RATES] for some in rates]
    try:
        table = np.array(rows, dtype=np.int64)
    except OverflowError:  # a price with twenty digits
        table = np.array(rows, dtype=object)
    table = table.reshape(-1, 4, 4)
    return tuple(table[:, :, place] for place in range(4))


def _ratio(usd_per_mtok: Decimal | None) -> Ratio | None:
    if usd_per_mtok is None:
        return None
    above, below = abs(usd_per_mtok * _NANO_A_TOKEN).as_integer_ratio()
    return (-1 if usd_per_mtok < 0 else 1, *divmod(above, below), below)


def _roomy(numbers: Numbers, most: int) -> Numbers:
    """The numbers, in a form that holds what comes of them."""
    return numbers if most < _MOST else numbers.astype(object)
