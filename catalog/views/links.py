"""Addresses that carry a page's whole state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

Params = Mapping[str, str | int | Iterable[str] | None]


def link(path: str, params: Params) -> str:
    """The path with its parameters; those that are empty are left out."""
    pairs = [(key, item) for key, value in params.items() for item in _values(value)]
    return f"{path}?{urlencode(pairs, safe='/:,')}" if pairs else path


def _values(value: str | int | Iterable[str] | None) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, (str, int)):
        return [str(value)]
    return [item for item in value if item]


@dataclass(frozen=True, slots=True)
class Tab:
    """One of several views of the same thing."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a page stands in its list, and the way to its neighbours."""

    noun: str
    total: int
    first_number: int
    last_number: int
    previous_url: str
    next_url: str


def pager(path: str, params: Params, *, noun: str, page: int, page_size: int, total: int) -> Pager:
    """The pager of a numbered list; the first page's address carries no number."""
    first = (page - 1) * page_size + 1 if total else 0
    last = min(page * page_size, total)
    return Pager(
        noun=noun,
        total=total,
        first_number=first,
        last_number=last,
        previous_url=link(path, {**params, "page": page - 1 if page > 2 else None}) if page > 1 else "",
        next_url=link(path, {**params, "page": page + 1}) if last < total else "",
    )
