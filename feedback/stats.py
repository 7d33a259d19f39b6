"""What the log of work adds up to, in the ancestor's figures: counts, cost, and savings against one dear model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from catalog.shapes import Category

CHEAP: Final = "cascade_cheap"
PREMIUM: Final = "cascade_premium"
TOP_MODELS: Final = 10


@dataclass(frozen=True, slots=True)
class SpawnGroup:
    """Logged work of one day, model, category, mode and role, summed."""

    day: date
    model_id: str
    category: Category
    mode: str
    role: str
    is_estimate: bool
    count: int
    unpriced_count: int
    cost_nano_usd: int
    prompt_tokens: int  # of what has a price
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class SpawnStats:
    """The figures of a window; money in nano-dollars, work without a known price left out of it and counted."""

    since: datetime
    total: int = 0
    estimated_count: int = 0
    unpriced_count: int = 0
    by_model: Mapping[str, int] = field(default_factory=dict)
    by_category: Mapping[str, int] = field(default_factory=dict)
    by_mode: Mapping[str, int] = field(default_factory=dict)
    cost_nano_usd: int = 0
    reference_nano_usd: int | None = None  # None: the model to compare with has no known price
    days: tuple[tuple[date, int, int], ...] = ()  # count, cost
    cheap_count: int = 0
    premium_count: int = 0
    category_means: Mapping[str, float | None] = field(default_factory=dict)
    top: tuple[tuple[str, int, float | None], ...] = ()

    @property
    def priced_count(self) -> int:
        return self.total - self.unpriced_count

    @property
    def savings_nano_usd(self) -> int | None:
        return None if self.reference_nano_usd is None else self.reference_nano_usd - self.cost_nano_usd

    @property
    def saved_per_cheap_nano_usd(self) -> float | None:
        """What a cascade saves that did not need its dear model, on the average."""
        if self.reference_nano_usd is None or not self.priced_count:
            return None
        return (self.reference_nano_usd - self.cost_nano_usd) / self.priced_count


def sum_up(
    groups: Iterable[SpawnGroup], *, since: datetime, reference_usd_per_mtok: tuple[Decimal, Decimal] | None
) -> SpawnStats:
    """All figures of the groups; the reference is what the same tokens cost at its two prices."""
    held = list(groups)
    by_model, by_category = _sums(held, "model_id"), _sums(held, "category")
    by_day = _sums(held, "day")
    top = sorted(by_model.items(), key=lambda item: (-item[1].count, item[0]))[:TOP_MODELS]
    return SpawnStats(
        since=since,
        total=sum(item.count for item in held),
        estimated_count=sum(item.count for item in held if item.is_estimate),
        unpriced_count=sum(item.unpriced_count for item in held),
        by_model={name: item.count for name, item in by_model.items()},
        by_category={name: item.count for name, item in by_category.items()},
        by_mode={name: item.count for name, item in _sums(held, "mode").items()},
        cost_nano_usd=sum(item.cost_nano_usd for item in held),
        reference_nano_usd=_reference(held, reference_usd_per_mtok),
        days=tuple((day, item.count, item.cost) for day, item in sorted(by_day.items())),  # type: ignore[misc]  # keys are days
        cheap_count=sum(item.count for item in held if item.role == CHEAP),
        premium_count=sum(item.count for item in held if item.role == PREMIUM),
        category_means={name: item.mean for name, item in by_category.items()},
        top=tuple((name, item.count, item.mean) for name, item in top),
    )


@dataclass(slots=True)
class _Sum:
    count: int = 0
    priced: int = 0
    cost: int = 0

    @property
    def mean(self) -> float | None:
        return self.cost / self.priced if self.priced else None


def _sums(groups: Iterable[SpawnGroup], name: str) -> dict[str, _Sum]:
    sums: dict[str, _Sum] = {}
    for group in groups:
        item = sums.setdefault(getattr(group, name), _Sum())
        item.count += group.count
        item.priced += group.count - group.unpriced_count
        item.cost += group.cost_nano_usd
    return sums


def _reference(groups: Iterable[SpawnGroup], prices: tuple[Decimal, Decimal] | None) -> int | None:
    if prices is None:
        return None
    prompt, completion = prices
    total = sum((item.prompt_tokens * prompt + item.completion_tokens * completion for item in groups), Decimal(0))
    return int((total * 1000).to_integral_value())  # a dollar a million is a thousand nano-dollars a token
