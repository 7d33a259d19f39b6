"""The smallest kickoffs that a rule fits: where each of them meets an earlier rule, the rule never counts.

Stack words, languages, paths and sub-dimensions only ever add to what fits. So a rule is covered by earlier
ones exactly where all of its smallest kickoffs are: one stack word, one language, one path, each
sub-dimension at its least. A path stands for its pattern, with what a star takes left out, short and long,
of characters that no pattern names. Everything here is pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import Final

from routing.route_policy import LANGUAGES_BY_SUFFIX, Conditions, Kickoff, fits_surroundings, make_kickoff
from routing.shapes import Classification, Label

MAX_WITNESSES: Final = 2000
MAX_INSTANCES: Final = 500  # of one pattern: all letters and digits with three stars
_FRESH: Final = "\N{SECTION SIGN}"  # in nobody's pattern
_FILLINGS: Final = ("", _FRESH, _FRESH * 24)
_MOST_FREE_STARS: Final = 3  # beyond these, all stars of a pattern are filled alike
_PIECE: Final = re.compile(r"\*+|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_NO_LABEL: Final = Label("", 0.0)


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The smallest kickoffs that a rule fits, or the first of very many."""

    kickoffs: tuple[Kickoff, ...]  # none where the conditions can never hold
    are_all: bool


def witnesses_of(when: Conditions) -> Witnesses:
    """The smallest kickoffs that the conditions fit."""
    made = (
        make_kickoff(_classification(when), [*path, *language_files], [*stack, *language_words])
        for stack in ([word] for word in when.stack or ("",))
        for language_words, language_files in _language_ways(when)
        for path in _path_ways(when)
    )
    tidy = [_without_blanks(kickoff) for kickoff in islice(made, MAX_WITNESSES + 1)]
    fitting = tuple(kickoff for kickoff in tidy[:MAX_WITNESSES] if fits_surroundings(when, kickoff))
    return Witnesses(fitting, are_all=len(tidy) <= MAX_WITNESSES)


def bare_kickoff() -> Kickoff:
    """The smallest kickoff of all: a task without any surroundings."""
    return make_kickoff(_classification(Conditions()), (), ())


def _classification(when: Conditions) -> Classification:
    return Classification(
        _NO_LABEL, _NO_LABEL, _NO_LABEL, _NO_LABEL, sub_dimensions=dict(when.sub_dimensions), engine="witness"
    )


def _without_blanks(kickoff: Kickoff) -> Kickoff:
    stack = tuple(word for word in kickoff.stack if word)
    return Kickoff(kickoff.classification, stack, kickoff.languages, tuple(path for path in kickoff.files if path))


def _language_ways(when: Conditions) -> Iterator[tuple[list[str], list[str]]]:
    """A language is told by the stack, or by a file's ending."""
    if not when.language:
        yield [], []
    for language in when.language:
        yield [language], []
        yield from (([], [f"{_FRESH}{suffix}"]) for suffix, told in LANGUAGES_BY_SUFFIX.items() if told == language)
    # The path that a rule asks for may tell the language itself.
    if when.language and when.paths:
        yield [], []


def _path_ways(when: Conditions) -> Iterator[list[str]]:
    if not when.paths:
        yield []
    endings = [suffix for suffix, told in LANGUAGES_BY_SUFFIX.items() if told in when.language]
    for pattern in when.paths:
        for path in instances_of(pattern):
            yield [path]
            yield from ([f"{path}{_FRESH}{suffix}"] for suffix in endings if pattern.endswith("*"))


@lru_cache(maxsize=1024)
def instances_of(pattern: str) -> tuple[str, ...]:
    """Paths that stand for all that a shell pattern fits."""
    pieces = _PIECE.findall(pattern)
    star_count = sum(piece.startswith("*") for piece in pieces)
    if star_count > _MOST_FREE_STARS:
        ways = product(_FILLINGS, *(_ways(piece) for piece in pieces if not piece.startswith("*")))
        made = (_joined(pieces, (way[0],) * star_count, way[1:]) for way in ways)
    else:
        made = ("".join(way) for way in product(*map(_ways, pieces)))
    return tuple(dict.fromkeys(islice(made, MAX_INSTANCES)))


def _joined(pieces: list[str], stars: tuple[str, ...], others: tuple[str, ...]) -> str:
    left, right = iter(stars), iter(others)
    return "".join(next(left) if piece.startswith("*") else next(right) for piece in pieces)


def _ways(piece: str) -> tuple[str, ...]:
    """What a piece of a pattern may stand for: a star anything, a class each of its characters."""
    if piece.startswith("*"):
        return _FILLINGS
    if piece == "?":
        return (_FRESH,)
    if len(piece) > 2 and piece.startswith("["):
        return (_FRESH,) if piece.startswith("[!") else tuple(_members(piece[1:-1]))
    return (piece,)


def _members(inside: str) -> Iterator[str]:
    """The characters of a class, with those of its ranges."""
    for first, last in re.findall(r"(.)(?:-(.))?", inside, re.DOTALL):
        yield from map(chr, range(ord(first), ord(last or first) + 1))
