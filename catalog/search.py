"""Finding models by what people type for their names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

# As near as "sonet" is to "sonnet"; farther off is another name.
_NEAR: Final = 0.75
# What may stand between two signs of a word where one of them is a digit: "gpt5" is "GPT-5", "opus46" is "Opus 4.6".
_JOINT: Final = re.compile(r"(?<=\d)(?=\w)|(?<=[^\W\d])(?=\d)")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")


def is_named(name: str, search: str) -> bool:
    """Whether every word of the search occurs in the name; hyphens and spaces are the same to a reader."""
    text = _read(name)
    return all(_occurs(word, text) for word in _read(search).split())


def respell(search: str, names: Iterable[str]) -> str:
    """The search with what no name has as the nearest that some has; "" where all is right or a word is far off."""
    text = " ".join(map(_read, names))
    known = sorted(set(_WORD.findall(text)))
    typed = _read(search).split()
    words = [word if _occurs(word, text) else _nearest(word, known) for word in typed]
    return " ".join(words) if all(words) and words != typed else ""


def _nearest(word: str, known: list[str]) -> str:
    return next(iter(get_close_matches(word, known, n=1, cutoff=_NEAR)), "")


def _read(text: str) -> str:
    return text.casefold().replace("-", " ")


def _occurs(word: str, text: str) -> bool:
    """Whether the word stands in the name; a number from its beginning, so that "gpt-5" is no "GPT-3.5"."""
    if word not in text and not any(sign.isdigit() for sign in word):
        return False
    pattern = _apart(word)
    return word in text if pattern is None else pattern.search(text) is not None


@lru_cache(maxsize=256)
def _apart(word: str) -> re.Pattern[str] | None:
    """The word from its beginning, with joints where letters meet digits; None for one without a digit."""
    if not any(sign.isdigit() for sign in word):
        return None
    before = r"(?<![\d.])" if word[0].isdigit() else r"(?<![^\W\d])" if len(_JOINT.split(word)) > 1 else ""
    return re.compile(before + r"[ .]?".join(map(re.escape, _JOINT.split(word))))
