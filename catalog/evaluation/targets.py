"""What a source says of each category when it is the judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from catalog.rules import base_id_of, is_router
from catalog.scoring.readings import Population, ScaleKey, collect_populations
from catalog.shapes import Category, Match, ModelFacts, Source, SourceRecord

# For each category the benchmarks whose mean z is the verdict; the first line of them that is there judges.
# Fast-cheap is left out: no source measures it.
_TARGETS: Final[Mapping[Source, Mapping[Category, tuple[tuple[str, ...], ...]]]] = MappingProxyType(
    {
        Source.LMARENA: {
            Category.GENERAL: (
                ("lmarena.text.overall",),
                ("lmarena.text_plain.overall",),
                ("lmarena.csv_text.overall",),
            ),
            Category.CODING: (("lmarena.text.coding",), ("lmarena.text_plain.coding",)),
            Category.REASONING: (
                ("lmarena.text.math", "lmarena.text.hard_prompts"),
                ("lmarena.text_plain.math", "lmarena.text_plain.hard_prompts"),
            ),
            Category.VISION: (("lmarena.vision.overall",), ("lmarena.csv_vision.overall",)),
            Category.RESEARCH: (("lmarena.text.longer_query",), ("lmarena.text_plain.longer_query",)),
            Category.CREATIVE: (("lmarena.text.creative_writing",), ("lmarena.text_plain.creative_writing",)),
        },
        Source.LIVEBENCH: {
            Category.GENERAL: (
                (
                    "livebench.reasoning",
                    "livebench.coding",
                    "livebench.mathematics",
                    "livebench.data_analysis",
                    "livebench.language",
                    "livebench.if",
                ),
            ),
            Category.CODING: (("livebench.coding", "livebench.agentic_coding"), ("livebench.coding",)),
            Category.REASONING: (("livebench.reasoning", "livebench.mathematics"),),
            Category.CREATIVE: (("livebench.language",),),
        },
        Source.ARTIFICIAL_ANALYSIS: {
            Category.GENERAL: (("aa.intelligence_index",),),
            Category.CODING: (("aa.coding_index",),),
            Category.REASONING: (("aa.math_index",), ("aa.gpqa", "aa.hle")),
            Category.RESEARCH: (("aa.lcr",),),
        },
        Source.HF_LEADERBOARD: {
            Category.GENERAL: (("hf.average",),),
            Category.REASONING: (("hf.gpqa", "hf.math_lvl_5", "hf.bbh"),),
        },
    }
)
# A verdict over fewer models says more about who is listed than about who was picked.
MIN_JUDGED: Final = 20


@dataclass(frozen=True, slots=True)
class Target:
    """What one source, in one release, says of the base models in one category; higher is better."""

    source: Source
    release: str
    category: Category
    values: Mapping[str, float]


def held_out_targets(
    source: Source,
    *,
    models: Sequence[ModelFacts],
    records: Sequence[SourceRecord],
    matches: Sequence[Match],
) -> Iterator[Target]:
    """The verdicts of one source; each release judges for itself, a model by its best effort."""
    listed_ids = {facts.model_id for facts in models}
    base_ids = {facts.model_id: base_id_of(facts.model_id, listed_ids) for facts in models if not is_router(facts)}
    lines_of = _TARGETS.get(source, {})
    populations = collect_populations(
        [record for record in records if record.source is source],
        [match for record, match in zip(records, matches, strict=True) if record.source is source],
        base_ids=base_ids,
        benchmarks={benchmark for lines in lines_of.values() for line in lines for benchmark in line},
    )
    for category, lines in lines_of.items():
        for line in lines:
            targets = list(_targets(source, category, line, populations))
            if targets:
                yield from targets
                break


def _targets(
    source: Source, category: Category, line: Sequence[str], populations: Mapping[ScaleKey, Population]
) -> Iterator[Target]:
    for release in sorted({release for benchmark, release in populations if benchmark == line[0]}):
        found = [populations[key] for benchmark in line if (key := (benchmark, release)) in populations]
        if len(found) < len(line):
            continue
        judged = sorted(set.intersection(*(set(population.readings) for population in found)))
        if len(judged) >= MIN_JUDGED:
            zs = np.mean([_z(population, judged) for population in found], axis=0)
            yield Target(source, release, category, dict(zip(judged, map(float, zs), strict=True)))


def _z(population: Population, judged: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = np.array([population.readings[model_id].measure.value for model_id in judged])
    spread = float(values.std()) or 1.0
    return np.asarray((values - values.mean()) / spread, dtype=np.float64)
