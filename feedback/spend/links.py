"""Where the pages of spend lead: the same look by another dimension or range, and the calls behind a figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlencode

from django.urls import reverse

from feedback.spend.inputs import is_too_wide
from feedback.spend.overview import Overview
from feedback.spend.shapes import DIMENSION_TITLES, NO_VALUE, RANGE_TITLES, Bar, Look, Range, SpendRow
from runs.spend.shapes import Dimension, SpendLine

PAGE = "feedback:spend"
CALLS = "feedback:spend-calls"
SAVINGS = "feedback:spend-savings"
CASCADE = "feedback:spend-cascade"
FORECAST = "feedback:spend-forecast"


@dataclass(frozen=True, slots=True)
class Link:
    """A way to another look."""

    label: str
    url: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class LinkedRow:
    """A row of the table with the calls behind it and the look that keeps to it."""

    row: SpendRow
    calls_url: str
    narrow_url: str
    colour: int | None  # the place of its series in the chart


@dataclass(frozen=True, slots=True)
class LinkedBar:
    """A stretch of days with the calls behind it, and behind each of its parts."""

    bar: Bar
    calls_url: str
    part_urls: tuple[str, ...]

    @property
    def parts(self) -> list[tuple[int, str]]:
        """What each series cost here, with its calls."""
        return list(zip(self.bar.costs_nano_usd, self.part_urls, strict=True))


def url_of(name: str, look: Look, **changes: str | None) -> str:
    """The page of this name for this look, with some parameters changed."""
    query = urlencode(look.query(**changes))
    return f"{_path(name)}?{query}"


@lru_cache(maxsize=16)
def _path(name: str) -> str:
    """A page has hundreds of links to the same few addresses."""
    return reverse(name)


def calls_url(look: Look, **changes: str | None) -> str:
    """The calls behind a look."""
    return url_of(CALLS, look, **{"by": None, **changes})


def range_links(name: str, look: Look) -> list[Link]:
    """The ranges that have a name."""
    return [
        Link(title, url_of(name, look, **{"range": item.value, "from": None, "to": None}), look.range is item)
        for item, title in RANGE_TITLES.items()
        if item is not Range.CUSTOM
    ]


def dimension_links(look: Look) -> list[Link]:
    """The dimensions by which this person may divide; one that is narrowed down to a value divides no more."""
    fixed = {dimension for dimension, _ in look.shown_filters}
    return [
        Link(title, url_of(PAGE, look, by=item.value), look.by is item)
        for item, title in DIMENSION_TITLES.items()
        if (item is not Dimension.USER or look.is_everybodys) and (item not in fixed or look.by is item)
    ]


def section_links(look: Look, current: str) -> list[Link]:
    """The pages of spend, all for the same days and the same part."""
    pages = {
        PAGE: "Overview",
        SAVINGS: "Savings",
        CASCADE: "Cascade",
        FORECAST: "Forecast",
        CALLS: "Calls",
    }
    if look.is_everybodys:  # whose bills they are is the site's matter
        pages |= {"feedback:spend-reconciliation": "Bills", "feedback:spend-prices": "Prices"}
    return [
        Link(title, url_of(name, look, **({} if name == PAGE else {"by": None})), name == current)
        for name, title in pages.items()
    ]


def chips(name: str, look: Look, titles: Mapping[tuple[Dimension, str], str]) -> list[Link]:
    """What the look is narrowed down to, each with the way to let go of it."""
    return [
        Link(
            f"{DIMENSION_TITLES[dimension]}: {titles[dimension, value]}", url_of(name, look, **{dimension.value: None})
        )
        for dimension, value in look.shown_filters
    ]


def linked_rows(shown: Overview) -> list[LinkedRow]:
    """The table's rows with their ways on."""
    name = shown.look.by.value
    next_by = Dimension.CATEGORY if shown.look.by is Dimension.MODEL else Dimension.MODEL
    return [
        LinkedRow(
            row,
            calls_url(shown.look, **{name: row.value or NO_VALUE}),
            _narrowed_url(shown.look, row, next_by),
            place if place < len(shown.series) else None,
        )
        for place, row in enumerate(shown.rows)
    ]


def _narrowed_url(look: Look, row: SpendRow, next_by: Dimension) -> str:
    """The look that keeps to the row; of the last month alone where that is as much as can be looked at."""
    dimension = look.by
    named = {dimension.value: row.value or NO_VALUE, "by": next_by.value}
    part = look.part.narrowed(dimension, row.value) if dimension is not Dimension.USER else look.part
    if is_too_wide(replace(look, part=part)):
        named |= {"range": Range.MONTH.value}
        return url_of(PAGE, replace(look, range=Range.MONTH), **named)
    return url_of(PAGE, look, **named)


def linked_bars(shown: Overview) -> list[LinkedBar]:
    """The chart's bars with the calls behind each part; what everything else holds leads to all of the bar."""
    look, name = shown.look, shown.look.by.value
    linked = []
    for bar in shown.bars:
        there = replace(look, period=bar.period, range=Range.CUSTOM)
        parts = (calls_url(there, **{name: row.value or NO_VALUE}) for row in shown.series)
        linked.append(LinkedBar(bar, calls_url(there), tuple(parts)))
    return linked


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A line of the ledger with whose it is and where its work is shown."""

    line: SpendLine
    who: str
    key: str
    url: str  # of the run's node, of the decision, or empty


def named_line(line: SpendLine, titles: Mapping[tuple[Dimension, str], str]) -> NamedLine:
    """The line with its names and its way on."""
    return NamedLine(
        line,
        titles[Dimension.USER, str(line.user_id or 0)],
        titles[Dimension.KEY, str(line.key_id)] if line.key_id else "",
        _work_url(line),
    )


def _work_url(line: SpendLine) -> str:
    if line.run_id is not None:
        return reverse("runs:run", args=[line.run_id])
    return reverse("routing:decision", args=[line.decision_id]) if line.decision_id else ""
