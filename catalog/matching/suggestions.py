"""Listed models that look like a name that found none, for a person to choose from."""

from __future__ import annotations

import math
from typing import Final

from catalog.matching.index import NameIndex
from catalog.matching.listing import Listed
from catalog.matching.organizations import organization_key
from catalog.matching.reading import Reading, read_name
from catalog.shapes import Suggestion

_VERSION_WEIGHT: Final = 1.5
_SIZE_WEIGHT: Final = 1.0
_STAGE_WEIGHT: Final = 0.5
# Small enough to order what is otherwise alike, never to lift a stranger above a relative.
_SAME_MAKER: Final = 0.05
_SAME_THINKING: Final = 0.02
_SAME_DATE: Final = 0.02
_LEAST_SHARE: Final = 0.3


def suggest(index: NameIndex, name: str, organization: str = "", limit: int = 5) -> tuple[Suggestion, ...]:
    """The listed models most like this name, the likest first; none that share nothing telling with it."""
    best: dict[str, tuple[float, Reading, Listed]] = {}
    for reading in read_name(name.rpartition("/")[2]):
        for listed in _kin(index, reading):
            share = _similarity(index, reading, listed, organization)
            if share >= max(_LEAST_SHARE, best[listed.model_id][0] if listed.model_id in best else 0.0):
                best[listed.model_id] = (share, reading, listed)
    likest = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(
        Suggestion(model_id, round(min(1.0, share), 3), _difference(reading, listed))
        for model_id, (share, reading, listed) in likest[:limit]
    )


def _kin(index: NameIndex, reading: Reading) -> list[Listed]:
    """The listed models that share a word."""
    by_id = {listed.model_id: listed for word in reading.words for listed in index.by_word.get(word, ())}
    return list(by_id.values())


def _similarity(index: NameIndex, reading: Reading, listed: Listed, organization: str) -> float:
    """The weighed share of what both say in what either says, by the id or by the display name."""
    share = max(
        _overlap(index, ours, theirs)
        for ours in dict.fromkeys((reading, reading.without_leading_maker()))
        for theirs in dict.fromkeys((listed.slug, listed.title))
    )
    makers = {organization_key(organization), reading.leading_maker} - {""}
    return (
        share
        + _SAME_MAKER * (listed.maker in makers)
        + _SAME_THINKING * (reading.thinking in listed.thinkings)
        + _SAME_DATE * _shares_date(reading, listed)
    )


def _shares_date(reading: Reading, listed: Listed) -> bool:
    dates = listed.said_dates + listed.stamped_dates
    return any(mark.agrees_with(other) for mark in reading.dates for other in dates)


def _overlap(index: NameIndex, ours: Reading, theirs: Reading) -> float:
    shared = sum(_rarity(index, word) for word in ours.words & theirs.words)
    either = sum(_rarity(index, word) for word in ours.words | theirs.words)
    for mine, yours, weight in (
        (ours.versions, theirs.versions, _VERSION_WEIGHT),
        (ours.sizes, theirs.sizes, _SIZE_WEIGHT),
        (ours.stages, theirs.stages, _STAGE_WEIGHT),
    ):
        either += weight * len(mine | yours)
        shared += weight * len(mine & yours)
    return shared / either if either else 0.0


def _rarity(index: NameIndex, word: str) -> float:
    """A word that few models carry tells more than one that many carry."""
    return 1.0 + math.log((1 + len(index.listed)) / (1 + len(index.by_word.get(word, ()))))


def _difference(reading: Reading, listed: Listed) -> str:
    """What the name says beyond this model, and what this model says beyond the name."""
    theirs = min((listed.slug, listed.title), key=lambda one: len(one.words ^ reading.words))
    ours = reading.without_leading_maker() if reading.leading_word not in theirs.words else reading
    said, listed_says = _all_said(ours), _all_said(theirs)
    parts = [f"without {', '.join(sorted(said - listed_says))}"] if said - listed_says else []
    parts += [f"with {', '.join(sorted(listed_says - said))}"] if listed_says - said else []
    is_other_date = bool(reading.dates) and not _shares_date(reading, listed)
    return "; ".join(parts) or ("the same words but the date" if is_other_date else "the same words")


def _all_said(reading: Reading) -> frozenset[str]:
    return reading.words | reading.versions | reading.sizes | reading.stages
