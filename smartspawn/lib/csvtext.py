"""CSV for spreadsheets, a line at a time."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

# A spreadsheet runs a cell that starts so as a formula; names come from strangers.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_NEGATIVE: Final = re.compile(r"-[0-9]+(\.[0-9]+)?")


class _Echo:
    """Gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The header and each row as one line of text; no cell can start a formula."""
    writer = csv.writer(_Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([_inert(cell) for cell in row])


def _inert(cell: object) -> object:
    """The cell as spreadsheets take it for a text or a number, and for nothing that runs."""
    if not isinstance(cell, str) or not cell.startswith(_FORMULA_STARTS):
        return cell
    return cell if _NEGATIVE.fullmatch(cell) else f"'{cell}"
