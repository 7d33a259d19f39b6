"""Names of sources against the catalogue: the index to match with, and those that found nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from catalog.corrections import current_corrections
from catalog.matching import NameIndex, build_index, suggest
from catalog.queries.snapshot import Fingerprint, current_snapshot, find_fingerprint
from catalog.shapes import Alias, Match, Source

NAMES_PER_PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class UnmatchedPage:
    names: tuple[Match, ...]  # each with ranked suggestions
    counts: dict[Source, int]  # waiting, by source
    filtered_count: int
    page: int
    page_count: int


def current_name_index() -> NameIndex:
    """The index of the current snapshot's models and all aliases; built once per revision."""
    return _index(find_fingerprint(), current_corrections().aliases)


def list_unmatched(
    *, source: Source | None = None, search: str = "", page: int = 1, page_size: int = NAMES_PER_PAGE
) -> UnmatchedPage:
    """The names that wait for an admin's word, each with suggestions; names already settled are left out."""
    aliases = current_corrections().aliases
    settled = {(alias.source, alias.name.casefold()) for alias in aliases}
    waiting = [match for match in current_snapshot().unmatched if not _is_settled(match, settled)]
    counts: dict[Source, int] = {}
    for match in waiting:
        counts[match.source] = counts.get(match.source, 0) + 1
    words = search.casefold().split()
    found = [
        match
        for match in waiting
        if (source is None or match.source == source) and all(word in match.source_name.casefold() for word in words)
    ]
    # The archived leaderboard lists thousands of models that nobody sells; the others come first.
    found.sort(key=lambda match: match.source is Source.HF_LEADERBOARD)
    page_count = max(1, -(-len(found) // page_size))
    page = min(max(1, page), page_count)
    index = _index(find_fingerprint(), aliases)
    shown = found[(page - 1) * page_size : page * page_size]
    return UnmatchedPage(
        names=tuple(replace(match, suggestions=suggest(index, match.source_name)) for match in shown),
        counts=counts,
        filtered_count=len(found),
        page=page,
        page_count=page_count,
    )


def _is_settled(match: Match, settled: set[tuple[str, str]]) -> bool:
    name = match.source_name.casefold()
    return (str(match.source), name) in settled or ("", name) in settled


@lru_cache(maxsize=2)
def _index(_fingerprint: Fingerprint | None, aliases: tuple[Alias, ...]) -> NameIndex:
    return build_index([entry.facts for entry in current_snapshot().entries], aliases)
