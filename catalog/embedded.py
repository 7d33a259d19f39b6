"""The snapshot that ships with the product: catalogue facts and LMArena ratings, nothing else.

A fresh site is built from it by the same steps as from the network, so its numbers open up to their
parts like any others, and its age is shown.
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from catalog.shapes import Measure, ModelFacts, ParsedSource, Payload, Source, SourceRecord
from smartspawn.lib.errors import SourceMalformed

EMBEDDED_PART: Final = "embedded"
EMBEDDED_PATH: Final = Path(__file__).parent / "data" / "snapshot.json.xz"
# What may be passed on: facts of the catalogue, and LMArena's ratings under CC-BY-4.0.
EMBEDDED_SOURCES: Final = (Source.OPENROUTER, Source.LMARENA)


@dataclass(frozen=True, slots=True)
class EmbeddedSource:
    """One source's part of the file."""

    fetched_at: datetime
    origin_sha256s: tuple[str, ...]  # the upstream payloads that it was made from
    parsed: ParsedSource


@dataclass(frozen=True, slots=True)
class EmbeddedSnapshot:
    """The whole file; ``format`` rises when its shape changes."""

    format: int
    attribution: tuple[str, ...]
    sources: tuple[EmbeddedSource, ...]


FORMAT: Final = 1


def pack_embedded(sources: Sequence[EmbeddedSource], attribution: Sequence[str]) -> bytes:
    """The file's bytes, made only from what may be redistributed; the same input gives the same bytes.

    Raises ValueError for a source that may not be passed on.
    """
    for source in sources:
        if source.parsed.source not in EMBEDDED_SOURCES:
            raise ValueError(f"{source.parsed.source} may not be embedded")
    slim = tuple(replace(source, parsed=_slim(source.parsed)) for source in sources)
    body = msgspec.json.encode(EmbeddedSnapshot(FORMAT, tuple(attribution), slim))
    return lzma.compress(body, preset=9)


def read_embedded(path: Path = EMBEDDED_PATH) -> tuple[Payload, ...]:
    """One payload per embedded source, ready to be stored as the data in use.

    Raises SourceMalformed when the file is damaged or of another format.
    """
    try:
        snapshot = msgspec.json.decode(lzma.decompress(path.read_bytes()), type=EmbeddedSnapshot)
    except (OSError, lzma.LZMAError, msgspec.DecodeError) as error:
        raise SourceMalformed(f"The embedded snapshot {path.name} cannot be read: {error}") from error
    if snapshot.format != FORMAT:
        raise SourceMalformed(f"The embedded snapshot has format {snapshot.format}; this version reads {FORMAT}.")
    return tuple(_to_payload(source) for source in snapshot.sources)


def parse_embedded(body: bytes) -> ParsedSource:
    """What one embedded payload says; raises SourceMalformed when it is damaged."""
    try:
        parsed = msgspec.json.decode(body, type=EmbeddedSource).parsed
    except msgspec.DecodeError as error:
        raise SourceMalformed(f"The embedded data cannot be read: {error}") from error
    sha256 = hashlib.sha256(body).hexdigest()
    return replace(
        parsed,
        models=tuple(replace(model, payload_sha256=sha256) for model in parsed.models),
        records=tuple(replace(record, payload_sha256=sha256) for record in parsed.records),
    )


def _to_payload(source: EmbeddedSource) -> Payload:
    body = msgspec.json.encode(source)
    sha256 = hashlib.sha256(body).hexdigest()
    return Payload(
        source=source.parsed.source,
        part=EMBEDDED_PART,
        url=f"embedded:{EMBEDDED_PATH.name}",
        body=body,
        sha256=sha256,
        fetched_at=source.fetched_at,
    )


def _slim(parsed: ParsedSource) -> ParsedSource:
    return replace(
        parsed,
        models=tuple(_slim_model(model) for model in parsed.models),
        records=tuple(_slim_record(record) for record in parsed.records),
        rejected=(),
    )


def _slim_model(model: ModelFacts) -> ModelFacts:
    """The facts without the prose; the fingerprint is put back when the file is read."""
    return replace(model, description="", payload_sha256="")


def _slim_record(record: SourceRecord) -> SourceRecord:
    kept = tuple(measure for measure in record.measures if _is_kept(measure))
    return replace(record, measures=kept, payload_sha256="")


def _is_kept(measure: Measure) -> bool:
    """Only the scale that the scores use: the second text scale would double the file."""
    return not measure.benchmark.startswith("lmarena.text_plain.")
