"""Fixed ways to write the same task otherwise: slips, case, a polite preface. A label that flips on them is unsure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zlib import crc32

SLIP_EVERY_WORDS = 6
SHORTEST_SLIPPED_WORD = 5
NEXT_KEY = dict(zip("qwertyuioasdfghjklzxcvbnm", "wertyuiopsdfghjklaxcvbnmk", strict=True))
PREFACE = "Hi! Could you please help me with this: "


def perturbations(text: str) -> Mapping[str, str]:
    """The text in other guises, by the name of the change; always the same ones for a text."""
    return {
        "typos": with_typos(text),
        "other_typos": with_typos(text, _missed),
        "lower_case": text.lower(),
        "upper_case": text.upper(),
        "polite": PREFACE + text,
    }


def with_typos(text: str, slip: Callable[[str], str] | None = None) -> str:
    """A slip in every sixth word that is long enough, in one at least: two neighbouring letters swapped, or `slip`."""
    words = text.split(" ")
    long_enough = [i for i, word in enumerate(words) if word.isalpha() and len(word) >= SHORTEST_SLIPPED_WORD]
    for index in (
        long_enough[crc32(text.encode("utf-8", "replace")) % SLIP_EVERY_WORDS :: SLIP_EVERY_WORDS] or (long_enough[:1])
    ):
        words[index] = (slip or _swapped)(words[index])
    return " ".join(words)


def _swapped(word: str) -> str:
    at = 1 + crc32(word.encode()) % (len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _missed(word: str) -> str:
    """A letter left out, doubled, or taken from the next key, as the word has it."""
    chance = crc32(word.encode())
    at = 1 + chance // 3 % (len(word) - 1)
    middle = ("", word[at] * 2, NEXT_KEY.get(word[at].lower(), word[at]))[chance % 3]
    return word[:at] + middle + word[at + 1 :]
