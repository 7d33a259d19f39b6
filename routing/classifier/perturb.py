"""Fixed ways to write the same task otherwise: slips, case, a polite preface. A label that flips on them is unsure."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

SLIP_EVERY_WORDS = 6
SHORTEST_SLIPPED_WORD = 5
PREFACE = "Hi! Could you please help me with this: "


def perturbations(text: str) -> Mapping[str, str]:
    """The text in other guises, by the name of the change; always the same ones for a text."""
    return {
        "typos": with_typos(text),
        "lower_case": text.lower(),
        "upper_case": text.upper(),
        "polite": PREFACE + text,
    }


def with_typos(text: str) -> str:
    """Two neighbouring letters swapped in every sixth word that is long enough, and in one at least."""
    words = text.split(" ")
    long_enough = [i for i, word in enumerate(words) if word.isalpha() and len(word) >= SHORTEST_SLIPPED_WORD]
    for index in (
        long_enough[crc32(text.encode("utf-8", "replace")) % SLIP_EVERY_WORDS :: SLIP_EVERY_WORDS] or (long_enough[:1])
    ):
        words[index] = _swapped(words[index])
    return " ".join(words)


def _swapped(word: str) -> str:
    at = 1 + crc32(word.encode()) % (len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
