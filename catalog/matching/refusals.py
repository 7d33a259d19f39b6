"""Why no listed model is meant by a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from catalog.matching.fitting import Misfit
from catalog.matching.index import NameIndex
from catalog.matching.listing import Listed
from catalog.matching.reading import Reading

_NAMES_SHOWN: Final = 6
_FAMILY_MAKERS: Final = 2  # a word that more makers use ("large", "chat") names no family


def explain(index: NameIndex, reading: Reading, misfits: Sequence[Misfit]) -> str:
    """The nearest miss, or what the family lacks."""
    if misfits:  # the first one, but rather that of a model which thinks as the name says
        return min(misfits, key=lambda misfit: reading.thinking not in misfit.listed.thinkings).reason
    kin = index.by_words.get(reading.words)
    if kin:
        return _explain_sibling(reading, [key.reading for key in kin])
    nearest = _nearest(index, reading)
    if nearest is None:
        return "the catalogue lists no model of this family"
    return _explain_words(reading, nearest)


def _explain_sibling(reading: Reading, listed: Sequence[Reading]) -> str:
    """The words agree, so a version or a size does not."""
    same_version = [other for other in listed if other.versions == reading.versions]
    if same_version:
        sizes = _shown(" ".join(sorted(other.sizes)).upper() for other in same_version if other.sizes)
        said = " ".join(sorted(reading.sizes)).upper()
        listed_sizes = f"; it lists {sizes}" if sizes else ""
        return f"the catalogue lists no model of {said or 'unsaid size'} in this family{listed_sizes}"
    versions = _shown(" ".join(sorted(other.versions)) for other in listed if other.versions)
    said = " with ".join(sorted(reading.versions, key=len, reverse=True))
    what = f"version {said} is not listed" if said else "the name gives no version"
    return f"{what}; of this family the catalogue lists {versions or 'one without a version'}"


def _nearest(index: NameIndex, reading: Reading) -> Listed | None:
    """The listed model that shares the most, if it shares a word that names a family."""
    shared: dict[str, int] = {}
    by_id: dict[str, Listed] = {}
    for word in reading.words:
        family = index.by_word.get(word, ())
        makers = {listed.maker for listed in family}
        if len(word) > 1 and (len(makers) <= _FAMILY_MAKERS or word == reading.leading_word):
            for listed in family:
                by_id[listed.model_id] = listed
                shared[listed.model_id] = shared.get(listed.model_id, 0) + 2
    if not shared:
        return None
    return by_id[min(shared, key=lambda model_id: (-shared[model_id] - _likeness(by_id[model_id], reading), model_id))]


def _likeness(listed: Listed, reading: Reading) -> float:
    agreeing = len(listed.slug.versions & reading.versions) + len(listed.slug.sizes & reading.sizes)
    return agreeing - 0.5 * len(listed.slug.words ^ reading.words)


def _explain_words(reading: Reading, nearest: Listed) -> str:
    extra = reading.words - nearest.slug.words - nearest.title.words
    missing = nearest.slug.words - reading.words
    is_other_version = not (reading.versions <= nearest.slug.versions | nearest.title.versions)
    if is_other_version or bool(extra) == bool(missing):
        return f"the catalogue lists no such model; the nearest is {nearest.model_id}"
    if extra:
        return f"{_quoted(extra)} sets it apart from {nearest.model_id}, and no such model is listed"
    return f"{nearest.model_id} is {_quoted(missing)}, which the name does not say"


def _quoted(texts: frozenset[str]) -> str:
    return " and ".join(f"'{text}'" for text in sorted(texts))


def _shown(texts: Iterable[str]) -> str:
    distinct = sorted(set(texts))
    more = ", …" if len(distinct) > _NAMES_SHOWN else ""
    return ", ".join(distinct[:_NAMES_SHOWN]) + more
