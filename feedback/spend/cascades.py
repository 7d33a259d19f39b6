"""How cascades went: how often the cheap answer was enough, and what trying and judging cost. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from feedback.posterior import beta_quantile
from feedback.spend.savings import Deed
from runs.shapes import Purpose

# Nothing is assumed of a share before it is seen; its interval holds it in eight of ten cases.
_TAIL = 0.1


@dataclass(frozen=True, slots=True)
class Cascade:
    """The cascades of one kind of task."""

    category: str
    tried_count: int = 0  # first answers that came
    escalated_count: int = 0  # better answers that followed
    tried_nano_usd: int = 0
    judged_nano_usd: int = 0
    escalated_nano_usd: int = 0
    lost_nano_usd: int = 0  # calls that failed, were canceled or never came back
    other_nano_usd: int = 0  # refining, merging and what else was asked for

    def __add__(self, other: Cascade) -> Cascade:
        names = [name for name in Cascade.__slots__ if name != "category"]
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def hit_count(self) -> int:
        """Cascades that ended with their first answer."""
        return max(0, self.tried_count - self.escalated_count)

    @property
    def hit_share(self) -> float | None:
        return self.hit_count / self.tried_count if self.tried_count else None

    @property
    def hit_lower(self) -> float | None:
        return beta_quantile(_TAIL, self.hit_count + 1, self._miss_count + 1) if self.tried_count else None

    @property
    def hit_upper(self) -> float | None:
        return beta_quantile(1 - _TAIL, self.hit_count + 1, self._miss_count + 1) if self.tried_count else None

    @property
    def cost_nano_usd(self) -> int:
        parts = self.tried_nano_usd, self.judged_nano_usd, self.escalated_nano_usd
        return sum(parts) + self.lost_nano_usd + self.other_nano_usd

    @property
    def judged_share(self) -> float | None:
        """The part of the cost that went into judging."""
        return self.judged_nano_usd / self.cost_nano_usd if self.cost_nano_usd > 0 else None

    @property
    def _miss_count(self) -> int:
        return self.tried_count - self.hit_count


def cascades_of(deeds: Iterable[Deed]) -> tuple[Cascade, ...]:
    """The cascades by kind of task, those that cost most first."""
    found: defaultdict[str, list[Cascade]] = defaultdict(list)
    for deed in deeds:
        found[deed.category].append(_one(deed))
    summed = [sum(some[1:], some[0]) for some in found.values()]
    return tuple(sorted(summed, key=lambda item: (-item.cost_nano_usd, item.category)))


def _one(deed: Deed) -> Cascade:
    cost, count = deed.spent.cost_nano_usd, deed.spent.call_count
    if deed.status != "ok":
        return Cascade(deed.category, lost_nano_usd=cost)
    if deed.purpose == Purpose.TASK:
        return Cascade(deed.category, tried_count=count, tried_nano_usd=cost)
    if deed.purpose == Purpose.ESCALATION:
        return Cascade(deed.category, escalated_count=count, escalated_nano_usd=cost)
    if deed.purpose == Purpose.JUDGE:
        return Cascade(deed.category, judged_nano_usd=cost)
    return Cascade(deed.category, other_nano_usd=cost)
