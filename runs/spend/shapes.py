"""What spend is asked by, and what it adds up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from uuid import UUID

from runs.ledger.latencies import BOUNDS_MS, quantile_ms


class Dimension(StrEnum):
    """What spend can be divided by."""

    MODEL = "model"
    CATEGORY = "category"
    MODE = "mode"
    DRIVER = "driver"
    PROVIDER = "provider"
    KEY = "key"
    USER = "user"
    PURPOSE = "purpose"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, both ends among them."""

    first: date
    last: date

    @property
    def day_count(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def former(self) -> Period:
        """The period of the same length that ends where this one begins."""
        return Period(self.first - timedelta(days=self.day_count), self.first - timedelta(days=1))

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=number) for number in range(self.day_count))


@dataclass(frozen=True, slots=True)
class Slice:
    """Whose spend is meant, and which part of it."""

    user_id: int | None = None  # None: everybody's
    filters: tuple[tuple[Dimension, str], ...] = ()  # each dimension once; all must hold
    is_simulated: bool = False  # simulated calls alone, never both

    def narrowed(self, dimension: Dimension, value: str) -> Slice:
        """The part of it in which the dimension has this value."""
        others = tuple(pair for pair in self.filters if pair[0] is not dimension)
        return replace(self, filters=(*others, (dimension, value)))


@dataclass(frozen=True, slots=True)
class Spent:
    """What some calls came to."""

    call_count: int = 0
    fresh_input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nano_usd: int = 0
    reserved_nano_usd: int = 0
    latency_ms: int = 0  # the sum, of the calls whose length is known
    estimated_count: int = 0  # calls whose tokens nobody counted
    estimated_nano_usd: int = 0
    took_counts: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)  # calls by how long they took

    def __add__(self, other: Spent) -> Spent:
        return sum_up((self, other))

    @property
    def input_tokens(self) -> int:
        return self.fresh_input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def completion_tokens(self) -> int:
        return self.output_tokens + self.reasoning_tokens

    @property
    def token_count(self) -> int:
        return self.input_tokens + self.completion_tokens

    @property
    def measured_nano_usd(self) -> int:
        return self.cost_nano_usd - self.estimated_nano_usd

    @property
    def timed_count(self) -> int:
        """The calls of which it is known how long they took."""
        return sum(self.took_counts)

    @property
    def mean_latency_ms(self) -> float | None:
        return self.latency_ms / self.timed_count if self.timed_count else None

    @property
    def median_latency_ms(self) -> float | None:
        """About half of the calls took longer; see ``quantile_ms`` for how nearly that is true."""
        return quantile_ms(self.took_counts, 0.5)

    @property
    def slow_latency_ms(self) -> float | None:
        """About one call in twenty took longer."""
        return quantile_ms(self.took_counts, 0.95)

    @property
    def nano_usd_a_call(self) -> float | None:
        return self.cost_nano_usd / self.call_count if self.call_count > 0 else None

    @property
    def nano_usd_a_mtok(self) -> float | None:
        """What a million tokens of this mixture cost."""
        return self.cost_nano_usd * 1_000_000 / self.token_count if self.token_count > 0 else None


_PLAIN = tuple(name for name in Spent.__slots__ if name != "took_counts")
_plain_of = attrgetter(*_PLAIN)
_spent: Callable[..., Spent] = Spent  # by position, of which a page makes thousands; the types do not know how many


def sum_up(some: Iterable[Spent]) -> Spent:
    """All of it together."""
    rows = [(*_plain_of(spent), *spent.took_counts) for spent in some]
    if not rows:
        return Spent()
    sums = tuple(map(sum, zip(*rows, strict=True)))
    return spent_of(sums)


def spent_of(sums: Sequence[int]) -> Spent:
    """The figures in their order, the bands of latency last; fewer figures leave the rest at nothing."""
    plain = sums[: len(_PLAIN)]
    if len(sums) == len(plain):
        return _spent(*plain)
    return _spent(*plain, took_counts=tuple(sums[len(_PLAIN) :]))


@dataclass(frozen=True, slots=True)
class SpendLine:
    """A line of the ledger, as those who spent may see it."""

    line_id: int
    call_id: UUID
    kind: str
    at: datetime
    day: date
    status: str
    user_id: int | None
    key_id: int | None
    run_id: UUID | None
    node_key: str
    attempt: int
    purpose: str
    mode: str
    category: str
    driver: str
    decision_id: str
    connection: str
    provider: str
    model_id: str
    served_model: str
    call_count: int
    fresh_input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_nano_usd: int
    computed_nano_usd: int | None
    reported_nano_usd: int | None
    reserved_nano_usd: int
    latency_ms: int | None
    error_code: str
    is_estimated: bool
    is_simulated: bool

    @property
    def input_tokens(self) -> int:
        return self.fresh_input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def completion_tokens(self) -> int:
        return self.output_tokens + self.reasoning_tokens


@dataclass(frozen=True, slots=True)
class LineCursor:
    """The line after which to go on, newest first."""

    day: date
    line_id: int
