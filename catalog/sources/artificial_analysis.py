"""Artificial Analysis: indices, evaluations, speed and price by model and effort.

Its terms forbid handing its values on, so nothing of it leaves through the open API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from catalog.shapes import Measure, ParsedSource, Payload, Source, SourceInfo, SourceRecord
from catalog.sources.captures import matching_files, read_file
from catalog.sources.fetching import Fetcher
from catalog.sources.ranges import is_possible
from catalog.sources.reading import (
    Rejections,
    bounded_rows,
    clean_name,
    clean_text,
    decode_json,
    fields_of,
    finite_number,
    iso_date,
    malformed,
    whole_number,
)
from catalog.sources.shapes import SourceConfig
from smartspawn.lib.errors import SourceNotConfigured, SourceUnreachable
from smartspawn.lib.http import Door, Patience

INFO: Final = SourceInfo(
    key=Source.ARTIFICIAL_ANALYSIS,
    title="Artificial Analysis",
    home_url="https://artificialanalysis.ai/",
    licence="Artificial Analysis Data Platform Terms; not redistributable",
    attribution="Data from Artificial Analysis (artificialanalysis.ai).",
    refresh_minutes=1440,
    is_on_by_default=False,
    needs_key=True,
    is_redistributable=False,
    note=(
        "Needs your own key and your acceptance of its terms. A free key reads the three indices, "
        "at most 100 requests a day. Values are shown to signed-in users only."
    ),
)

_INDEX_NAMES: Final = ("intelligence_index", "coding_index", "math_index", "agentic_index")
_INDICES: Final = {f"artificial_analysis_{name}": f"aa.{name}" for name in _INDEX_NAMES}
_EVALUATIONS: Final = {
    name: f"aa.{name}"
    for name in (
        "mmlu_pro",
        "gpqa",
        "hle",
        "livecodebench",
        "scicode",
        "math_500",
        "aime",
        "aime_25",
        "ifbench",
        "lcr",
        "terminalbench_hard",
        "terminalbench_v2_1",
        "tau2",
        "tau_banking",
    )
}
_SPEEDS: Final = {
    "median_output_tokens_per_second": "aa.output_tokens_per_s",
    "median_time_to_first_token_seconds": "aa.time_to_first_token_s",
}
_PRICES: Final = {
    "price_1m_input_tokens": "aa.price_prompt_usd_per_mtok",
    "price_1m_output_tokens": "aa.price_completion_usd_per_mtok",
    "price_1m_cache_hit_tokens": "aa.price_cache_read_usd_per_mtok",
    "price_1m_cache_write_tokens": "aa.price_cache_write_usd_per_mtok",
}
_URL: Final = "https://artificialanalysis.ai/api/v2/language/models/free"
_MOST_PAGES: Final = 20  # 4,000 models; a fifth of what a free key may ask for in a day


# Every attempt counts against the day's limit.
_PATIENCE: Final = Patience(attempts=2)


async def fetch(door: Door, known: Mapping[str, Payload], config: SourceConfig) -> tuple[Payload, ...]:
    """All pages of the free endpoint, one after the other; needs the administrator's own key."""
    if not config.api_key:
        raise SourceNotConfigured("Artificial Analysis needs an API key and the acceptance of its terms.")
    headers = {"x-api-key": config.api_key}
    fetcher = Fetcher(INFO.key, door, known, config, headers=headers, patience=_PATIENCE)
    payloads: list[Payload] = []
    page_count = 1
    while len(payloads) < page_count:
        number = len(payloads) + 1
        page = await _fetch_page(fetcher, number)
        payloads.append(page)
        page_count = _page_count(page, number)
    return tuple(payloads)


async def _fetch_page(fetcher: Fetcher, number: int) -> Payload:
    try:
        return await fetcher.part(f"free-page-{number}", f"{_URL}?page={number}")
    except SourceUnreachable as fault:
        if fault.details.get("status") in (401, 403):
            raise SourceNotConfigured("Artificial Analysis does not accept the API key.") from fault
        raise


def _page_count(page: Payload, number: int) -> int:
    pagination = fields_of(_envelope(page).get("pagination"))
    page_count = finite_number(pagination.get("total_pages")) or 1
    page_count = max(page_count, number + 1 if pagination.get("has_more") is True else 0)
    if page_count > _MOST_PAGES:
        raise malformed(page, f"announces {page_count:g} pages, more than the {_MOST_PAGES} that are read")
    return int(page_count)


def read_captures(directory: Path, *, fetched_at: datetime) -> tuple[Payload, ...]:
    """The saved answer of a folder: the legacy page, which says more, else the pages of the free one."""
    return tuple(
        read_file(path, directory=directory, source=INFO.key, part=path.stem, fetched_at=fetched_at)
        for path in matching_files(
            directory,
            "artificial-analysis-legacy.json",
            "artificial_analysis.json",
            "artificial-analysis-free-page*.json",
        )
    )


def parse(payloads: Sequence[Payload]) -> ParsedSource:
    """One record for each model and effort, by the publisher's own id: its slugs are used again."""
    rejections = Rejections(INFO.key)
    records: dict[str, SourceRecord] = {}
    pages = [(payload, _envelope(payload)) for payload in payloads]
    version = _version(pages)
    for payload, envelope in pages:
        rows = bounded_rows(payload, envelope.get("data"))
        rejections.row_count += len(rows)
        for number, row in enumerate(rows):
            record = _record(payload, number, row, version=version, rejections=rejections)
            if record is None:
                continue
            key = record.external_id or record.name
            if records.setdefault(key, record) is not record:
                rejections.add(payload.part, number, "is listed twice", record.name)
    _check_complete(pages)
    return ParsedSource(
        source=INFO.key,
        records=tuple(records.values()),
        rejected=rejections.rows(),
        version=version,
        row_count=rejections.row_count,
    )


# --- envelopes -----------------------------------------------------------------------------


def _envelope(payload: Payload) -> Mapping[str, object]:
    decoded = decode_json(payload)
    return {"data": decoded} if isinstance(decoded, list) else fields_of(decoded)


def _version(pages: Sequence[tuple[Payload, Mapping[str, object]]]) -> str:
    """The index version, which must be the same on all pages: values of two versions do not compare."""
    versions = {_version_text(envelope.get("intelligence_index_version")) for _, envelope in pages}
    if len(versions) > 1:
        raise malformed(pages[0][0], f"mixes index versions: {', '.join(sorted(versions))}")
    return next(iter(versions), "")


def _version_text(value: object) -> str:
    number = finite_number(value)
    return clean_text(value, limit=20) if number is None else f"{number:g}"


def _check_complete(pages: Sequence[tuple[Payload, Mapping[str, object]]]) -> None:
    announced = [fields_of(envelope.get("pagination")) for _, envelope in pages]
    page_counts = [whole_number(page.get("total_pages"), at_most=_MOST_PAGES) or 1 for page in announced if page]
    numbers = {whole_number(page.get("page"), at_most=_MOST_PAGES) for page in announced if page}
    if page_counts and len(numbers) < max(page_counts):
        raise malformed(pages[0][0], f"is cut: {len(numbers)} of {max(page_counts)} pages")


# --- rows ----------------------------------------------------------------------------------


def _record(payload: Payload, number: int, row: object, *, version: str, rejections: Rejections) -> SourceRecord | None:
    listed = fields_of(row)
    name = clean_name(listed.get("name"))
    if not name:
        rejections.add(payload.part, number, "has no usable name", row)
        return None
    measures = []
    for measure in _measures(listed, version):
        if is_possible(measure.benchmark, measure.value):
            measures.append(measure)
        else:
            rejections.add(payload.part, number, f"{measure.benchmark} cannot be {measure.value:g}", name)
    for fault in _faults(listed):
        rejections.add(payload.part, number, fault, name)
    return SourceRecord(
        source=INFO.key,
        name=name,
        slug=clean_name(listed.get("slug")),
        organization=clean_name(fields_of(listed.get("model_creator")).get("name")),
        external_id=clean_name(listed.get("id")),
        released_on=iso_date(listed.get("release_date")),
        measures=tuple(measures),
        payload_sha256=payload.sha256,
    )


def _measures(listed: Mapping[str, object], version: str) -> Iterator[Measure]:
    evaluations = fields_of(listed.get("evaluations"))
    for key, benchmark in _INDICES.items():
        value = finite_number(evaluations.get(key))
        if value is not None:
            yield Measure(benchmark, value, release=version)
    for key, benchmark in _EVALUATIONS.items():
        value = finite_number(evaluations.get(key))
        if value is not None:
            yield Measure(benchmark, value)
    # The free endpoint groups the speeds, the legacy one writes them beside the name.
    speeds = fields_of(listed.get("performance")) or listed
    for measured, names in ((speeds, _SPEEDS), (fields_of(listed.get("pricing")), _PRICES)):
        for key, benchmark in names.items():
            value = finite_number(measured.get(key))
            if value:  # a zero stands for "not measured", not for free or for endless
                yield Measure(benchmark, value)


def _faults(listed: Mapping[str, object]) -> Iterator[str]:
    """Values that are there but are no numbers."""
    evaluations = fields_of(listed.get("evaluations"))
    for key in (*_INDICES, *_EVALUATIONS):
        value = evaluations.get(key)
        if value is not None and finite_number(value) is None:
            yield f"{key} is no number"
    if listed.get("evaluations") is not None and not isinstance(listed["evaluations"], dict):
        yield "its evaluations are no object"
