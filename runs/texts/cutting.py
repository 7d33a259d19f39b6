"""Cutting texts so that they fit together into what there is room for; every cut leaves a mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runs.texts.wording import cut_mark
from runs.tokens.estimate import text_tokens

# The beginning of a text says more than its end, and the end more than the middle.
_HEAD_SHARE: Final = 0.7
_MARK_TOKENS: Final = 24  # the mark itself is denser text than most that it stands in


def cut_to_share(texts: Sequence[str], *, budget_tokens: int, most_chars: int | None = None) -> list[str]:
    """The texts, the longest of them cut until all fit; short ones stay whole."""
    if most_chars is not None:
        texts = [
            cut(text, limit) for text, limit in zip(texts, _shares([len(t) for t in texts], most_chars), strict=True)
        ]
    # A token is at least one byte of text: where so few characters are left over, nothing needs to be counted.
    if sum(len(text) for text in texts) * 4 <= budget_tokens:
        return list(texts)
    sizes = [text_tokens(text) for text in texts]
    if sum(sizes) <= budget_tokens:
        return list(texts)
    return [
        text if size <= share else cut(text, len(text) * max(share - _MARK_TOKENS, 0) // size)
        for text, size, share in zip(texts, sizes, _shares(sizes, budget_tokens), strict=True)
    ]


def cut(text: str, most_chars: int) -> str:
    """The text, without its middle if it is longer than this; the mark tells how much is missing."""
    if len(text) <= most_chars:
        return text
    room = max(most_chars - len(cut_mark(len(text))), 0)
    head = int(room * _HEAD_SHARE)
    tail = room - head
    return f"{text[:head]}{cut_mark(len(text) - head - tail)}{text[len(text) - tail :]}"


def _shares(sizes: Sequence[int], budget: int) -> list[int]:
    """What each gets: all that it needs if that is less than an even share, else an even share of the rest."""
    shares = [0] * len(sizes)
    left = budget
    ascending = sorted(range(len(sizes)), key=sizes.__getitem__)
    for number, place in enumerate(ascending):
        shares[place] = min(sizes[place], left // (len(sizes) - number))
        left -= shares[place]
    return shares
