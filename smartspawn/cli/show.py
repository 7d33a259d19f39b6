"""What the commands print: JSON for programs, tables and lines for people; no colour where nobody looks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

OUT: Final = Console(highlight=False)
ERR: Final = Console(stderr=True, highlight=False)


def show_json(value: Any) -> None:
    """One JSON document."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def show_json_line(value: Any) -> None:
    """One line of JSON, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def show_text(text: str) -> None:
    """Text as it is: what a model wrote is no markup of ours."""
    OUT.print(text, markup=False, soft_wrap=True)


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table; where nobody looks, lines with tabs between the fields."""
    if not OUT.is_terminal:
        for row in rows:
            show_text("\t".join(_cell(value) for value in row))
        return
    table = Table(title=title or None, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*[_escaped(_cell(value)) for value in row])
    OUT.print(table)


def tell(text: str) -> None:
    """A word to the user beside the result."""
    ERR.print(text, markup=False, soft_wrap=True)


def usd(amount: float | None) -> str:
    """Dollars with as many digits as tell small amounts apart."""
    if amount is None:
        return "unknown"
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.6f}".rstrip("0")


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")
