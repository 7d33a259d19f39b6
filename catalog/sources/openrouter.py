"""OpenRouter's model list: the catalogue itself, with prices, sizes and capabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from catalog.shapes import ModelFacts, ParsedSource, Payload, Source, SourceInfo
from catalog.sources.captures import matching_files, read_file
from catalog.sources.fetching import Fetcher
from catalog.sources.openrouter_prices import read_pricing
from catalog.sources.reading import (
    ROWS_LIMIT,
    Rejections,
    bounded_rows,
    clean_name,
    clean_text,
    decode_json,
    fields_of,
    finite_number,
    iso_date,
    malformed,
    texts,
    whole_number,
)
from catalog.sources.shapes import SourceConfig
from smartspawn.lib.http import Door

INFO: Final = SourceInfo(
    key=Source.OPENROUTER,
    title="OpenRouter",
    home_url="https://openrouter.ai/models",
    licence="Public API",
    attribution="Models, prices and capabilities as listed by OpenRouter (openrouter.ai).",
    refresh_minutes=360,
    is_on_by_default=True,
    needs_key=False,
    is_redistributable=True,
    note="Prices are those of the leading provider and move without notice.",
)

_URL: Final = "https://openrouter.ai/api/v1/models"
_PAGE_ROWS: Final = 1000  # the most that the list gives at once when it is asked in pages
_MOST_PAGES: Final = 20
DESCRIPTION_LIMIT: Final = 600  # the list itself cuts descriptions at about 340
_LARGEST_CONTEXT_TOKENS: Final = 1_000_000_000


async def fetch(door: Door, known: Mapping[str, Payload], config: SourceConfig) -> tuple[Payload, ...]:
    """The list of models with text output; in pages only where one answer does not hold them all."""
    fetcher = Fetcher(INFO.key, door, known, config)
    payloads = [await fetcher.part("models", _URL)]
    row_count, total_count = _counts(payloads[0])
    while row_count < total_count and len(payloads) < _MOST_PAGES:
        page = await fetcher.part(f"models_{row_count}", f"{_URL}?offset={row_count}&limit={_PAGE_ROWS}")
        payloads.append(page)
        more, _ = _counts(page)
        if not more:
            break  # parse() refuses what is cut
        row_count += more
    return tuple(payloads)


def _counts(payload: Payload) -> tuple[int, int]:
    """How many models the payload holds and how many it says there are."""
    envelope = fields_of(decode_json(payload))
    total_count = whole_number(envelope.get("total_count"), at_most=ROWS_LIMIT) or 0
    return len(bounded_rows(payload, envelope.get("data"))), total_count


def read_captures(directory: Path, *, fetched_at: datetime) -> tuple[Payload, ...]:
    """The saved model list of a folder; empty where there is none."""
    return tuple(
        read_file(path, directory=directory, source=INFO.key, part="models", fetched_at=fetched_at)
        for path in matching_files(directory, "openrouter.json", "openrouter_models.json")
    )


def parse(payloads: Sequence[Payload]) -> ParsedSource:
    """Every listed model once; the relayed ``benchmarks`` block of a row is not read.

    That block comes and goes (199, 59, 116, 169 models within two months), hangs on wrong models
    (one release's numbers on its predecessor), and whether its owner's terms bind a relay is open.
    """
    rejections = Rejections(INFO.key)
    models: dict[str, ModelFacts] = {}
    total_count = 0
    for payload in payloads:
        envelope = fields_of(decode_json(payload))
        rows = bounded_rows(payload, envelope.get("data"))
        total_count = max(total_count, whole_number(envelope.get("total_count"), at_most=ROWS_LIMIT) or 0)
        rejections.row_count += len(rows)
        for number, row in enumerate(rows):
            facts = _facts(payload, number, row, rejections)
            if facts and models.setdefault(facts.model_id, facts) is not facts:
                rejections.add(payload.part, number, f"{facts.model_id} is listed twice", facts.model_id)
    if payloads and rejections.row_count < total_count:
        raise malformed(payloads[0], f"is cut: {rejections.row_count} of {total_count} rows")
    return ParsedSource(
        source=INFO.key,
        models=tuple(models.values()),
        rejected=rejections.rows(),
        row_count=rejections.row_count,
    )


def _facts(payload: Payload, number: int, row: object, rejections: Rejections) -> ModelFacts | None:
    listed = fields_of(row)
    model_id = clean_name(listed.get("id"))
    if not model_id or any(character.isspace() for character in model_id):
        rejections.add(payload.part, number, "has no usable id", row)
        return None
    faults: list[str] = []
    architecture, top_provider = fields_of(listed.get("architecture")), fields_of(listed.get("top_provider"))
    reasoning = fields_of(listed.get("reasoning"))
    name = clean_name(listed.get("name"))
    if not name:
        faults.append("has no name; its id stands in")
    facts = ModelFacts(
        model_id=model_id,
        name=name or model_id,
        pricing=read_pricing(listed.get("pricing"), faults),
        canonical_slug=clean_name(listed.get("canonical_slug")),
        hugging_face_id=clean_name(listed.get("hugging_face_id")),
        description=clean_text(listed.get("description"), limit=DESCRIPTION_LIMIT),
        created_at=_moment(listed.get("created")),
        context_length_tokens=_tokens(listed.get("context_length")) or _tokens(top_provider.get("context_length")),
        max_output_tokens=_tokens(top_provider.get("max_completion_tokens")),
        input_modalities=texts(architecture.get("input_modalities")),
        output_modalities=texts(architecture.get("output_modalities")),
        supported_parameters=texts(listed.get("supported_parameters")),
        reasoning_efforts=texts(reasoning.get("supported_efforts")),
        is_reasoning_mandatory=reasoning.get("mandatory") is True,
        is_moderated=top_provider.get("is_moderated") is True,
        knowledge_cutoff=clean_text(listed.get("knowledge_cutoff"), limit=40),
        expires_on=iso_date(listed.get("expiration_date")),
        alias_target=clean_name(fields_of(listed.get("alias_target")).get("slug")),
        payload_sha256=payload.sha256,
    )
    for fault in faults:
        rejections.add(payload.part, number, fault, model_id)
    return facts


def _tokens(value: object) -> int | None:
    return whole_number(value, at_most=_LARGEST_CONTEXT_TOKENS)


def _moment(value: object) -> datetime | None:
    seconds = finite_number(value)
    if seconds is None or not 0 < seconds < 32503680000:  # the year 3000
        return None
    return datetime.fromtimestamp(seconds, UTC)
