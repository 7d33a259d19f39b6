"""A task's text in parts: by its lists, its words of sequence, its semicolons, paragraphs and verbs.

The first rule that finds two parts wins; a mark that the writer set deliberately goes before one that prose
may hold by chance. Every rule is one pass over the text.
"""

from __future__ import annotations

from typing import Final

from routing.decompose.conjunctions import split_conjunctions
from routing.decompose.lists import find_inline_numbers, find_lists, hide_lists
from routing.decompose.masking import hide_blocks, hide_inline, normalise_lines
from routing.decompose.prose import split_paragraphs, split_semicolons
from routing.decompose.requests import tidy
from routing.decompose.sequence import split_sequence
from routing.decompose.shapes import Split, SplitKind
from smartspawn.lib.errors import InvalidParam

MAX_PARTS: Final = 50

_ONE_PIECE: Final = "One piece of work: no list of tasks, no words of sequence, and no second verb that asks for work."
_PROSE_RULES: Final = (
    (SplitKind.SEQUENCED, split_sequence, "words of sequence"),
    (SplitKind.SEMICOLONS, split_semicolons, "semicolons"),
    (SplitKind.PARAGRAPHS, split_paragraphs, "paragraphs that each ask for work"),
    (SplitKind.CONJUNCTION, split_conjunctions, "verbs that each ask for work"),
)


def split_task(text: str) -> Split:
    """The parts of a task, or none with the reason. Raises InvalidParam for more than MAX_PARTS."""
    text = normalise_lines(text)
    split = _split_lists(text) or _split_prose(text)
    if split is None:
        return Split((), "", SplitKind.NONE, _ONE_PIECE)
    if len(split.parts) > MAX_PARTS:
        raise InvalidParam(
            f"task: it has {len(split.parts):,} parts; at most {MAX_PARTS} can be planned at once. "
            "Send it in pieces, or put small parts together."
        )
    return split


def _split_lists(text: str) -> Split | None:
    found = find_lists(text)
    if found is None:
        return None
    kind = SplitKind.NUMBERED if found.is_numbered else SplitKind.BULLETED
    return _split(kind, list(found.items), found.rest, f"{kind} items")


def _split_prose(text: str) -> Split | None:
    masked = hide_inline(hide_lists(hide_blocks(text)))
    inline = find_inline_numbers(text, hide_blocks(text))
    if inline:
        return _split(SplitKind.NUMBERED, list(inline.items), inline.rest, "numbers that count up")
    for kind, rule, words in _PROSE_RULES:
        found = rule(text, masked)
        if found and (split := _split(kind, *found, words)):
            return split
    return None


def _split(kind: SplitKind, items: list[str], rest: str, words: str) -> Split | None:
    parts = tuple(part for item in items if (part := tidy(item)))
    if len(parts) < 2:
        return None
    return Split(parts, rest, kind, f"Split into {len(parts)} parts by {words}.")
