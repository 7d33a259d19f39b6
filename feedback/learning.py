"""From ratings to what is known of a model: graded, decayed, and never surer than its sample.

A rating is worth between 0 and 1, so that a 3 differs from a 5. Its weight halves every half-life. The
rates that result are published raw, with the size of their sample: what they move a choice by is decided
in ``routing/blending.py``, relative to what a model of that score is expected to reach, so that a good rate
never lowers a leader and three ratings weigh less than three hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from catalog.shapes import Category
from feedback.shapes import CategorySwitch, Credit, Lesson, Said, Tally, Verdict

# What each score says about success. The expected rate of the best model is 0.75 (routing/thresholds.py), so a
# 4 must lie above it: nobody should lose by being called good. A 3 is half a success, and a loss for a leader.
WORTH_OF_SCORE: Final[Mapping[int, float]] = MappingProxyType({1: 0.0, 2: 0.15, 3: 0.5, 4: 0.85, 5: 1.0})
# A verdict alone says less than a score: as a 4, as a 2, and in between for comparisons, where the loser may
# still have been good.
WORTH_OF_VERDICT: Final[Mapping[Verdict, float]] = MappingProxyType(
    {Verdict.ACCEPTED: 0.85, Verdict.REDONE: 0.15, Verdict.PREFERRED: 0.85, Verdict.PASSED_OVER: 0.4}
)
# One look at several answers is one opinion, and a relative one.
COMPARISON_WEIGHT: Final = 0.5
# Models behind a name change within months, and so do a person's tasks.
HALF_LIFE: Final = timedelta(days=120)
# Older than this, a rating weighs less than a hundredth and is left out.
FORGOTTEN_AFTER: Final = HALF_LIFE * 7
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
# So many digits are published: a rate that differs by less moves nothing anybody could see.
_DIGITS: Final = 4


def worth_of(said: Said) -> float | None:
    """How good the work was, 0-1: the score where there is one, else the verdict; None teaches nothing."""
    if said.score is not None:
        return WORTH_OF_SCORE[said.score]
    return WORTH_OF_VERDICT.get(said.verdict) if said.verdict is not None else None


def weight_of(said: Said) -> float:
    """How much the whole of what was said weighs before any decay."""
    is_comparison = said.score is None and said.verdict in (Verdict.PREFERRED, Verdict.PASSED_OVER)
    return COMPARISON_WEIGHT if is_comparison else 1.0


def share_credit(
    places: Sequence[tuple[str, Category, tuple[str, ...]]], *, of_count: int | None = None
) -> tuple[Credit, ...]:
    """One rating's weight spread evenly over who did the work, each model and category once.

    ``of_count`` is how many did it, where some of them have a rating of their own.
    """
    total = len(places) if of_count is None else of_count
    shares: dict[tuple[str, Category, tuple[str, ...]], int] = {}
    for place in places:
        shares[place] = shares.get(place, 0) + 1
    return tuple(
        Credit(model_id, category, count / total, tags) for (model_id, category, tags), count in shares.items()
    )


def week_of(moment: datetime) -> datetime:
    """The Monday of the moment's week: decay is counted from there, so that rates rest between Mondays."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def decay(age: timedelta) -> float:
    """What is left of a rating's weight at this age; one from the future, or of this week, weighs whole."""
    return float(0.5 ** (max(age, timedelta(0)) / HALF_LIFE))


@dataclass(slots=True)
class _Sum:
    weight: float = 0.0
    worth: float = 0.0
    count: int = 0
    last_at: datetime = _LONG_AGO

    def add(self, lesson: Lesson, weight: float) -> None:
        self.weight += weight
        self.worth += weight * lesson.worth_share
        self.count += 1
        self.last_at = max(self.last_at, lesson.at)


def tally(lessons: Iterable[Lesson], *, as_of: datetime) -> tuple[Tally, ...]:
    """Every model's record by category, and again by each context tag, from the ratings that still count."""
    sums: dict[tuple[str, Category, str], _Sum] = {}
    for lesson in lessons:
        age = as_of - lesson.at
        if age > FORGOTTEN_AFTER:
            continue
        weight = lesson.weight_share * decay(age)
        for tag in ("", *dict.fromkeys(lesson.context_tags)):
            sums.setdefault((lesson.model_id, lesson.category, tag), _Sum()).add(lesson, weight)
    return tuple(_tally(place, item) for place, item in sorted(sums.items(), key=lambda pair: pair[0]))


def _tally(place: tuple[str, Category, str], item: _Sum) -> Tally:
    model_id, category, tag = place
    return Tally(
        model_id=model_id,
        category=category,
        context_tag=tag,
        success_share=round(item.worth / item.weight, _DIGITS),
        sample_count=round(item.weight, _DIGITS),
        rating_count=item.count,
        last_at=item.last_at,
    )


def counted(lessons: Iterable[Lesson], switches: Mapping[Category, CategorySwitch]) -> tuple[Lesson, ...]:
    """The lessons that count: of categories that are switched on, since each was last reset."""
    return tuple(lesson for lesson in lessons if _counts(lesson, switches.get(lesson.category)))


def _counts(lesson: Lesson, switch: CategorySwitch | None) -> bool:
    if switch is None:
        return True
    return switch.is_on and (switch.counts_from is None or lesson.at >= switch.counts_from)
