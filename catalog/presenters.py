"""Shapes to the wire: the field names and types that clients of the HTTP API rely on.

Values of sources that may not be passed on never leave through here; pages for signed-in people
take the shapes themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from catalog.queries import SourceReport
from catalog.queries.sources import SourceLight
from catalog.shapes import CategoryScore, Entry, Measure, ScorePart, Snapshot, Source, SourceRecord
from catalog.sources import SOURCES

API_VERSION: Final = "1.0.0"

# A source behind a key was opened by one site under terms that keep its values inside.
PUBLIC_SOURCES: Final = frozenset(module.INFO.key for module in SOURCES if not module.INFO.needs_key)

# The wire's names for benchmarks, from our own; a name of the ancestor's that has no source left
# that may be passed on does not occur.
WIRE_BENCHMARKS: Final[Mapping[str, str]] = {
    "lmarena.text.overall": "arenaRating",
    "lmarena.text.coding": "arenaRatingCoding",
    "lmarena.text.math": "arenaRatingMath",
    "lmarena.text.creative_writing": "arenaRatingCreativeWriting",
    "lmarena.text.instruction_following": "arenaRatingInstructionFollowing",
    "lmarena.text.hard_prompts": "arenaRatingHardPrompts",
    "lmarena.text.longer_query": "arenaRatingLongerQuery",
    "lmarena.vision.overall": "arenaRatingVision",
    "livebench.coding": "liveBenchCoding",
    "livebench.agentic_coding": "liveBenchAgenticCoding",
    "livebench.reasoning": "liveBenchReasoning",
    "livebench.mathematics": "liveBenchMath",
    "livebench.language": "liveBenchLanguage",
    "livebench.if": "liveBenchIF",
    "livebench.data_analysis": "liveBenchDataAnalysis",
    "hf.ifeval": "ifEval",
    "hf.bbh": "bbh",
}


def model_payload(entry: Entry) -> dict[str, Any]:
    """An EnrichedModel of the wire, with intervals and coverage beside the scores."""
    facts, pricing = entry.facts, entry.facts.pricing
    payload: dict[str, Any] = {
        "id": facts.model_id,
        "name": facts.name,
        "provider": entry.provider,
        "contextLength": facts.context_length_tokens,
        "maxOutputTokens": facts.max_output_tokens,
        "pricing": {
            "prompt": money(pricing.prompt_usd_per_mtok),
            "completion": money(pricing.completion_usd_per_mtok),
        },
        "capabilities": {
            "vision": entry.capabilities.vision,
            "functionCalling": entry.capabilities.function_calling,
            "streaming": entry.capabilities.streaming,
            "json": entry.capabilities.json,
            "reasoning": entry.capabilities.reasoning,
        },
        "categories": list(entry.categories),
        "scores": {category: _round1(score.value) for category, score in entry.scores.items()},
        "intervals": {
            category: [_round1(score.lower), _round1(score.upper)] for category, score in entry.scores.items()
        },
        "coverage": {category: round(score.coverage_share, 2) for category, score in entry.scores.items()},
        "costEfficiency": dict(entry.cost_efficiency),
        "tier": entry.tier,
        "benchmarks": benchmarks_payload(entry.records),
        "tags": list(entry.tags),
        "lastUpdated": iso(entry.updated_at),
        "sourcesCovered": [source for source in entry.sources if source in PUBLIC_SOURCES],
        "candidate": entry.is_candidate,
    }
    if entry.not_candidate_reason:
        payload["notCandidateReason"] = entry.not_candidate_reason
    if entry.overrides:
        payload["overridden"] = [override.field for override in entry.overrides]
    if entry.speed and entry.speed.source in PUBLIC_SOURCES:
        payload["speed"] = {
            "outputTokensPerSecond": entry.speed.output_tokens_per_s,
            "timeToFirstToken": entry.speed.time_to_first_token_s,
        }
    return payload


def compare_payload(entry: Entry) -> dict[str, Any]:
    """One model of a comparison: the wire leaves out tags and always carries benchmarks and speed."""
    payload = model_payload(entry)
    payload.pop("tags")
    payload.setdefault("speed", {})
    payload["provenance"] = provenance_payload(entry)
    return payload


def provenance_payload(entry: Entry) -> dict[str, list[dict[str, Any]]]:
    """By category, the parts of each score that may be passed on."""
    return {category: _parts_payload(score) for category, score in entry.scores.items()}


def _parts_payload(score: CategoryScore) -> list[dict[str, Any]]:
    return [_part_payload(part) for part in score.parts if part.source in PUBLIC_SOURCES]


def _part_payload(part: ScorePart) -> dict[str, Any]:
    return {
        "benchmark": part.benchmark,
        "source": part.source,
        "sourceName": part.source_name,
        "value": part.value,
        "z": round(part.z, 3),
        "weight": round(part.weight_share, 4),
        "release": part.release,
        "effort": part.effort or None,
        "measuredOn": part.measured_on.isoformat() if part.measured_on else None,
        "inherited": part.is_inherited,
        "payloadSha256": part.payload_sha256,
    }


def benchmarks_payload(records: Sequence[SourceRecord]) -> dict[str, float]:
    """Raw values by the wire's names; the first record of a benchmark counts, as in the scores."""
    values: dict[str, float] = {}
    for measure in _public_measures(records):
        wire_name = WIRE_BENCHMARKS.get(measure.benchmark)
        if wire_name:
            values.setdefault(wire_name, round(measure.value, 2))
    if "arenaRating" in values:
        values["arena"] = ancestor_arena(values["arenaRating"])
    return values


def ancestor_arena(rating: float) -> float:
    """An arena rating on the ancestor's scale, 1000 to 1500 made 0 to 100, which clients still read."""
    return round(min(max((rating - 1000) / 5, 0.0), 100.0), 1)


def _public_measures(records: Sequence[SourceRecord]) -> Iterable[Measure]:
    return (measure for record in records if record.source in PUBLIC_SOURCES for measure in record.measures)


def status_payload(snapshot: Snapshot | None, sources: Sequence[SourceReport], *, alias_count: int) -> dict[str, Any]:
    """How fresh the catalogue is, by source."""
    entries = snapshot.entries if snapshot else ()
    return {
        "status": "ok" if snapshot else "empty",
        "lastRefresh": iso(_last_refresh(sources)),
        "modelCount": len(entries),
        "candidateCount": sum(entry.is_candidate for entry in entries),
        "modelsWithScores": sum(bool(entry.scores) for entry in entries),
        "modelsWithBenchmarks": sum(bool(entry.records) for entry in entries),
        "aliases": {
            "modelCount": len({match.model_id for entry in entries for match in entry.matches}),
            "nameCount": sum(len(entry.matches) for entry in entries),
            "handMade": alias_count,
        },
        "revision": snapshot.revision if snapshot else 0,
        "policyVersion": snapshot.policy_version if snapshot else None,
        "sources": {report.info.key: _source_payload(report) for report in sources},
        "version": API_VERSION,
    }


def _source_payload(report: SourceReport) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "status": "ok" if report.light in {SourceLight.GREEN, SourceLight.AMBER} and report.row_count else "stale",
        "light": report.light,
        "lastPull": iso(report.data_fetched_at),
        "lastAttempt": iso(report.last_attempt_at),
        "count": report.row_count,
        "matched": report.matched_count,
        "rejected": report.rejected_count,
        "asOf": report.as_of or None,
        "version": report.version or None,
        "licence": report.info.licence,
        "attribution": report.info.attribution,
    }
    if report.reason:
        payload["error"] = report.reason
    return payload


def _last_refresh(sources: Sequence[SourceReport]) -> datetime | None:
    catalogue = next((report for report in sources if report.info.key == Source.OPENROUTER), None)
    return catalogue.data_fetched_at if catalogue else None


def money(value: Decimal | None) -> float | None:
    """A price as a JSON number; an unknown one is null, never zero."""
    return None if value is None else float(value)


def iso(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC, ending in Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def _round1(value: float) -> float:
    return round(value, 1)
