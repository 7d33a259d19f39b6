"""Lists as models write them, in Markdown or plain: their items, and an outline's sections. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ITEM: Final = re.compile(r"^(?P<indent>[ \t]*)(?:[-*+•]|\(?\d{1,3}[.):]|#{1,4})[ \t]+(?P<text>\S.*)$")
_MARKUP: Final = re.compile(r"\*\*|__|`")
_TITLE: Final = re.compile(r"^(?P<title>.{2,120}?)\s*(?::|\s[-–—])\s+(?P<about>\S.*)$", re.DOTALL)
_LONGEST_TITLE: Final = 120


@dataclass(frozen=True, slots=True)
class OutlineSection:
    """A section that is to be written."""

    title: str
    about: str = ""


def list_items(text: str) -> list[str]:
    """The items of the outermost list in the text, each with the lines that belong to it; empty without a list."""
    items: list[list[str]] = []
    margin: int | None = None
    for line in text.splitlines():
        found = _ITEM.match(line)
        indent = len(found["indent"].expandtabs(4)) if found else 0
        if found and (margin is None or indent <= margin):
            margin = indent if margin is None else min(margin, indent)
            items.append([found["text"].strip()])
        elif items and line.strip() and (found or line[:1].isspace()):
            items[-1].append(line.strip())
    return ["\n".join(lines) for lines in items]


def read_outline(text: str, *, most: int) -> list[OutlineSection]:
    """The sections of an outline, at most so many: what exceeds is told to the last, so that nothing is lost."""
    sections = [_section(item) for item in list_items(text)]
    if len(sections) <= most:
        return sections
    kept, rest = sections[: most - 1], sections[most - 1 :]
    about = "; ".join(f"{section.title}: {section.about}" if section.about else section.title for section in rest)
    return [*kept, OutlineSection(rest[0].title, about)]


def _section(item: str) -> OutlineSection:
    plain = " ".join(_MARKUP.sub("", item).split())
    found = _TITLE.match(plain)
    if found:
        return OutlineSection(found["title"].strip(), found["about"].strip())
    return OutlineSection(plain[:_LONGEST_TITLE], plain if len(plain) > _LONGEST_TITLE else "")
