"""Which row of which benchmark speaks for which model."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from catalog.shapes import Match, Measure, Source, SourceRecord

ScaleKey = tuple[str, str]  # benchmark and release: values compare only within both


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value, with the row and the match that it came through."""

    record: SourceRecord
    measure: Measure
    effort: str = ""


@dataclass(frozen=True, slots=True)
class Population:
    """What one benchmark says in one release: one reading for each base model."""

    benchmark: str
    release: str
    source: Source
    readings: Mapping[str, Reading]


def collect_populations(
    records: Sequence[SourceRecord],
    matches: Sequence[Match],
    *,
    base_ids: Mapping[str, str],
    benchmarks: Collection[str],
) -> dict[ScaleKey, Population]:
    """The wanted benchmarks over base models.

    A model that was measured at several efforts stands with its best value: that is what its user can
    have by asking for it, and choosing by benchmark keeps a better value from ever lowering a score.
    ``base_ids`` maps each listed id to the model whose benchmarks it shares, so variants never count twice.
    """
    best: dict[tuple[ScaleKey, Source], dict[str, Reading]] = {}
    for record, match in zip(records, matches, strict=True):
        base_id = base_ids.get(match.model_id or "")
        if base_id is None:
            continue
        for measure in record.measures:
            if measure.benchmark not in benchmarks or not math.isfinite(measure.value):
                continue
            readings = best.setdefault(((measure.benchmark, measure.release), record.source), {})
            reading = Reading(record, measure, match.effort)
            held = readings.get(base_id)
            if held is None or _rank(reading) > _rank(held):
                readings[base_id] = reading
    return {
        key: Population(key[0], key[1], source, dict(sorted(readings.items())))
        for (key, source), readings in sorted(best.items(), key=lambda item: item[0])
    }


def _rank(reading: Reading) -> tuple[float, int, str, str]:
    """Best value first; names only so that the order of rows decides nothing."""
    measure = reading.measure
    return (measure.value, measure.vote_count or 0, reading.record.name, reading.record.external_id)
