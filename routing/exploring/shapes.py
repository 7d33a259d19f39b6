"""The frozen shapes of trying others: under which terms, what was drawn, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final
from uuid import UUID

from catalog.shapes import Category

NANO_PER_USD: Final = 10**9
# Nobody's picks are tried more often than this, whatever is set: one in ten can be borne by anybody.
MOST_SHARE_PERMILLE: Final = 100
USUAL_SHARE_PERMILLE: Final = 50
# A cent more than the leader for a task of usual length, and ten such a day.
USUAL_EXTRA_PICK_NANO_USD: Final = 10_000_000
USUAL_EXTRA_DAY_NANO_USD: Final = 100_000_000
# What may be set at all: a task of usual length costs less with the dearest model there is.
MOST_EXTRA_NANO_USD: Final = 100 * NANO_PER_USD


@dataclass(frozen=True, slots=True)
class Terms:
    """How far others than the leader may be tried: as one scope has it, or as all of them together allow."""

    is_on: bool
    share_permille: int  # of the eligible picks
    most_extra_pick_nano_usd: int  # above the leader's expected cost
    most_extra_day_nano_usd: int  # of all tried picks of a day together, in UTC

    @property
    def share_words(self) -> str:
        """The share as people say it: "1 of 20"."""
        share = Fraction(self.share_permille, 1000)
        return f"{share.numerator} of {share.denominator}"

    @property
    def share_percent(self) -> float:
        """The share of a hundred."""
        return self.share_permille / 10

    @property
    def extra_pick_usd(self) -> Decimal:
        """The most that a tried pick may be expected to cost beyond the leader."""
        return usd(self.most_extra_pick_nano_usd)

    @property
    def extra_day_usd(self) -> Decimal:
        """The most that the tried picks of a day may."""
        return usd(self.most_extra_day_nano_usd)


# The site allows what anybody may switch on for themselves; nobody's picks are tried before they do.
SITE_TERMS: Final = Terms(True, MOST_SHARE_PERMILLE, 50_000_000, NANO_PER_USD)
OWN_TERMS: Final = Terms(False, USUAL_SHARE_PERMILLE, USUAL_EXTRA_PICK_NANO_USD, USUAL_EXTRA_DAY_NANO_USD)
# A key goes by its owner's terms; all that it can say itself is no.
KEY_TERMS: Final = Terms(True, MOST_SHARE_PERMILLE, MOST_EXTRA_NANO_USD, MOST_EXTRA_NANO_USD)
OFF: Final = Terms(False, 0, 0, 0)


def merge_terms(*all_terms: Terms) -> Terms:
    """What all of these allow together; nothing where one of them is off."""
    if not all_terms or not all(item.is_on for item in all_terms):
        return OFF
    return Terms(
        True,
        min(MOST_SHARE_PERMILLE, *(item.share_permille for item in all_terms)),
        min(item.most_extra_pick_nano_usd for item in all_terms),
        min(item.most_extra_day_nano_usd for item in all_terms),
    )


@dataclass(frozen=True, slots=True)
class Draw:
    """One candidate's score as it was drawn from what is believed of it."""

    model_id: str
    expected: float  # what it is ranked by
    drawn: float
    rating_count: float  # as how many ratings what is known counts, benchmarks included


@dataclass(frozen=True, slots=True)
class Trial:
    """A pick for which was drawn: with what, and whether another model than the leader was taken."""

    seed: str
    terms: Terms
    leader_id: str
    drawn_id: str  # whose draw was best; the leader's own in most cases
    draws: tuple[Draw, ...]
    is_tried: bool = False
    held_back: str = ""  # why the leader was kept although another one drew best
    extra_nano_usd: int = 0  # expected, for a task of usual length; below zero: cheaper
    behind_points: float = 0.0

    @property
    def extra_usd(self) -> Decimal:
        """What trying is expected to cost beyond the leader."""
        return usd(self.extra_nano_usd)

    @property
    def saved_usd(self) -> Decimal:
        """What trying is expected to save."""
        return usd(-self.extra_nano_usd)


@dataclass(frozen=True, slots=True)
class Account:
    """What a person's picks have earned and used."""

    credit_permille: int = 0  # a thousand are one pick
    eligible_count: int = 0
    tried_count: int = 0
    day: date | None = None  # of the last tried pick
    day_extra_nano_usd: int = 0  # on that day

    def extra_on(self, day: date) -> int:
        """What tried picks of that day are expected to cost beyond the leaders."""
        return self.day_extra_nano_usd if self.day == day else 0


@dataclass(frozen=True, slots=True)
class Explored:
    """A pick that took another model than the leader."""

    decision_id: UUID
    made_at: datetime
    kind: str
    category: Category
    model_id: str
    leader_id: str
    behind_points: float
    extra_nano_usd: int  # expected of a task of usual length; below zero: cheaper

    @property
    def extra_usd(self) -> Decimal:
        """The same in dollars."""
        return usd(self.extra_nano_usd)


def usd(nano_usd: int) -> Decimal:
    """Nano-dollars as dollars, exactly."""
    return Decimal(nano_usd) / NANO_PER_USD
