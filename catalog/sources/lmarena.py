"""LMArena: how often people prefer a model's answer, as ratings by kind of prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Final

from catalog.shapes import Measure, ParsedSource, Payload, Source, SourceInfo, SourceRecord
from catalog.sources.captures import matching_files, read_file
from catalog.sources.fetching import Fetcher, fetch_together
from catalog.sources.lmarena_formats import Row, read_rows
from catalog.sources.ranges import is_possible
from catalog.sources.reading import Rejections, clean_name, finite_number, is_future, iso_date, malformed
from catalog.sources.shapes import SourceConfig
from smartspawn.lib.http import Door

INFO: Final = SourceInfo(
    key=Source.LMARENA,
    title="LMArena",
    home_url="https://huggingface.co/datasets/lmarena-ai/leaderboard-dataset",
    licence="CC-BY-4.0",
    attribution="Ratings by LMArena (lmarena-ai/leaderboard-dataset), CC BY 4.0.",
    refresh_minutes=1440,
    is_on_by_default=True,
    needs_key=False,
    is_redistributable=True,
    note="Style-controlled ratings; those without style control are another scale and are kept apart.",
)

_URL: Final = "https://huggingface.co/datasets/lmarena-ai/leaderboard-dataset/resolve/main"
# One file each instead of a hundred pages; without style control is another scale that nobody needs.
_FETCHED_CONFIGS: Final = ("text_style_control", "vision")
# The configuration decides the scale, so it decides the benchmark's name.
_BENCHMARK_OF_CONFIG: Final = {
    "text_style_control": "lmarena.text",
    "text": "lmarena.text_plain",
    "vision": "lmarena.vision",
    "vision_style_control": "lmarena.vision_style_control",
    "csv_text": "lmarena.csv_text",
    "csv_vision": "lmarena.csv_vision",
}
# The arena's own export and its dataset spell some categories differently.
_CATEGORY_SYNONYMS: Final = {
    "full": "overall",
    "if": "instruction_following",
    "hard": "hard_prompts",
    "hard_6": "hard_prompts",
    "hard_english": "hard_prompts_english",
    "hard_english_6": "hard_prompts_english",
    "multiturn": "multi_turn",
    "long_user": "longer_query",
    "long_query": "longer_query",
    "creative_writing_vision": "creative_writing",
}
# Not kinds of prompts, but the overall ranking without some votes; stale upstream.
_DROPPED_CATEGORIES: Final = frozenset(
    {"no_tie", "no_short", "no_refusal", "dedup", "exclude_ties", "exclude_short_query", "exclude_refusal"}
)
_CATEGORY: Final = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)
_DATE_IN_PART: Final = re.compile(r"_(\d{4})_(\d{2})_(\d{2})$", re.ASCII)


async def fetch(door: Door, known: Mapping[str, Payload], config: SourceConfig) -> tuple[Payload, ...]:
    """The parquet file of each configuration that is scored."""
    fetcher = Fetcher(INFO.key, door, known, config)
    fetches = [partial(fetcher.part, name, f"{_URL}/{name}/latest-00000-of-00001.parquet") for name in _FETCHED_CONFIGS]
    return await fetch_together(fetches, at_once=len(fetches))


def read_captures(directory: Path, *, fetched_at: datetime) -> tuple[Payload, ...]:
    """The saved ratings of a folder: the dataset's parquet, else its JSON rows, else the old CSV."""
    return tuple(
        read_file(path, directory=directory, source=INFO.key, part=_part_of(path, directory), fetched_at=fetched_at)
        for path in matching_files(
            directory, "lmarena/*.parquet", "lmarena/*-rows*.json", "lmarena-csv/*.csv", "lmarena_*.csv"
        )
        if _part_of(path, directory)
    )


def parse(payloads: Sequence[Payload]) -> ParsedSource:
    """One record for each model and payload; of several rows for one category the most voted stands."""
    rejections = Rejections(INFO.key)
    records: list[SourceRecord] = []
    releases: list[date] = []
    for payload in _newest_of_each_config(payloads):
        ratings = list(_ratings(payload, rejections))
        # The latest split may still hold rows of earlier dates, of models that were taken off.
        newest = max((rating.published_on for rating in ratings if rating.published_on), default=None)
        releases += [newest] if newest else []
        current = (rating for rating in ratings if rating.published_on in (newest, None))
        records += _records(payload, _most_voted(current))
    if payloads and not records:
        raise malformed(payloads[0], "holds no rating")
    as_of = max(releases, default=None)
    return ParsedSource(
        source=INFO.key,
        records=tuple(records),
        rejected=rejections.rows(),
        as_of=as_of,
        version=as_of.isoformat() if as_of else "",
        row_count=rejections.row_count,
    )


# --- rows ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rating:
    name: str
    organization: str
    measure: Measure
    published_on: date | None


def _ratings(payload: Payload, rejections: Rejections) -> Iterable[_Rating]:
    prefix = _BENCHMARK_OF_CONFIG.get(_config_of(payload.part), "")
    if not prefix:
        raise malformed(payload, "is a configuration that is not known")
    part_date = _date_of(payload.part)
    for row in read_rows(payload):
        rejections.row_count += 1
        category = _category_of(row.category)
        if category in _DROPPED_CATEGORIES:
            continue
        rating = _rating(row, prefix=prefix, category=category, part_date=part_date)
        fault = _fault(row, rating, category, payload)
        if fault or rating is None:
            rejections.add(payload.part, row.number, fault, row.excerpt())
        else:
            yield rating


def _rating(row: Row, *, prefix: str, category: str, part_date: date | None) -> _Rating | None:
    value = finite_number(row.rating)
    name = clean_name(row.name)
    if value is None or not name:
        return None
    published_on = iso_date(row.published) or part_date
    lower, upper = finite_number(row.lower), finite_number(row.upper)
    if lower is None or upper is None or not 0 <= lower <= value <= upper:
        lower = upper = None
    votes = finite_number(row.votes)
    measure = Measure(
        benchmark=f"{prefix}.{category}",
        value=value,
        release=published_on.isoformat() if published_on else "",
        lower=lower,
        upper=upper,
        vote_count=int(votes) if votes is not None and 0 <= votes < 10**12 else None,
        measured_on=published_on,
    )
    return _Rating(name, clean_name(row.organization), measure, published_on)


def _fault(row: Row, rating: _Rating | None, category: str, payload: Payload) -> str:
    if not clean_name(row.name):
        return "has no usable model name"
    if not _CATEGORY.fullmatch(category):
        return "has no usable category"
    if rating is None:
        return "has no rating that is a number"
    if not is_possible(rating.measure.benchmark, rating.measure.value):
        return f"has an impossible rating of {rating.measure.value:g}"
    if rating.published_on and is_future(rating.published_on, payload):
        return f"was published in the future, on {rating.published_on}"
    return ""


def _category_of(value: object) -> str:
    spelled = clean_name(value).lower().replace(" ", "_").replace("-", "_")
    return _CATEGORY_SYNONYMS.get(spelled, spelled)


def _most_voted(ratings: Iterable[_Rating]) -> Iterable[_Rating]:
    best: dict[tuple[str, str], _Rating] = {}
    for rating in ratings:
        key = (rating.name, rating.measure.benchmark)
        held = best.get(key)
        if held is None or (rating.measure.vote_count or 0) > (held.measure.vote_count or 0):
            best[key] = rating
    return best.values()


def _records(payload: Payload, ratings: Iterable[_Rating]) -> Iterable[SourceRecord]:
    by_name: dict[str, list[_Rating]] = {}
    for rating in ratings:
        by_name.setdefault(rating.name, []).append(rating)
    for name, rated in by_name.items():
        yield SourceRecord(
            source=INFO.key,
            name=name,
            organization=next((rating.organization for rating in rated if rating.organization), ""),
            measures=tuple(sorted((rating.measure for rating in rated), key=lambda measure: measure.benchmark)),
            payload_sha256=payload.sha256,
        )


# --- parts ---------------------------------------------------------------------------------


def _part_of(path: Path, directory: Path) -> str:
    """The configuration that a saved file holds, for a CSV with its date; "" for an unknown file."""
    if path.suffix != ".csv":
        return re.split(r"-(?:latest|rows)", path.stem)[0]
    kind = {"text": "csv_text", "vision": "csv_vision", "lmsys": "csv_text"}.get(path.stem.rsplit("_", 1)[-1], "")
    published_on = iso_date(path.stem) or _release_date(directory)
    return f"{kind}_{published_on:%Y_%m_%d}" if kind and published_on else kind


def _release_date(directory: Path) -> date | None:
    """The date that the old CSV's release file names: the CSV itself holds none."""
    path = directory / "lmarena_release_latest.json"
    found = re.search(r'"tag_name":\s*"(\d{4})\.(\d{2})\.(\d{2})"', path.read_text()) if path.is_file() else None
    return iso_date("-".join(found.groups())) if found else None


def _config_of(part: str) -> str:
    return _DATE_IN_PART.sub("", part)


def _date_of(part: str) -> date | None:
    found = _DATE_IN_PART.search(part)
    return iso_date("-".join(found.groups())) if found else None


def _newest_of_each_config(payloads: Sequence[Payload]) -> Iterable[Payload]:
    newest: dict[str, Payload] = {}
    for payload in sorted(payloads, key=lambda payload: payload.part):
        newest[_config_of(payload.part)] = payload
    return newest.values()
