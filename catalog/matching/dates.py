"""Dates as model names write them: 20251101, 2024-08-06, 0528, 05-06, 2507, 09-2025, Nov '24."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

# Model checkpoints exist since 2022; a two-digit number from 22 on can therefore be a year, and the
# months (1 to 12) can not, so that "2507" and "0725" are never mistaken for each other.
_FIRST_YEAR: Final = 2022
_LAST_YEAR: Final = 2035
_MONTHS: Final = {
    name.casefold(): number
    for number in range(1, 13)
    for name in (calendar.month_name[number], calendar.month_abbr[number])
} | {"sept": 9}
# A catalogue lists a model when it can be called: on the day of its checkpoint, or some weeks later.
_LISTED_AFTER_DAYS: Final = 31
_LISTED_BEFORE_DAYS: Final = 2  # time zones, and listings prepared the day before
_MONTH_SLACK_DAYS: Final = 10


@dataclass(frozen=True, slots=True)
class DateMark:
    """A checkpoint date as far as a name gives it; a name without a year leaves it open."""

    year: int | None
    month: int
    day: int | None

    def __str__(self) -> str:
        if not (self.year or self.day):
            return calendar.month_name[self.month]
        parts = (f"{self.year:04}" if self.year else "", f"{self.month:02}", f"{self.day:02}" if self.day else "")
        return "-".join(part for part in parts if part)

    def as_day(self) -> date | None:
        """The day itself, where the name gives all of it."""
        return date(self.year, self.month, self.day) if self.year and self.day else None

    def agrees_with(self, other: DateMark, *, year: int | None = None) -> bool:
        """Whether both can mean the same checkpoint; ``year`` stands in where ``other`` gives none."""
        years = (self.year, other.year or year)
        days = (self.day, other.day)
        return (
            self.month == other.month
            and (None in years or years[0] == years[1])
            and (None in days or days[0] == days[1])
        )

    def precedes_listing(self, listed_on: date) -> bool:
        """Whether a checkpoint of this date can be what was listed on that day."""
        if self.day is None:
            return self._month_fits(listed_on)
        lag = (listed_on - self._on(listed_on)).days
        return -_LISTED_BEFORE_DAYS <= lag <= _LISTED_AFTER_DAYS

    def is_on(self, day: date) -> bool:
        """Whether this is that very day, or that very month where no day is given."""
        return (self.year or day.year, self.month, self.day or day.day) == (day.year, day.month, day.day)

    def _month_fits(self, listed_on: date) -> bool:
        year = self.year or listed_on.year
        first = date(year, self.month, 1)
        last = date(year, self.month, calendar.monthrange(year, self.month)[1])
        return first <= listed_on <= last + timedelta(days=_MONTH_SLACK_DAYS)

    def _on(self, listed_on: date) -> date:
        """The day meant; without a year, the last one up to the listing."""
        slack = listed_on + timedelta(days=_LISTED_BEFORE_DAYS)
        for year in (self.year,) if self.year else (slack.year, slack.year - 1):
            last = calendar.monthrange(year, self.month)[1]
            day = date(year, self.month, min(self.day or 1, last))
            if self.year or day <= slack:
                return day
        return listed_on - timedelta(days=366)  # 29 February of a year that has none


def mark_of(day: date) -> DateMark:
    """The mark that names a whole day."""
    return DateMark(day.year, day.month, day.day)


def month_mark(text: str) -> DateMark | None:
    """The date that a month's name gives where it stands alone: "GPT-4o (Nov)"."""
    month = _MONTHS.get(text)
    return DateMark(None, month, None) if month else None


def take_date(texts: Sequence[str]) -> tuple[DateMark, int] | None:
    """The date at the head of these tokens and how many tokens it takes; None if there is none."""
    return _with_month_name(texts) or _of_three(texts) or _of_two(texts) or _of_one(texts)


def _with_month_name(texts: Sequence[str]) -> tuple[DateMark, int] | None:
    month = _MONTHS.get(texts[0])
    if month is None or len(texts) < 2:
        return None
    year = _year(texts[1])
    return (DateMark(year, month, None), 2) if year else None


def _of_three(texts: Sequence[str]) -> tuple[DateMark, int] | None:
    """2024-08-06 and 26-01-10."""
    if len(texts) < 3 or not all(_is_pair(text) for text in texts[1:3]):
        return None
    mark = _dated(texts[0], texts[1], texts[2])
    return (mark, 3) if mark else None


def _of_two(texts: Sequence[str]) -> tuple[DateMark, int] | None:
    """05-06, 08-2024 and 2024-08."""
    if len(texts) < 2:
        return None
    first, second = texts[:2]
    if _is_pair(first) and _is_pair(second):
        mark = _mark(None, first, second)
    elif _is_pair(first) and len(second) == 4:
        mark = _dated(second, first)
    elif len(first) == 4 and _is_pair(second):
        mark = _dated(first, second)
    else:
        return None
    return (mark, 2) if mark else None


def _of_one(texts: Sequence[str]) -> tuple[DateMark, int] | None:
    """20251101, 202506, 251015, 2507 and 0528; with or without a "v" before it."""
    text = texts[0].removeprefix("v")
    if not (text.isascii() and text.isdigit()):
        return None
    if len(text) == 8:
        mark = _dated(text[:4], text[4:6], text[6:])
    elif len(text) == 6:
        mark = _dated(text[:4], text[4:]) or _dated(text[:2], text[2:4], text[4:])
    elif len(text) == 4:
        mark = _dated(text[:2], text[2:]) or _mark(None, text[:2], text[2:])
    else:
        mark = None
    return (mark, 1) if mark else None


def _dated(year: str, month: str, day: str = "") -> DateMark | None:
    number = _year(year)
    return _mark(number, month, day) if number else None


def _mark(year: int | None, month: str, day: str) -> DateMark | None:
    if not 1 <= int(month) <= 12:
        return None
    if not day:
        return DateMark(year, int(month), None)
    longest = calendar.monthrange(year or 2024, int(month))[1]
    return DateMark(year, int(month), int(day)) if 1 <= int(day) <= longest else None


def _year(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) not in (2, 4):
        return None
    year = int(text) + (2000 if len(text) == 2 else 0)
    return year if _FIRST_YEAR <= year <= _LAST_YEAR else None


def _is_pair(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isdigit()
