"""LiveBench: objective tasks in seven categories, renewed with every release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Final

from catalog.shapes import Measure, ParsedSource, Payload, Source, SourceInfo, SourceRecord
from catalog.sources.captures import matching_files, read_file
from catalog.sources.fetching import Fetcher, fetch_together
from catalog.sources.ranges import is_possible
from catalog.sources.reading import (
    Rejections,
    clean_name,
    csv_rows,
    decode_json,
    fields_of,
    is_future,
    iso_date,
    malformed,
    number_in_text,
    opening,
    texts,
)
from catalog.sources.shapes import SourceConfig
from smartspawn.lib.errors import SourceMalformed, SourceUnreachable
from smartspawn.lib.http import Door, Patience

INFO: Final = SourceInfo(
    key=Source.LIVEBENCH,
    title="LiveBench",
    home_url="https://livebench.ai/",
    licence="No licence stated for the data (code: Apache-2.0)",
    attribution="Scores by LiveBench (livebench.ai).",
    refresh_minutes=1440,
    is_on_by_default=True,
    needs_key=False,
    is_redistributable=False,
    note="Tasks change between releases: values compare only within one release.",
)

# For a release whose own category file is missing: the categories since 2025-12-23.
_DEFAULT_CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "reasoning": ("theory_of_mind", "zebra_puzzle", "spatial", "logic_with_navigation"),
    "coding": ("code_generation", "code_completion"),
    "agentic_coding": ("javascript", "typescript", "python"),
    "mathematics": ("AMPS_Hard", "integrals_with_game", "math_comp", "olympiad"),
    "data_analysis": ("consecutive_events", "tablejoin", "tablereformat"),
    "language": ("connections", "plot_unscrambling", "typos"),
    "if": ("paraphrase", "simplify", "story_generation", "summarize"),
}
_REPOSITORIES: Final = ("LiveBench/new-livebench", "LiveBench/livebench.github.io")
# Where a release's files may lie, the likeliest first: the site can be ahead of both repositories.
_PLACES: Final = (
    "https://livebench.ai",
    "https://livebench.ai/new-livebench",
    *(f"https://raw.githubusercontent.com/{repository}/main/public" for repository in _REPOSITORIES),
)
# Tried when no list of releases can be had (unauthenticated lists are few an hour).
_KNOWN_RELEASES: Final = frozenset({"2025_11_25", "2026_01_08", "2026_06_25"})
_PATIENCE: Final = Patience(total_s=20.0, attempts=2)  # there are other places to ask
# A new release starts with few models; three older ones still hold what is listed today.
_MOST_RELEASES: Final = 4
_CATEGORY_SYNONYMS: Final = {"math": "mathematics", "instruction_following": "if"}
_CATEGORY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_TABLE_FILE: Final = re.compile(r"table_(\d{4}_\d{2}_\d{2})\.csv", re.ASCII)
_RELEASE: Final = re.compile(r"(table|categories)_(\d{4}_\d{2}_\d{2})", re.ASCII)


async def fetch(door: Door, known: Mapping[str, Payload], config: SourceConfig) -> tuple[Payload, ...]:
    """The table of each recent release, with its categories where they are published."""
    fetcher = Fetcher(INFO.key, door, known, config, patience=_PATIENCE)
    listings = [partial(_listed_releases, fetcher, repository) for repository in _REPOSITORIES]
    listed = frozenset().union(*await fetch_together(listings, at_once=len(listings)))
    held = frozenset(part.removeprefix("table_") for part in known if part.startswith("table_"))
    newest = sorted(listed | held | (_KNOWN_RELEASES if not listed else frozenset()))[-_MOST_RELEASES:]
    releases = [partial(_fetch_release, fetcher, release, is_listed=release in listed) for release in newest]
    payloads = [payload for found in await fetch_together(releases, at_once=2) for payload in found]
    if not payloads:
        raise SourceUnreachable("no release of LiveBench could be found")
    return tuple(payloads)


async def _listed_releases(fetcher: Fetcher, repository: str) -> frozenset[str]:
    """The releases whose tables a repository holds; none if it cannot be asked now."""
    url = f"https://api.github.com/repos/{repository}/contents/public"
    try:
        files = decode_json(await fetcher.part(f"listing_{repository}", url))
    except (SourceUnreachable, SourceMalformed):
        return frozenset()
    names = [clean_name(fields_of(file).get("name")) for file in files] if isinstance(files, list) else []
    return frozenset(found[1] for name in names if (found := _TABLE_FILE.fullmatch(name)))


async def _fetch_release(fetcher: Fetcher, release: str, *, is_listed: bool) -> tuple[Payload, ...]:
    table = await _first_place(fetcher, f"table_{release}", suffix="csv", opening=b"model,")
    if table is None:
        held = tuple(fetcher.known[part] for part in _parts_of(release) if part in fetcher.known)
        if is_listed and not held:  # without it the models of a whole release would be missing
            raise SourceUnreachable(f"the table of release {release} could not be had from any place")
        return held
    categories = await _first_place(fetcher, f"categories_{release}", suffix="json", opening=b"{")
    return (table, categories) if categories else (table,)


def _parts_of(release: str) -> tuple[str, str]:
    return f"table_{release}", f"categories_{release}"


async def _first_place(fetcher: Fetcher, part: str, *, suffix: str, opening: bytes) -> Payload | None:
    """The file from the first place that has it: a site may answer an unknown address with a page."""
    for place in _PLACES:
        try:
            payload = await fetcher.part(part, f"{place}/{part}.{suffix}")
        except (SourceUnreachable, SourceMalformed):
            continue
        if payload.body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(opening):
            return payload
    return None


def read_captures(directory: Path, *, fetched_at: datetime) -> tuple[Payload, ...]:
    """The saved tables and category files of every release in a folder."""
    tables = matching_files(directory, "livebench/table_*.csv", "livebench_table_*.csv")
    categories = matching_files(directory, "livebench/categories_*.json", "livebench_categories_*.json")
    return tuple(
        read_file(path, directory=directory, source=INFO.key, part=found[0], fetched_at=fetched_at)
        for path in (*tables, *categories)
        if (found := _RELEASE.search(path.stem))
    )


def parse(payloads: Sequence[Payload]) -> ParsedSource:
    """One record for each model and release; a category's value is the mean of its measured tasks."""
    rejections = Rejections(INFO.key)
    by_part = {payload.part: payload for payload in payloads}
    releases = sorted(_releases(payloads))
    if payloads and not releases:
        raise malformed(payloads[0], "comes without the table of any release")
    records: list[SourceRecord] = []
    for released_on in releases:
        table, categories = (by_part.get(part) for part in _parts_of(f"{released_on:%Y_%m_%d}"))
        if table:
            records += _records(table, released_on, _categories(categories, rejections), rejections)
    newest = releases[-1] if releases else None
    return ParsedSource(
        source=INFO.key,
        records=tuple(records),
        rejected=rejections.rows(),
        as_of=newest,
        version=newest.isoformat() if newest else "",
        row_count=rejections.row_count,
    )


def _releases(payloads: Sequence[Payload]) -> Iterator[date]:
    for payload in payloads:
        found = _RELEASE.fullmatch(payload.part)
        released_on = iso_date(found[2].replace("_", "-")) if found and found[1] == "table" else None
        if released_on and is_future(released_on, payload):
            raise malformed(payload, f"is dated in the future: {released_on}")
        if released_on:
            yield released_on


# --- categories ----------------------------------------------------------------------------


def _categories(payload: Payload | None, rejections: Rejections) -> Mapping[str, tuple[str, ...]]:
    """The release's own grouping of tasks, or the default where it cannot be read."""
    if payload is None:
        return _DEFAULT_CATEGORIES
    try:
        named = fields_of(decode_json(payload))
    except SourceMalformed as error:
        rejections.add(payload.part, 0, f"{error.message}; the default categories stand in")
        return _DEFAULT_CATEGORIES
    grouped = {key: tasks for name, value in named.items() if (key := _category_of(name)) and (tasks := texts(value))}
    if not grouped:
        rejections.add(payload.part, 0, "groups no tasks; the default categories stand in")
    return grouped or _DEFAULT_CATEGORIES


def _category_of(name: str) -> str:
    spelled = clean_name(name).lower().replace(" ", "_").replace("-", "_")
    return _CATEGORY_SYNONYMS.get(spelled, spelled) if _CATEGORY.fullmatch(spelled) else ""


# --- tables --------------------------------------------------------------------------------


def _records(
    payload: Payload,
    released_on: date,
    categories: Mapping[str, Sequence[str]],
    rejections: Rejections,
) -> Iterator[SourceRecord]:
    lines = csv_rows(payload)
    _, header = next(lines, (0, []))
    if "model" not in header or not any(task in header for tasks in categories.values() for task in tasks):
        raise malformed(payload, f"is no table of models and tasks; it begins with {opening(payload)}")
    seen: set[str] = set()
    for number, cells in lines:
        rejections.row_count += 1
        if len(cells) != len(header):
            rejections.add(payload.part, number, f"has {len(cells)} cells instead of {len(header)}", cells)
            continue
        row = dict(zip(header, cells, strict=True))
        name = clean_name(row["model"])
        if not name or name in seen:
            rejections.add(payload.part, number, "is listed twice" if name else "has no usable model name", cells)
            continue
        seen.add(name)
        scores = _scores(payload, number, row, rejections)
        measures = tuple(_measures(released_on, categories, scores))
        if measures:
            yield SourceRecord(INFO.key, name, measures=measures, payload_sha256=payload.sha256)
        else:
            rejections.add(payload.part, number, "has no score in any category", cells)


def _scores(payload: Payload, number: int, row: Mapping[str, str], rejections: Rejections) -> dict[str, float]:
    """The tasks that were measured; a blank cell is one that was not."""
    scores: dict[str, float] = {}
    for task, cell in row.items():
        if task == "model" or not cell:
            continue
        value = number_in_text(cell)
        if value is not None and is_possible("livebench.", value):
            scores[task] = value
        else:
            rejections.add(payload.part, number, f"{task} cannot be {cell[:20]!r}", row["model"])
    return scores


def _measures(
    released_on: date, categories: Mapping[str, Sequence[str]], scores: Mapping[str, float]
) -> Iterator[Measure]:
    for category, tasks in categories.items():
        measured = [scores[task] for task in tasks if task in scores]
        if measured:
            yield Measure(
                benchmark=f"livebench.{category}",
                value=round(fmean(measured), 4),
                release=released_on.isoformat(),
                measured_on=released_on,
            )
