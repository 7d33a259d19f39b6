"""The formula of the program that this one replaces, kept as the visible base line.

Steps 8 to 10 of its pipeline, mistakes included: its own scales, one population over models and variants
alike, tier baselines, floors, and a price that is unknown counts as zero. Only which row belongs to which
model comes from our matching.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.rules import LONG_CONTEXT_TOKENS, capabilities_of, provider_of, tier_of
from catalog.shapes import Category, Match, Measure, ModelFacts, Source, SourceRecord, Tier

Benchmarks = dict[str, float]  # under the ancestor's names, on its scales
Values = dict[str, float]  # under our names, as the source gave them

_BASELINES: Final = {Tier.PREMIUM: 70.0, Tier.STANDARD: 50.0, Tier.BUDGET: 30.0}
_MIN_POPULATION: Final = 5
_ARENA_PREFIX: Final = "lmarena."
_LIVEBENCH_PREFIX: Final = "livebench."
_ARENA_ORDER: Final = (  # it read the old CSV, whose ratings had no style control
    "lmarena.csv_text.overall",
    "lmarena.text_plain.overall",
    "lmarena.text.overall",
)
_AA_INDICES: Final = {
    "aa.intelligence_index": "intelligenceIndex",
    "aa.coding_index": "codingIndex",
    "aa.math_index": "mathIndex",
}
_AA_SHARES: Final = {"aa.mmlu_pro": "mmluPro", "aa.gpqa": "gpqa", "aa.livecodebench": "liveCodeBench"}
_HF: Final = {"hf.mmlu_pro": "mmluPro", "hf.gpqa": "gpqa"}
_LIVEBENCH: Final = {
    "livebench.reasoning": "liveBenchReasoning",
    "livebench.coding": "liveBenchCoding",
    "livebench.agentic_coding": "liveBenchAgenticCoding",
    "livebench.language": "liveBenchLanguage",
}
_GENERAL_WEIGHTS: Final = {"arena": 3, "mmluPro": 2, "gpqa": 2, "intelligenceIndex": 1}
_CODING_WEIGHTS: Final = {
    "liveCodeBench": 4,
    "liveBenchAgenticCoding": 3,
    "liveBenchCoding": 2,
    "codingIndex": 1,
}
_REASONING_WEIGHTS: Final = {
    "liveBenchReasoning": 3,
    "gpqa": 3,
    "mathIndex": 2,
    "arena": 1,
    "intelligenceIndex": 1,
}


def ancestor_scores(
    models: Sequence[ModelFacts], records: Sequence[SourceRecord], matches: Sequence[Match]
) -> dict[str, dict[Category, float]]:
    """What the ancestor would show for each model."""
    benchmarks = _share_with_variants(models, merge_benchmarks(records, matches))
    scales = _normal_scales(benchmarks)
    return {facts.model_id: _scores(facts, _normalised(benchmarks.get(facts.model_id, {}), scales)) for facts in models}


# --- merging -------------------------------------------------------------------------------


def merge_benchmarks(records: Sequence[SourceRecord], matches: Sequence[Match]) -> dict[str, Benchmarks]:
    """One value per model and benchmark, by the ancestor's order of sources and its choice of rows."""
    rows: dict[Source, dict[str, list[Values]]] = {}
    is_read = _read_measures(records)
    for record, match in zip(records, matches, strict=True):
        if not match.model_id:
            continue
        values = {each.benchmark: each.value for each in record.measures if is_read(each) and math.isfinite(each.value)}
        if values:
            rows.setdefault(record.source, {}).setdefault(match.model_id, []).append(values)
    merged: dict[str, Benchmarks] = {}
    for source, of_rows in (
        (Source.ARTIFICIAL_ANALYSIS, _of_artificial_analysis),
        (Source.HF_LEADERBOARD, _of_hugging_face),
        (Source.LMARENA, _of_arena),
        (Source.LIVEBENCH, _of_livebench),
    ):
        for model_id, found in rows.get(source, {}).items():
            held = merged.setdefault(model_id, {})
            for name, value in of_rows(found).items():
                held.setdefault(name, value)  # no two sources share a name but HF, which only fills gaps
    return merged


def _read_measures(records: Sequence[SourceRecord]) -> Callable[[Measure], bool]:
    """It read one arena file and the newest LiveBench table, and nothing older beside them."""
    newest, arenas = "", set()
    for record in records:
        if record.source is Source.LIVEBENCH:
            newest = max([newest, *(measure.release for measure in record.measures)])
        elif record.source is Source.LMARENA:
            arenas |= {measure.benchmark for measure in record.measures}
    arena = next((benchmark for benchmark in _ARENA_ORDER if benchmark in arenas), "")

    def is_read(measure: Measure) -> bool:
        if measure.benchmark.startswith(_ARENA_PREFIX):
            return measure.benchmark == arena
        return not measure.benchmark.startswith(_LIVEBENCH_PREFIX) or measure.release == newest

    return is_read


def _of_artificial_analysis(rows: Sequence[Values]) -> Benchmarks:
    """The row of the highest index: the ancestor held the first, replaced by one that reasons."""
    values = _best_row(rows, lambda row: row.get("aa.intelligence_index", -math.inf))
    indices = {
        name: _clamped(_rounded((values[benchmark] + 100) / 2))
        for benchmark, name in _AA_INDICES.items()
        if benchmark in values
    }
    shares = {
        name: _rounded(values[benchmark] * 1000) / 10 for benchmark, name in _AA_SHARES.items() if benchmark in values
    }
    return indices | shares


def _of_hugging_face(rows: Sequence[Values]) -> Benchmarks:
    values = _best_row(rows, lambda row: row.get("hf.average", -math.inf))
    return {name: values[benchmark] for benchmark, name in _HF.items() if benchmark in values}


def _of_arena(rows: Sequence[Values]) -> Benchmarks:
    """The highest rating, from 1000-1500 to 0-100."""
    rating = max(value for row in rows for value in row.values())
    return {"arena": _clamped(_rounded((rating - 1000) / 500 * 1000) / 10)}


def _of_livebench(rows: Sequence[Values]) -> Benchmarks:
    """The row of the best average."""
    values = _best_row(rows, lambda row: sum(row.values()) / len(row))
    return {
        name: _rounded(values[benchmark] * 10) / 10 for benchmark, name in _LIVEBENCH.items() if benchmark in values
    }


def _best_row(rows: Sequence[Values], rank: Callable[[Values], float]) -> Values:
    return max(rows, key=lambda row: (rank(row), sorted(row.items())))


def _share_with_variants(models: Sequence[ModelFacts], merged: Mapping[str, Benchmarks]) -> dict[str, Benchmarks]:
    """A variant without benchmarks of its own shows those of the model before the colon."""
    shared = dict(merged)
    for facts in models:
        base_id, colon, _ = facts.model_id.partition(":")
        if colon and not merged.get(facts.model_id) and merged.get(base_id):
            shared[facts.model_id] = merged[base_id]
    return shared


# --- scoring -------------------------------------------------------------------------------


def _normal_scales(benchmarks: Mapping[str, Benchmarks]) -> dict[str, tuple[float, float]]:
    """Population mean and spread of each benchmark with five values, variants counted like models."""
    values: dict[str, list[float]] = {}
    for model_id in sorted(benchmarks):
        for name, value in benchmarks[model_id].items():
            values.setdefault(name, []).append(value)
    scales = {}
    for name, population in values.items():
        mean = sum(population) / len(population)
        stddev = math.sqrt(sum((value - mean) ** 2 for value in population) / len(population))
        if len(population) >= _MIN_POPULATION and stddev > 0:
            scales[name] = (mean, stddev)
    return scales


def _normalised(values: Benchmarks, scales: Mapping[str, tuple[float, float]]) -> Benchmarks:
    """50 + 20 z; a benchmark without a scale counts as it is."""
    return {
        name: _clamped(50 + 20 * (value - scales[name][0]) / scales[name][1]) if name in scales else value
        for name, value in values.items()
    }


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts as the ancestor holds them: an unknown price is 0, a dynamic one is -1 per token."""

    tier: Tier
    price: float
    context_tokens: int
    is_reasoning: bool
    is_vision: bool


def _held_facts(facts: ModelFacts) -> _Facts:
    prompt = facts.pricing.prompt_usd_per_mtok
    price = -1_000_000.0 if facts.pricing.is_dynamic else float(prompt or 0)
    capabilities = capabilities_of(facts)
    is_priced = prompt is not None and prompt != 0 and not facts.pricing.is_dynamic
    return _Facts(
        tier=tier_of(provider_of(facts.model_id), prompt) if is_priced else Tier.BUDGET,
        price=price,
        context_tokens=facts.context_length_tokens or 0,
        is_reasoning=capabilities.reasoning,
        is_vision=capabilities.vision,
    )


def _scores(facts: ModelFacts, values: Benchmarks) -> dict[Category, float]:
    held = _held_facts(facts)
    baseline = _BASELINES[held.tier]
    general = _first(_weighted_mean(values, _GENERAL_WEIGHTS), baseline)
    scores = {
        Category.GENERAL: general,
        Category.CODING: _first(_weighted_mean(values, _CODING_WEIGHTS), _rounded(general * 0.85)),
        Category.REASONING: _reasoning(values, held, baseline),
        **dict(_conditional(values, held, general)),
    }
    return {category: _clamped(_rounded(score)) for category, score in scores.items()}


def _conditional(values: Benchmarks, held: _Facts, general: float) -> Iterator[tuple[Category, float]]:
    if held.is_vision:
        yield Category.VISION, general
    if held.price < 2:
        yield Category.FAST_CHEAP, 100 - 50 * held.price
    if held.context_tokens >= LONG_CONTEXT_TOKENS:
        yield Category.RESEARCH, general + min(held.context_tokens / 1_000_000 * 20, 20)
    if values.get("arena") or values.get("liveBenchLanguage"):
        weights = {"arena": 4, "liveBenchLanguage": 2, "general": 1}
        creative = _weighted_mean(values | {"general": general}, weights)
        yield Category.CREATIVE, _first(creative, general)
    elif held.tier is Tier.PREMIUM:
        yield Category.CREATIVE, general


def _reasoning(values: Benchmarks, held: _Facts, baseline: float) -> float:
    score = _first(_weighted_mean(values, _REASONING_WEIGHTS), baseline)
    return max(score, 65.0) if held.is_reasoning and score < 80 else score


def _weighted_mean(values: Benchmarks, weights: Mapping[str, int]) -> float | None:
    total, weight_sum = 0.0, 0
    for name, weight in weights.items():
        if name in values:
            total += weight * values[name]
            weight_sum += weight
    return total / weight_sum if weight_sum else None


def _first(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _rounded(value: float) -> float:
    """Half upwards, as in JavaScript."""
    return float(math.floor(value + 0.5))


def _clamped(score: float) -> float:
    return min(max(score, 0.0), 100.0)
