"""Lists of models: filtered, sorted, in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from catalog.queries.snapshot import current_snapshot
from catalog.search import is_named, respell
from catalog.shapes import Capabilities, Category, Entry, Snapshot, Tier

PAGE_SIZE: Final = 50
# Each is a tuple of a few hundred references. Whoever asks for more different things at once starts over.
RANKED_KEPT: Final = 256
CAPABILITIES: Final = ("vision", "functionCalling", "json", "reasoning")


class SortKey(StrEnum):
    SCORE = "score"
    COST = "cost"
    EFFICIENCY = "efficiency"
    CONTEXT = "context"
    NEWEST = "newest"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class CatalogFilter:
    """What a reader of the catalogue asks for; the defaults ask for everything, best first."""

    search: str = ""
    category: Category | None = None
    tier: Tier | None = None
    capabilities: tuple[str, ...] = ()
    provider: str = ""
    min_context_tokens: int | None = None
    max_prompt_usd_per_mtok: Decimal | None = None
    is_candidates_only: bool = False
    sort: SortKey = SortKey.SCORE
    sort_category: Category | None = None  # which category's score or efficiency; None: the filter's
    is_reversed: bool = False


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One page of a list, with what is needed to turn it."""

    entries: tuple[Entry, ...]
    total_count: int  # in the whole catalogue
    filtered_count: int
    page: int
    page_count: int


class _Ranked:
    """What was asked of one snapshot, and the answers."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.snapshot = snapshot
        self.answers: dict[CatalogFilter, tuple[Entry, ...]] = {}


_ranked = _Ranked()


def list_entries(wanted: CatalogFilter, *, page: int = 1, page_size: int = PAGE_SIZE) -> EntryPage:
    """The asked page of the models that fit; a page beyond the end is the last one."""
    snapshot = current_snapshot()
    everything = snapshot.entries
    found = rank_once(snapshot, wanted)
    page_count = max(1, -(-len(found) // page_size))
    page = min(max(1, page), page_count)
    first = (page - 1) * page_size
    return EntryPage(
        entries=found[first : first + page_size],
        total_count=len(everything),
        filtered_count=len(found),
        page=page,
        page_count=page_count,
    )


def rank_once(snapshot: Snapshot, wanted: CatalogFilter) -> tuple[Entry, ...]:
    """The snapshot's entries that fit, in the asked order; of the snapshot in use, worked out once per question."""
    global _ranked  # noqa: PLW0603  the answers of one snapshot per process; swapped whole
    kept = _ranked
    if kept.snapshot is not snapshot or len(kept.answers) >= RANKED_KEPT:
        kept = _ranked = _Ranked(snapshot)
    if wanted not in kept.answers:
        kept.answers[wanted] = tuple(rank(snapshot.entries, wanted))
    return kept.answers[wanted]


def rank(entries: Iterable[Entry], wanted: CatalogFilter) -> list[Entry]:
    """The entries that fit, in the asked order; ties keep the catalogue's order.

    What may not be chosen for a task, and what lacks the value that is sorted by, stands last in
    either direction.
    """
    key = _SORTS[wanted.sort]
    found = [(key(entry, wanted), entry) for entry in entries if _fits(entry, wanted)]
    sign = -1.0 if wanted.is_reversed else 1.0

    def place(item: tuple[float | None, Entry]) -> tuple[bool, bool, float]:
        value, entry = item
        return (value is None, not entry.is_candidate, 0.0 if value is None else sign * value)

    if wanted.sort == SortKey.NAME:
        named = sorted((entry for _, entry in found), key=lambda entry: entry.facts.name.casefold())
        return named[::-1] if wanted.is_reversed else named
    return [entry for _, entry in sorted(found, key=place)]


def spell(search: str) -> str:
    """What may have been meant by a search that finds nothing; "" where nothing is near."""
    return respell(search, [_name_of(entry) for entry in current_snapshot().entries])


def list_providers() -> Mapping[str, int]:
    """How many models each provider has, most first."""
    counts: dict[str, int] = {}
    for entry in current_snapshot().entries:
        counts[entry.provider] = counts.get(entry.provider, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _fits(entry: Entry, wanted: CatalogFilter) -> bool:
    tests: Sequence[bool] = (
        wanted.category is None or wanted.category in entry.categories,
        wanted.tier is None or entry.tier == wanted.tier,
        not wanted.provider or entry.provider == wanted.provider,
        not wanted.is_candidates_only or entry.is_candidate,
        _has_capabilities(entry.capabilities, wanted.capabilities),
        _is_at_least(entry.facts.context_length_tokens, wanted.min_context_tokens),
        _is_at_most(entry.facts.pricing.prompt_usd_per_mtok, wanted.max_prompt_usd_per_mtok),
    )
    return all(tests) and is_named(_name_of(entry), wanted.search)


def _has_capabilities(has: Capabilities, needed: tuple[str, ...]) -> bool:
    values = {
        "vision": has.vision,
        "functionCalling": has.function_calling,
        "json": has.json,
        "reasoning": has.reasoning,
    }
    return all(values.get(name, False) for name in needed)


def _is_at_least(value: int | None, limit: int | None) -> bool:
    return limit is None or (value is not None and value >= limit)


def _is_at_most(value: Decimal | None, limit: Decimal | None) -> bool:
    return limit is None or (value is not None and value <= limit)


def _name_of(entry: Entry) -> str:
    return f"{entry.facts.model_id} {entry.facts.name}"


def _score(entry: Entry, wanted: CatalogFilter) -> float | None:
    category = wanted.sort_category or wanted.category
    if category is not None:
        score = entry.scores.get(category)
        return -score.value if score else None
    values = [score.value for score in entry.scores.values()]
    return -sum(values) / len(values) if values else None


def _efficiency(entry: Entry, wanted: CatalogFilter) -> float | None:
    category = wanted.sort_category or wanted.category
    if category is not None:
        value = entry.cost_efficiency.get(category)
        return -value if value is not None else None
    values = list(entry.cost_efficiency.values())
    return -sum(values) / len(values) if values else None


def _cost(entry: Entry, _wanted: CatalogFilter) -> float | None:
    price = entry.facts.pricing.prompt_usd_per_mtok
    return None if price is None else float(price)


def _context(entry: Entry, _wanted: CatalogFilter) -> float | None:
    tokens = entry.facts.context_length_tokens
    return None if tokens is None else -float(tokens)


def _newest(entry: Entry, _wanted: CatalogFilter) -> float | None:
    return None if entry.facts.created_at is None else -entry.facts.created_at.timestamp()


def _name(_entry: Entry, _wanted: CatalogFilter) -> float | None:
    return 0.0


_SORTS: Final[Mapping[SortKey, Callable[[Entry, CatalogFilter], float | None]]] = {
    SortKey.SCORE: _score,
    SortKey.COST: _cost,
    SortKey.EFFICIENCY: _efficiency,
    SortKey.CONTEXT: _context,
    SortKey.NEWEST: _newest,
    SortKey.NAME: _name,
}
