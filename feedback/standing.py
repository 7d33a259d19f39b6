"""What was learned, as people read it: by category the models with their rates, intervals and how these moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from catalog.shapes import Category
from feedback.learning import tally
from feedback.posterior import expected, posterior
from feedback.shapes import CategorySwitch, Lesson, Posterior, Tally

# The course of a rate is drawn over half a year, a point a month.
COURSE_STEP: Final = timedelta(days=30)
COURSE_POINTS: Final = 6
# So many models are told of in a sentence.
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """One model's record, with what is believed of it and where that stood in the months before."""

    tally: Tally
    belief: Posterior
    course: tuple[float | None, ...] = ()  # oldest first, the present last; None: not rated yet


@dataclass(frozen=True, slots=True)
class StackStanding:
    """The records on one context tag."""

    tag: str
    standings: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class CategoryStanding:
    """A category's records, best first."""

    category: Category
    switch: CategorySwitch
    standings: tuple[Standing, ...]
    stacks: tuple[StackStanding, ...] = ()

    @property
    def told(self) -> tuple[Standing, ...]:
        """Those that most is known of, best first: one lucky answer leads no sentence."""
        known = sorted(self.standings, key=lambda item: -item.tally.sample_count)[:_TOLD]
        return tuple(item for item in self.standings if item in known)


def standings(
    tallies: Sequence[Tally], lessons: Sequence[Lesson], switches: Iterable[CategorySwitch], as_of: datetime
) -> tuple[CategoryStanding, ...]:
    """Every category in which something was said or switched, those with most ratings first."""
    switch_of = {item.category: item for item in switches}
    courses = _courses(lessons, as_of)
    found = []
    for category in Category:
        own = [item for item in tallies if item.category is category]
        if own or category in switch_of:
            plain = [item for item in own if not item.context_tag]
            switch = switch_of.get(category, CategorySwitch(category))
            found.append(CategoryStanding(category, switch, _ranked(plain, courses), _stacks(own)))
    return tuple(sorted(found, key=lambda item: -sum(one.tally.rating_count for one in item.standings)))


def _ranked(
    tallies: Iterable[Tally], courses: dict[tuple[str, Category], tuple[float | None, ...]] | None = None
) -> tuple[Standing, ...]:
    ranked = [
        Standing(
            item,
            posterior(item.success_share, item.sample_count),
            (courses or {}).get((item.model_id, item.category), ()),
        )
        for item in tallies
    ]
    return tuple(sorted(ranked, key=lambda item: (-item.belief.mean, item.tally.model_id)))


def _stacks(tallies: Sequence[Tally]) -> tuple[StackStanding, ...]:
    tags = sorted({item.context_tag for item in tallies} - {""})
    return tuple(StackStanding(tag, _ranked(item for item in tallies if item.context_tag == tag)) for tag in tags)


def _courses(lessons: Sequence[Lesson], as_of: datetime) -> dict[tuple[str, Category], tuple[float | None, ...]]:
    """What was believed at each month's end, from what had been said by then."""
    latest = max((lesson.at for lesson in lessons), default=as_of)
    plain = [replace(lesson, context_tags=()) for lesson in lessons]
    ends = [max(latest, as_of) - COURSE_STEP * back for back in reversed(range(COURSE_POINTS))]
    points: dict[tuple[str, Category], list[float | None]] = {}
    for place, end in enumerate(ends):
        for item in tally((lesson for lesson in plain if lesson.at <= end), as_of=end):
            course = points.setdefault((item.model_id, item.category), [None] * COURSE_POINTS)
            course[place] = expected(item.success_share, item.sample_count)
    return {key: tuple(course) for key, course in points.items()}
