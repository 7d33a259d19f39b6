"""Split running text at semicolons and at paragraphs."""

from __future__ import annotations

import re
from typing import Final

from routing.decompose.masking import HIDDEN
from routing.decompose.requests import asks_for_work, find_lead_end, tidy

_SEMICOLON: Final = re.compile(r"[;；]")
_BLANK_LINES: Final = re.compile(r"\n[ \t\u3000]*\n\s*")
# What an item of a list without verbs may be ("pricing page; landing page; blog"), and code is not.
_LONGEST_ITEM_WORDS: Final = 12
_FEWEST_PLAIN_ITEMS: Final = 3
_LETTERS: Final = re.compile(r"[^\W\d_]")
_CODE_SIGNS: Final = re.compile(r"[{}=<>\\]|\(\)|->")


def split_semicolons(text: str, masked: str) -> tuple[list[str], str] | None:
    """The items between semicolons and what leads to them; None for prose and for code."""
    start = find_lead_end(masked)
    spans = _between(_SEMICOLON, masked, start)
    parts = [(tidy(text[begin:end]), masked[begin:end]) for begin, end in spans]
    parts = [(part, mask) for part, mask in parts if part]
    if len(parts) < 2 or not _is_item_list([mask for _, mask in parts]):
        return None
    return [part for part, _ in parts], text[:start].strip()


def split_paragraphs(text: str, masked: str) -> tuple[list[str], str] | None:
    """The paragraphs that ask for work, each with what explains it, and the background before the first."""
    background: list[str] = []
    parts: list[list[str]] = []
    for begin, end in _between(_BLANK_LINES, masked, 0):
        paragraph = text[begin:end].strip("\n").rstrip()
        if not paragraph.strip():
            continue
        if HIDDEN not in masked[begin : begin + 1] and asks_for_work(masked[begin:end]):
            parts.append([paragraph.strip()])
        else:
            (parts[-1] if parts else background).append(paragraph)
    if len(parts) < 2:
        return None
    return ["\n\n".join(part) for part in parts], "\n\n".join(background).strip()


def _between(separator: re.Pattern[str], masked: str, start: int) -> list[tuple[int, int]]:
    found = list(separator.finditer(masked, start))
    begins = [start, *(cut.end() for cut in found)]
    ends = [*(cut.start() for cut in found), len(masked)]
    return list(zip(begins, ends, strict=True))


def _is_item_list(items: list[str]) -> bool:
    if any(_CODE_SIGNS.search(item) or not _LETTERS.search(item) for item in items):
        return False
    if asks_for_work(items[0]):
        return sum(asks_for_work(item) for item in items) * 2 > len(items)
    is_short = all(len(item.split()) <= _LONGEST_ITEM_WORDS and "\n" not in item for item in items)
    return is_short and len(items) >= _FEWEST_PLAIN_ITEMS and ":" not in items[0]
