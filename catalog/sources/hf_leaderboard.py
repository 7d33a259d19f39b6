"""The Open LLM Leaderboard of Hugging Face: open models, six benchmarks, archived in March 2025."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from catalog.shapes import Measure, ParsedSource, Payload, Source, SourceInfo, SourceRecord
from catalog.sources.captures import matching_files, read_file
from catalog.sources.fetching import PAGE_PATIENCE, Fetcher, fetch_together
from catalog.sources.ranges import is_possible
from catalog.sources.reading import (
    Rejections,
    bounded_rows,
    clean_name,
    decode_json,
    excerpt_of,
    fields_of,
    finite_number,
    iso_date,
    malformed,
    whole_number,
)
from catalog.sources.shapes import SourceConfig
from smartspawn.lib.http import Door

INFO: Final = SourceInfo(
    key=Source.HF_LEADERBOARD,
    title="Open LLM Leaderboard",
    home_url="https://huggingface.co/datasets/open-llm-leaderboard/contents",
    licence="No licence stated",
    attribution="Scores by the Open LLM Leaderboard (Hugging Face).",
    refresh_minutes=1440,
    is_on_by_default=False,
    needs_key=False,
    is_redistributable=False,
    note="Archived in March 2025: few of its models are still listed anywhere.",
)

_AVERAGE: Final = "hf.average"
# The columns without "Raw": normalised so that guessing scores 0. The raw ones are another scale.
_BENCHMARKS: Final = {
    "IFEval": "hf.ifeval",
    "BBH": "hf.bbh",
    "MATH Lvl 5": "hf.math_lvl_5",
    "GPQA": "hf.gpqa",
    "MUSR": "hf.musr",
    "MMLU-PRO": "hf.mmlu_pro",
    "Average ⬆️": _AVERAGE,
}
_ANCHOR_TEXT: Final = re.compile(r"<a\b[^>]*>([^<]{1,200})</a>", re.IGNORECASE)
_LARGEST_TOTAL: Final = 1_000_000
_URL: Final = (
    "https://datasets-server.huggingface.co/rows?dataset=open-llm-leaderboard%2Fcontents&config=default&split=train"
)
_PAGE_ROWS: Final = 100  # the most that the server gives at once
_MOST_PAGES: Final = 100
_PAGES_AT_ONCE: Final = 4  # more earns 429s


async def fetch(door: Door, known: Mapping[str, Payload], config: SourceConfig) -> tuple[Payload, ...]:
    """All pages; the first tells how many there are."""
    fetcher = Fetcher(INFO.key, door, known, config, patience=PAGE_PATIENCE)
    first = await _fetch_page(fetcher, 0)
    total = whole_number(fields_of(decode_json(first)).get("num_rows_total"), at_most=_LARGEST_TOTAL) or 0
    if total > _MOST_PAGES * _PAGE_ROWS:
        raise malformed(first, f"announces {total} rows, more than {_MOST_PAGES} pages hold")
    offsets = range(_PAGE_ROWS, total, _PAGE_ROWS)
    others = [partial(_fetch_page, fetcher, offset) for offset in offsets]
    return (first, *await fetch_together(others, at_once=_PAGES_AT_ONCE))


async def _fetch_page(fetcher: Fetcher, offset: int) -> Payload:
    return await fetcher.part(f"rows_{offset:04d}", f"{_URL}&offset={offset}&length={_PAGE_ROWS}")


def read_captures(directory: Path, *, fetched_at: datetime) -> tuple[Payload, ...]:
    """The saved pages of a folder."""
    return tuple(
        read_file(path, directory=directory, source=INFO.key, part=_part_of(path), fetched_at=fetched_at)
        for path in matching_files(directory, "hf-leaderboard/rows-*.json", "hf_rows_*.json")
    )


def parse(payloads: Sequence[Payload]) -> ParsedSource:
    """One record for each model: of its runs at several precisions, the one with the best average."""
    rejections = Rejections(INFO.key)
    best: dict[str, SourceRecord] = {}
    total_count = 0
    for payload in payloads:
        page = fields_of(decode_json(payload))
        rows = bounded_rows(payload, page.get("rows"))
        rejections.row_count += len(rows)
        total_count = max(total_count, whole_number(page.get("num_rows_total"), at_most=_LARGEST_TOTAL) or 0)
        for number, item in enumerate(rows):
            record = _record(payload, number, fields_of(item).get("row"), rejections)
            if record:
                held = best.setdefault(record.name, record)
                best[record.name] = max(held, record, key=_average)
    if payloads and rejections.row_count < total_count:
        raise malformed(payloads[0], f"is cut: {rejections.row_count} of {total_count} rows")
    return ParsedSource(
        source=INFO.key,
        records=tuple(best.values()),
        rejected=rejections.rows(),
        row_count=rejections.row_count,
    )


def _record(payload: Payload, number: int, row: object, rejections: Rejections) -> SourceRecord | None:
    cells = fields_of(row)
    name = _name(cells)
    if not name:
        rejections.add(payload.part, number, "has no usable model name", row)
        return None
    measures = tuple(_measures(payload, number, cells, rejections))
    if not measures:
        rejections.add(payload.part, number, "has no score", name)
        return None
    return SourceRecord(
        source=INFO.key,
        name=name,
        organization=name.split("/", 1)[0] if "/" in name else "",
        released_on=iso_date(cells.get("Upload To Hub Date")),
        measures=measures,
        payload_sha256=payload.sha256,
        note=_note(cells),
    )


def _name(cells: Mapping[str, object]) -> str:
    """The clean id; where only the column with the HTML link is there, the text of its first link."""
    full_name = clean_name(cells.get("fullname"))
    if full_name:
        return full_name
    model = cells.get("Model")
    anchor = _ANCHOR_TEXT.search(model[:4000]) if isinstance(model, str) else None
    return clean_name(anchor[1]) if anchor else ("" if "<" in str(model)[:4000] else clean_name(model))


def _measures(payload: Payload, number: int, cells: Mapping[str, object], rejections: Rejections) -> Iterator[Measure]:
    measured_on = iso_date(cells.get("Submission Date"))
    for column, benchmark in _BENCHMARKS.items():
        value = cells.get(column)
        if value is None:
            continue
        score = finite_number(value)
        if score is not None and is_possible(benchmark, score):
            yield Measure(benchmark, score, measured_on=measured_on)
        else:
            rejections.add(payload.part, number, f"{column} cannot be {excerpt_of(value)}", _name(cells))


def _note(cells: Mapping[str, object]) -> str:
    notes = []
    if cells.get("Flagged") is True:
        notes.append("flagged by the leaderboard")
    if cells.get("Available on the hub") is False:
        notes.append("no longer on the hub")
    return ", ".join(notes)


def _average(record: SourceRecord) -> float:
    return next((measure.value for measure in record.measures if measure.benchmark == _AVERAGE), -1.0)


def _part_of(path: Path) -> str:
    return "rows_" + re.split(r"[-_]", path.stem)[-1]
