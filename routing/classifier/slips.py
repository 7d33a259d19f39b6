"""Mend slips of the keyboard before tokenizing: a misspelt word falls into splinters that mean nothing to the network.

The lexicon is the tokenizer's own: its whole words. A word that is none of them becomes the one that differs by a
single slip, if there is one. Both training and serving do this, so a word mended wrongly is at least the same wrong
word in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

WORD_START = "▁"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
NEIGHBOURS: Mapping[str, str] = MappingProxyType(
    {
        "a": "qwsz", "b": "vghn", "c": "xdfv", "d": "serfcx", "e": "wrsd", "f": "drtgvc", "g": "ftyhbv", "h": "gyujnb",
        "i": "uojk", "j": "huikmn", "k": "jiolm", "l": "kop", "m": "njk", "n": "bhjm", "o": "ipkl", "p": "ol",
        "q": "wa", "r": "etdf", "s": "awedxz", "t": "rygf", "u": "yihj", "v": "cfgb", "w": "qeas", "x": "zsdc",
        "y": "tugh", "z": "asx",
    }
)  # fmt: skip
LONGEST_WORD = 20
SHORTEST_SWAPPED_WORD = 4  # shorter words are too often names or abbreviations of their own
SHORTEST_MENDED_WORD = 5  # what any other slip may lead to
UNKNOWN_WORDS_MAX = 40  # looked at in one text: bounds the time that hostile words take
UNKNOWN_SHARE_MAX = 0.5  # above it the text is in another language, or no prose
REMEMBERED_WORDS = 8192
# Words, but not the parts of paths, addresses, identifiers and numbers.
_WORD = re.compile(r"(?<![^\s\"'(\[,;:!?—-])[A-Za-z]+(?![^\s\"')\],;:.!?—-])(?!\.\w)")


class Mender:
    """Mends texts towards the words of one lexicon."""

    def __init__(self, words: Iterable[str]) -> None:
        """`words` stand in the order of how common they are."""
        self._rank = {word: rank for rank, word in enumerate(words)}
        self._mended = lru_cache(maxsize=REMEMBERED_WORDS)(self._mend_word)

    def mend(self, text: str) -> str:
        """The text with its slips mended; the same text where it has none or is no English prose."""
        words = [found.group().lower() for found in _WORD.finditer(text)]
        unknown_count = sum(word not in self._rank for word in words)
        if not unknown_count or (unknown_count > 1 and unknown_count > UNKNOWN_SHARE_MAX * len(words)):
            return text
        left = UNKNOWN_WORDS_MAX

        def replacement(found: re.Match[str]) -> str:
            nonlocal left
            word = found.group().lower()
            if word in self._rank or left == 0:
                return found.group()
            left -= 1
            return self._mended(word) or found.group()

        return _WORD.sub(replacement, text)

    def _mend_word(self, word: str) -> str | None:
        if not SHORTEST_SWAPPED_WORD <= len(word) <= LONGEST_WORD:
            return None
        for candidates in (_swapped(word), _long_enough(_one_less(word)), _long_enough(_one_more_or_other(word))):
            known = [candidate for candidate in candidates if candidate in self._rank]
            if known:
                return min(known, key=self._rank.__getitem__)
        return None


def lexicon(pieces: Iterable[str]) -> Iterator[str]:
    """The whole words among a tokenizer's pieces, in their order."""
    for piece in pieces:
        word = piece.removeprefix(WORD_START)
        if piece.startswith(WORD_START) and word.isascii() and word.isalpha():
            yield word


def _swapped(word: str) -> Iterator[str]:
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _one_less(word: str) -> Iterator[str]:
    for at in range(1, len(word)):
        yield word[:at] + word[at + 1 :]


def _one_more_or_other(word: str) -> Iterator[str]:
    """First letters are hardly ever wrong; sparing them keeps many a name as it is."""
    for at in range(1, len(word) + 1):
        for letter in LETTERS:
            yield word[:at] + letter + word[at:]
    for at in range(1, len(word)):
        for letter in NEIGHBOURS[word[at]]:
            yield word[:at] + letter + word[at + 1 :]


def _long_enough(candidates: Iterable[str]) -> Iterator[str]:
    return (candidate for candidate in candidates if len(candidate) >= SHORTEST_MENDED_WORD)
