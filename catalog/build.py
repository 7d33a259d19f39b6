"""From what the sources said to a snapshot: match, score, carry over what did not change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from catalog.matching import MATCHING_VERSION, build_index, match_records
from catalog.scoring import score_catalog
from catalog.shapes import (
    Alias,
    Entry,
    Match,
    Override,
    ParsedSource,
    Snapshot,
    Source,
    SourceRecord,
    SourceUse,
)
from catalog.weights import CURRENT_POLICY

POLICY_VERSION = f"scores {CURRENT_POLICY.version}, matching {MATCHING_VERSION}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Which payloads a parsed source came from, and when they were fetched."""

    fetched_at: datetime
    payload_sha256s: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corrections:
    """What admins say: about names, and about single numbers."""

    aliases: tuple[Alias, ...] = ()
    overrides: tuple[Override, ...] = ()


def build_snapshot(
    parsed: Sequence[ParsedSource],
    origins: Mapping[Source, Origin],
    *,
    corrections: Corrections,
    previous: Snapshot | None,
    now: datetime,
) -> Snapshot:
    """The snapshot that these sources make; not yet published, so without a revision.

    An entry that says the same as in the previous snapshot keeps its ``updated_at``.
    """
    models = tuple(model for source in parsed for model in source.models)
    records = tuple(record for source in parsed for record in source.records)
    matches = match_records(build_index(models, corrections.aliases), records)
    scored = score_catalog(
        models=models,
        records=records,
        matches=matches,
        overrides=corrections.overrides,
        as_of=_as_of(origins),
    )
    former = {entry.facts.model_id: entry for entry in previous.entries} if previous else {}
    return Snapshot(
        entries=tuple(_dated(entry, former.get(entry.facts.model_id), now) for entry in scored.entries),
        sources=tuple(_source_use(source, origins[source.source], matches) for source in parsed),
        policy_version=POLICY_VERSION,
        benchmarks=scored.benchmarks,
        unmatched=_unmatched(records, matches),
    )


def _as_of(origins: Mapping[Source, Origin]) -> date:
    """The day that ages are counted from: that of the catalogue, not of the clock."""
    catalogue = origins.get(Source.OPENROUTER)
    return (catalogue.fetched_at if catalogue else max(origin.fetched_at for origin in origins.values())).date()


def _dated(entry: Entry, former: Entry | None, now: datetime) -> Entry:
    if former is not None and replace(entry, updated_at=former.updated_at) == former:
        return former
    return replace(entry, updated_at=now)


def _source_use(parsed: ParsedSource, origin: Origin, matches: Sequence[Match]) -> SourceUse:
    names = {match.source_name for match in matches if match.source == parsed.source and match.model_id}
    return SourceUse(
        source=parsed.source,
        fetched_at=origin.fetched_at,
        row_count=len(parsed.models) or len(parsed.records),
        matched_count=len(parsed.models) or len(names),
        payload_sha256s=origin.payload_sha256s,
        as_of=parsed.as_of,
        version=parsed.version,
    )


def _unmatched(records: Sequence[SourceRecord], matches: Sequence[Match]) -> tuple[Match, ...]:
    """One refusal per source and name, in the order of the sources."""
    refused = {
        (match.source, match.source_name): match
        for _record, match in zip(records, matches, strict=True)
        if match.model_id is None
    }
    return tuple(refused.values())
