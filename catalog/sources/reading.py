"""Reading values that strangers wrote: nothing here trusts a type, a length or a size."""

from __future__ import annotations

import csv
import json
import math
import re
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import msgspec

from catalog.shapes import Payload, RejectedRow, Source
from smartspawn.lib.errors import SourceMalformed

NAME_LIMIT: Final = 200  # the longest real model name has 96 characters
EXCERPT_LIMIT: Final = 120
# The largest real source has some 40,000 rows; more is a mistake or an attack on memory.
ROWS_LIMIT: Final = 250_000
# A date later than the fetch by more than this is a mistake, which would outrank every true one.
CLOCK_SKEW: Final = timedelta(days=2)

# Control characters break terminals, feeds and PostgreSQL (NUL); lone surrogates break UTF-8.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# Written apart from the rest of a row: bidirectional overrides can make a name read as another.
_INVISIBLE: Final = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def clean_text(value: object, *, limit: int = NAME_LIMIT) -> str:
    """The text in one line, without control characters, at most ``limit`` long; "" if it is none."""
    if not isinstance(value, str):
        return ""
    head = value[: limit * 4]  # bounds the work on a hostile megabyte
    is_clean = head.isascii() and head.isprintable()  # nearly always, and ten times cheaper to tell
    printable = head.strip() if is_clean else _UNPRINTABLE.sub(" ", _INVISIBLE.sub("", head)).strip()
    return printable if len(printable) <= limit else printable[: limit - 1].rstrip() + "…"


def clean_name(value: object) -> str:
    """A model name or id; "" unless it is undamaged text of a believable length."""
    if not isinstance(value, str) or len(value) > NAME_LIMIT or "\ufffd" in value:
        return ""
    return clean_text(value)


def finite_number(value: object) -> float | None:
    """The number as a float; None for anything that is not a finite JSON number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def number_in_text(value: str) -> float | None:
    """The number that a CSV cell holds; None unless the whole cell is one plain finite number."""
    if not _PLAIN_NUMBER.fullmatch(value.strip()):
        return None
    return finite_number(float(value))


_PLAIN_NUMBER: Final = re.compile(r"[+-]?\d{1,18}(\.\d{0,18})?([eE][+-]?\d{1,2})?", re.ASCII)


def whole_number(value: object, *, at_most: int) -> int | None:
    """A positive whole number up to ``at_most``; None otherwise."""
    number = finite_number(value)
    if number is None or not 0 < number <= at_most or number != int(number):
        return None
    return int(number)


def iso_date(value: object) -> date | None:
    """The date at the start of an ISO date or timestamp; None if there is none."""
    if not isinstance(value, str) or not _ISO_DATE.match(value):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)


def is_future(day: date, payload: Payload) -> bool:
    """Whether the day lies after the payload was fetched, clocks that differ allowed for."""
    return day > payload.fetched_at.date() + CLOCK_SKEW


def texts(value: object, *, limit: int = 64) -> tuple[str, ...]:
    """The names in a list of names, without duplicates; everything else in it is left out."""
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(name for item in value[:limit] if (name := clean_name(item))))


def fields_of(value: object) -> Mapping[str, object]:
    """The object itself if it is a JSON object, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def decode_json(payload: Payload) -> object:
    """The JSON value in a payload; raises SourceMalformed if it is none."""
    try:
        return msgspec.json.decode(payload.body)
    except (ValueError, RecursionError):  # a ValueError is also what it raises on bad UTF-8
        return _decode_json_leniently(payload)


def _decode_json_leniently(payload: Payload) -> object:
    # One NaN, huge number or broken byte in one row makes a strict decoder refuse the other rows too.
    try:
        return json.loads(payload.body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise malformed(payload, f"is not JSON; it begins with {opening(payload)}") from error


def opening(payload: Payload) -> str:
    """How the payload begins, for a message: an error page or a cut file is easily told by it."""
    return repr(clean_text(payload.body[:60].decode("utf-8", "replace"), limit=40))


def malformed(payload: Payload, complaint: str) -> SourceMalformed:
    """The refusal of a whole payload."""
    return SourceMalformed(f"{payload.source} {payload.part} {complaint}", url=payload.url)


def bounded_rows(payload: Payload, rows: object) -> list[object]:
    """The rows, if they are a list of a believable length; raises SourceMalformed otherwise."""
    if not isinstance(rows, list):
        raise malformed(payload, "holds no list of rows")
    if len(rows) > ROWS_LIMIT:
        raise malformed(payload, f"holds {len(rows)} rows, more than the {ROWS_LIMIT} that are read")
    return rows


def csv_rows(payload: Payload) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is not blank, with its line number, the header first."""
    # Not splitlines(): a name may hold U+2028 and the like, which do not end a CSV line.
    lines = _LINE_END.split(payload.body.decode("utf-8-sig", "replace"))
    if len(lines) > ROWS_LIMIT:
        raise malformed(payload, f"holds {len(lines)} lines, more than the {ROWS_LIMIT} that are read")
    # A file that was written to its end has a whole last row, with or without a line end after it.
    if lines[-1].strip() and len(_cells(lines[-1])) < len(_cells(lines[0])):
        raise malformed(payload, "is cut: it ends in the middle of a row")
    for number, line in enumerate(lines, start=1):
        # Line by line, so that one stray quote cannot swallow the rest of the file.
        if line.strip():
            yield number, _cells(line)


_LINE_END: Final = re.compile(r"\r\n|\n|\r")


def _cells(line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line]))]
    except csv.Error:
        return []  # a cell beyond the csv module's limit of 128 kB: no cells, so a rejected row


@dataclass(slots=True)
class Rejections:
    """Counts the rows read and collects what could not be: at most one entry for each row."""

    source: Source
    row_count: int = 0
    _by_row: dict[tuple[str, int], RejectedRow] = field(default_factory=dict)

    def add(self, part: str, row: int, reason: str, excerpt: object = "") -> None:
        """Report a row; what is said of a row after its first fault is joined to the reason."""
        held = self._by_row.get((part, row))
        reasons = f"{held.reason}; {reason}" if held else reason
        text = held.excerpt if held else excerpt_of(excerpt)
        self._by_row[part, row] = RejectedRow(self.source, part, row, clean_text(reasons, limit=300), text)

    def rows(self) -> tuple[RejectedRow, ...]:
        """All of them, in the order in which they were met."""
        return tuple(self._by_row.values())


def excerpt_of(row: object) -> str:
    """The beginning of a row, short and printable."""
    return clean_text(row if isinstance(row, str) else _SHORT.repr(row), limit=EXCERPT_LIMIT)


class _ShortRepr(reprlib.Repr):
    """reprlib fails on an integer of more than 4,300 digits; an excerpt must never fail."""

    def repr_int(self, x: int, level: int) -> str:
        return super().repr_int(x, level) if abs(x) < 10**30 else "<huge integer>"


_SHORT: Final = _ShortRepr()
_SHORT.maxdict = 6
_SHORT.maxstring = 60
_SHORT.maxlevel = 3
