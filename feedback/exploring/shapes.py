"""The frozen shapes of what trying others brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.shapes import Category
from feedback.shapes import Posterior


@dataclass(frozen=True, slots=True)
class Heard:
    """One rating, as far as it says something of one model."""

    model_id: str
    category: Category
    worth_share: float
    weight_share: float
    at: datetime
    trial_id: UUID | None  # the decision that took the model in order to learn


@dataclass(frozen=True, slots=True)
class Paid:
    """What one decision's calls to its model cost."""

    model_id: str
    category: str
    cost_nano_usd: int
    at: datetime
    trial_id: UUID | None


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with the interval that holds it in eight of ten cases; of one value nobody knows an interval."""

    value: float
    count: int
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """How one model did, and what it cost where that was measured."""

    rating_count: int = 0
    belief: Posterior | None = None  # None: not rated yet
    cost: Mean | None = None  # None: not measured


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the tried model does better, with the interval that holds it in eight of ten cases."""

    value: float
    lower: float
    upper: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out that both do equally well."""
        return self.lower > 0 or self.upper < 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One model tried in one leader's place on one kind of work, with both records since."""

    category: Category
    model_id: str
    leader_id: str
    pick_count: int
    first_at: datetime
    expected_extra_nano_usd: int
    tried: Side
    leader: Side
    difference: Difference | None = None
