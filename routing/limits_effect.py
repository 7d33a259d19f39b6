"""What limits leave of the catalogue, before they hold. Everything here is pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from catalog.shapes import Budget, Category, Entry
from routing.filters import Filter, filters_of
from routing.limits_merging import merge_limits
from routing.policy import EXAMPLES_SHOWN
from routing.shapes import Classification, Features, Label, Limits, Removal

_NOTHING: Final = Label("", 0.0)
_ANY_TASK: Final = Features(
    task="",
    classification=Classification(_NOTHING, _NOTHING, _NOTHING, _NOTHING, {}, "none"),
    category=Category.GENERAL,
    is_category_given=True,
)


@dataclass(frozen=True, slots=True)
class LimitsEffect:
    """What is left of the models that may be chosen."""

    candidate_count: int
    alone_count: int  # under these limits by themselves
    left_count: int  # under these and the wider ones that hold with them
    removals: tuple[Removal, ...]  # each model counts for the first limit that it fails
    by_category: Mapping[Category, int]  # of those left, how many are listed under each
    unknown: tuple[str, ...]  # named models and providers that the catalogue does not list

    @property
    def empty_categories(self) -> tuple[Category, ...]:
        """Where nothing listed is left."""
        return tuple(category for category, count in self.by_category.items() if not count)


def effect_of(limits: Limits, wider: Sequence[Limits], entries: Sequence[Entry]) -> LimitsEffect:
    """What these limits leave, by themselves and with the wider ones."""
    candidates = [entry for entry in entries if entry.is_candidate]
    together = merge_limits([*wider, limits])
    left, removals = _sift(candidates, together)
    return LimitsEffect(
        candidate_count=len(candidates),
        alone_count=len(_sift(candidates, limits)[0]),
        left_count=len(left),
        removals=removals,
        by_category={category: sum(category in entry.categories for entry in left) for category in Category},
        unknown=tuple(_unknown(limits, entries)),
    )


def _sift(candidates: Sequence[Entry], limits: Limits) -> tuple[list[Entry], tuple[Removal, ...]]:
    """Who passes every limit, and whom each of them takes out."""
    filters = filters_of(_ANY_TASK, replace(limits, budget=Budget.ANY))
    left: list[Entry] = []
    removed: dict[str, list[Entry]] = {item.name: [] for item in filters}
    for entry in candidates:
        failed = next((item for item in filters if not item.passes(entry)), None)
        (removed[failed.name] if failed else left).append(entry)
    return left, tuple(_removal(item, removed[item.name]) for item in filters if removed[item.name])


def _removal(item: Filter, entries: Sequence[Entry]) -> Removal:
    examples = tuple(entry.facts.model_id for entry in entries[:EXAMPLES_SHOWN])
    return Removal(item.name, item.reason, len(entries), examples)


def _unknown(limits: Limits, entries: Sequence[Entry]) -> Iterator[str]:
    ids = {entry.facts.model_id for entry in entries}
    families = {model_id.split(":", 1)[0] for model_id in ids}
    providers = {entry.provider for entry in entries}
    yield from sorted((limits.allow_models - ids) | (limits.deny_models - ids - families))
    yield from sorted((limits.allow_providers | limits.deny_providers) - providers)
