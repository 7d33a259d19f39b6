"""The calls behind a figure of spend: their sum, and a page of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from feedback.spend.shapes import Look
from runs.spend.lines import list_lines
from runs.spend.queries import sums_by_day, titles_of
from runs.spend.shapes import Dimension, LineCursor, SpendLine, Spent, sum_up

PAGE_LINES: Final = 50


@dataclass(frozen=True, slots=True)
class CallPage:
    """Some calls of a look, newest day first, with what all of them come to."""

    look: Look
    total: Spent
    lines: tuple[SpendLine, ...]
    next: LineCursor | None
    titles: Mapping[tuple[Dimension, str], str]


def list_calls(look: Look, *, after: LineCursor | None = None, most: int = PAGE_LINES) -> CallPage:
    """A page of the calls; their sum is the one that the figure showed. Three queries."""
    days = sums_by_day(look.part, look.period)
    lines = list_lines(look.part, days, after=after, most=most + 1)
    shown = lines[:most]
    last = LineCursor(shown[-1].day, shown[-1].line_id) if len(lines) > most else None
    titles = titles_of(_named(look, shown), seen_by=look.seen_by)
    return CallPage(look, sum_up(days.values()), shown, last, titles)


def _named(look: Look, lines: tuple[SpendLine, ...]) -> set[tuple[Dimension, str]]:
    named = set(look.shown_filters)
    for line in lines:
        named.add((Dimension.USER, str(line.user_id or 0)))
        named.add((Dimension.KEY, str(line.key_id or 0)))
    return named
