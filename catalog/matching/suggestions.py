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
_SAME_MAKER: Final = 0.1
_LEAST_SHARE: Final = 0.2


def suggest(index: NameIndex, name: str, organization: str = "", limit: int = 5) -> tuple[Suggestion, ...]:
    """The listed models most like this name, the likest first; none that share nothing telling with it."""
    reading = read_name(name.rpartition("/")[2])[-1]
    if reading.leading_maker and len(reading.words) > 1:
        reading = reading.without_leading_maker()
    maker = organization_key(organization) or reading.leading_maker
    rated = [(_similarity(index, reading, listed, maker), listed) for listed in _kin(index, reading)]
    rated = sorted((pair for pair in rated if pair[0] >= _LEAST_SHARE), key=lambda pair: (-pair[0], pair[1].model_id))
    return tuple(
        Suggestion(listed.model_id, round(share, 3), _difference(reading, listed)) for share, listed in rated[:limit]
    )


def _kin(index: NameIndex, reading: Reading) -> list[Listed]:
    """The listed models that share a word."""
    by_id = {listed.model_id: listed for word in reading.words for listed in index.by_word.get(word, ())}
    return list(by_id.values())


def _similarity(index: NameIndex, reading: Reading, listed: Listed, maker: str) -> float:
    """The weighed share of what both say in what either says, by the id or by the display name."""
    best = max(_overlap(index, reading, own) for own in (listed.slug, listed.title))
    return min(1.0, best + (_SAME_MAKER if maker and maker == listed.maker else 0.0))


def _overlap(index: NameIndex, ours: Reading, theirs: Reading) -> float:
    shared = either = 0.0
    for word in ours.words | theirs.words:
        weight = _rarity(index, word)
        either += weight
        shared += weight if word in ours.words and word in theirs.words else 0.0
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
    own = min((listed.slug, listed.title), key=lambda one: len(one.words ^ reading.words))
    missing = (
        sorted(reading.words - own.words) + sorted(reading.versions - own.versions) + sorted(reading.sizes - own.sizes)
    )
    added = (
        sorted(own.words - reading.words) + sorted(own.versions - reading.versions) + sorted(own.sizes - reading.sizes)
    )
    parts = [f"without {', '.join(missing)}"] if missing else []
    parts += [f"with {', '.join(added)}"] if added else []
    return "; ".join(parts) or "the same words"
