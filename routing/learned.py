"""What was learned about models, as far as it concerns one caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.shapes import Category
from routing.context import TAG_SIGNALS
from routing.shapes import Adjustment, Evidence


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """The adjustments of everybody and of one person, by category and model."""

    by_place: Mapping[tuple[Category, str], Sequence[Adjustment]] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()  # the context tags that there is evidence on

    def of(self, model_id: str, category: Category, tags: Sequence[str]) -> tuple[Adjustment, ...]:
        """What was learned of this model in this category; the context evidence on these tags in one."""
        known = self.by_place.get((category, model_id), ())
        plain = [item for item in known if item.evidence != Evidence.CONTEXT]
        about = [item for item in known if item.evidence == Evidence.CONTEXT and item.context_tag in tags]
        return (*plain, *_pooled(about))


NOTHING_LEARNED = Learned()


def learn(adjustments: Iterable[Adjustment]) -> Learned:
    """The adjustments by their places."""
    by_place: dict[tuple[Category, str], list[Adjustment]] = {}
    tags: set[str] = set()
    for item in adjustments:
        by_place.setdefault((item.category, item.model_id), []).append(item)
        if item.evidence == Evidence.CONTEXT:
            tags.add(item.context_tag)
    return Learned(by_place, frozenset(tags)) if by_place else NOTHING_LEARNED


def effective_tags(tags: Sequence[str], learned: Learned) -> tuple[str, ...]:
    """The tags that do something, each once, in an order of their own."""
    return tuple(sorted(set(tags) & (TAG_SIGNALS.keys() | learned.tags)))


def _pooled(adjustments: Sequence[Adjustment]) -> tuple[Adjustment, ...]:
    """The tags' rates as one: a rating with two of the tags is one rating, so the largest sample counts."""
    total = sum(item.sample_count for item in adjustments)
    if not total:
        return ()
    rate = sum(item.success_share * item.sample_count for item in adjustments) / total
    first = adjustments[0]
    largest = max(item.sample_count for item in adjustments)
    tags = ",".join(item.context_tag for item in adjustments)
    return (Adjustment(Evidence.CONTEXT, first.model_id, first.category, rate, largest, tags),)
