"""Fetching the pages that a search found: public addresses alone, bounded in number, time and size.

Every line of a page is quoted, so that a page cannot pass off its own words as another page or as a heading.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runs.shapes import NodeInput, NodeSpec, NodeStatus, Reading
from runs.texts.cutting import cut
from runs.tools.pages import PageText, read_page
from smartspawn.lib.errors import SmartSpawnError
from smartspawn.lib.http import Door, Patience

_PATIENCE: Final = Patience(connect_s=5.0, read_s=10.0, total_s=20.0, body_bytes=3 * 1024 * 1024, attempts=2)
_HEADERS: Final = {"Accept": "text/html, application/xhtml+xml, text/plain;q=0.9, */*;q=0.1"}
MOST_PAGES: Final = 10
_DEFAULT_PAGES: Final = 3
# A page of a thousand lines is cut in the middle: three of these fit every model with room.
MOST_PAGE_CHARS: Final = 30_000


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that was fetched, or why it was not."""

    url: str
    title: str
    text: str = ""
    problem: str = ""


async def fetch(spec: NodeSpec, inputs: Sequence[NodeInput], *, door: Door) -> Reading:
    """The text of the first pages that can be had; a problem where none can. The others are named with the reason."""
    wanted = spec.params.get("count")
    count = min(wanted, MOST_PAGES) if isinstance(wanted, int) and wanted > 0 else _DEFAULT_PAGES
    addresses = _addresses(spec, inputs)
    if not addresses:
        return Reading("", problem="there is no page to fetch")
    pages = await _fetch_until(addresses, count, door)
    read = [page for page in pages if page.text]
    problems = [f"{page.url}: {page.problem}" for page in pages if not page.text]
    if not read:
        return Reading("", problem=f"no page could be read ({'; '.join(problems)[:500]})")
    shown = [_shown(page) for page in read]
    if problems:
        shown.append("Pages that could not be read:\n" + "\n".join(f"- {problem}" for problem in problems))
    return Reading("\n\n".join(shown), data=[{"url": page.url, "title": page.title} for page in read])


async def _fetch_until(addresses: Sequence[tuple[str, str]], count: int, door: Door) -> list[_Page]:
    """Pages in the order of the search, in batches until enough were read."""
    pages: list[_Page] = []
    left = list(addresses)
    while left and (missing := count - sum(bool(page.text) for page in pages)) > 0:
        batch, left = left[:missing], left[missing:]
        pages.extend(await asyncio.gather(*(_fetch_one(url, title, door) for url, title in batch)))
    return pages


async def _fetch_one(url: str, title: str, door: Door) -> _Page:
    try:
        answer = await door.get(url, headers=_HEADERS, patience=_PATIENCE)
    except SmartSpawnError as fault:
        return _Page(url, title, problem=fault.message)
    # In a thread: a large page takes a while to read, and other nodes are being done meanwhile.
    page = await asyncio.to_thread(read_page, answer.body, answer.headers.get("content-type", ""))
    if page is None:
        return _Page(
            url, title, problem=f"it is {answer.headers.get('content-type', 'unknown')[:60]}, which is no text"
        )
    if not page.text:
        return _Page(url, title, problem="it holds no text")
    return _Page(answer.url, _title(page, title), cut(page.text, MOST_PAGE_CHARS))


def _title(page: PageText, title: str) -> str:
    return " ".join((page.title or title or "Untitled").split())[:200]


def _shown(page: _Page) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in page.text.splitlines())
    return f"## {page.title}\n{page.url}\n\n{quoted}"


def _addresses(spec: NodeSpec, inputs: Sequence[NodeInput]) -> list[tuple[str, str]]:
    """Each address once, with its title: those of the node itself, then those that searches found."""
    given = spec.params.get("urls")
    rows: list[object] = [{"url": url} for url in given] if isinstance(given, list | tuple) else []
    for item in inputs:
        if item.status is NodeStatus.COMPLETED and isinstance(item.data, list):
            rows.extend(item.data)
    found: dict[str, str] = {}
    for row in rows:
        if isinstance(row, Mapping) and isinstance(row.get("url"), str):
            found.setdefault(str(row["url"]), str(row.get("title") or ""))
    return list(found.items())
