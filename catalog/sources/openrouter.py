"""OpenRouter's model list: the catalogue itself, with prices, sizes and capabilities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from catalog.shapes import ModelFacts, ParsedSource, Payload, PriceOverride, Pricing, Source, SourceInfo
from catalog.sources.captures import matching_files, read_file
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
    texts,
    whole_number,
)
from smartspawn.lib.units import plain_decimal, usd_per_mtok

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

DESCRIPTION_LIMIT: Final = 600  # the list itself cuts descriptions at about 340
_LARGEST_CONTEXT_TOKENS: Final = 1_000_000_000
# The dearest model ever listed asked 600 USD per million tokens; a hundred times that is a mistake.
_HIGHEST_USD_PER_TOKEN: Final = Decimal("0.1")
_HIGHEST_USD_PER_UNIT: Final = Decimal(1_000)  # per request, image or web search
_LONGEST_PRICE: Final = 40
_DYNAMIC: Final = Decimal(-1)  # how the list writes "the price is set per request"


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
    row_count, total_count = 0, 0
    for payload in payloads:
        envelope = fields_of(decode_json(payload))
        rows = bounded_rows(payload, envelope.get("data"))
        total_count = max(total_count, int(finite_number(envelope.get("total_count")) or 0))
        row_count += len(rows)
        for number, row in enumerate(rows):
            facts = _facts(payload, number, row, rejections)
            if facts and models.setdefault(facts.model_id, facts) is not facts:
                rejections.add(payload.part, number, f"{facts.model_id} is listed twice", facts.model_id)
    if payloads and row_count < total_count:
        raise malformed(payloads[0], f"is cut: {row_count} of {total_count} rows")
    return ParsedSource(source=INFO.key, models=tuple(models.values()), rejected=rejections.rows())


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
        pricing=_pricing(listed.get("pricing"), faults),
        canonical_slug=clean_name(listed.get("canonical_slug")),
        hugging_face_id=clean_name(listed.get("hugging_face_id")),
        description=clean_text(listed.get("description"), limit=DESCRIPTION_LIMIT),
        created_at=_moment(listed.get("created")),
        context_length_tokens=_tokens(listed.get("context_length"))
        or _tokens(top_provider.get("context_length")),
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


# --- prices --------------------------------------------------------------------------------


def _pricing(value: object, faults: list[str]) -> Pricing:
    listed = fields_of(value)
    if not listed:
        faults.append("has no prices")
    return Pricing(
        prompt_usd_per_mtok=_per_mtok(listed, "prompt", faults),
        completion_usd_per_mtok=_per_mtok(listed, "completion", faults),
        cache_read_usd_per_mtok=_per_mtok(listed, "input_cache_read", faults),
        cache_write_usd_per_mtok=_per_mtok(listed, "input_cache_write", faults),
        reasoning_usd_per_mtok=_per_mtok(listed, "internal_reasoning", faults),
        request_usd=_per_unit(listed, "request", faults),
        image_usd=_per_unit(listed, "image", faults),
        web_search_usd=_per_unit(listed, "web_search", faults),
        is_dynamic=any(_decimal(listed.get(key)) == _DYNAMIC for key in ("prompt", "completion")),
        overrides=_overrides(listed.get("overrides"), faults),
    )


def _overrides(value: object, faults: list[str]) -> tuple[PriceOverride, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        faults.append("its price overrides are no list")
        return ()
    overrides = (_override(item, faults) for item in value[:48])
    return tuple(override for override in overrides if override)


def _override(value: object, faults: list[str]) -> PriceOverride | None:
    listed = fields_of(value)
    override = PriceOverride(
        min_prompt_tokens=_tokens(listed.get("min_prompt_tokens")),
        utc_start=_time_of_day(listed.get("utc_start")),
        utc_end=_time_of_day(listed.get("utc_end")),
        prompt_usd_per_mtok=_per_mtok(listed, "prompt", faults),
        completion_usd_per_mtok=_per_mtok(listed, "completion", faults),
        cache_read_usd_per_mtok=_per_mtok(listed, "input_cache_read", faults),
        cache_write_usd_per_mtok=_per_mtok(listed, "input_cache_write", faults),
    )
    if override.min_prompt_tokens or (override.utc_start and override.utc_end):
        return override
    # Without its condition it would replace the price always.
    faults.append("a price override states no condition that is understood")
    return None


def _time_of_day(value: object) -> str:
    digits = f"{value:04d}" if isinstance(value, int) and 0 <= value < 2400 else clean_name(value)
    digits = digits.replace(":", "")
    is_time = len(digits) == 4 and digits.isascii() and digits.isdigit()
    return digits if is_time and digits[:2] < "25" and digits[2:] < "60" else ""


def _per_mtok(listed: object, key: str, faults: list[str]) -> Decimal | None:
    usd = _usd(fields_of(listed), key, _HIGHEST_USD_PER_TOKEN, faults)
    return None if usd is None else usd_per_mtok(usd)


def _per_unit(listed: object, key: str, faults: list[str]) -> Decimal | None:
    usd = _usd(fields_of(listed), key, _HIGHEST_USD_PER_UNIT, faults)
    return None if usd is None else plain_decimal(usd)


def _usd(listed: object, key: str, highest: Decimal, faults: list[str]) -> Decimal | None:
    """The price as written; None if it is absent, dynamic or not to be believed, never zero for that."""
    value = fields_of(listed).get(key)
    if value is None:
        return None
    usd = _decimal(value)
    if usd is None or not 0 <= usd <= highest:
        if usd != _DYNAMIC:
            faults.append(f"its price for {key} cannot be read: {clean_text(str(value)[:60], limit=30)!r}")
        return None
    return usd


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int) and abs(value) > 10**12:
        return None
    text = str(value)
    if len(text) > _LONGEST_PRICE:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        return None
    return price if price.is_finite() else None
