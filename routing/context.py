"""Context tags: what a caller says about the surroundings of a task, and how far it lifts a model.

Per tag and signal, a model that stands ``z`` spreads above the catalogue's mean earns ``z * weight * 10``
points; below the mean it loses none. Unknown tags do nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from catalog.rules import LONG_CONTEXT_TOKENS
from catalog.shapes import Entry, Snapshot
from routing.thresholds import RoutingPolicy

_CONTEXT_LENGTH: Final = "context-length"

# A signal is the first of these benchmarks that the catalogue has at all. Which one, is settled for the
# whole catalogue and never by model: else a model would gain by not being measured.
_SIGNALS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "agentic-coding": (
            "livebench.agentic_coding",
            "lmarena.text.industry_software_and_it_services",
            "lmarena.text.coding",
        ),
        "coding": ("livebench.coding", "lmarena.text.coding"),
        "code-generation": ("aa.livecodebench", "lmarena.text.coding"),
        "coding-index": ("aa.coding_index", "lmarena.text.coding"),
        "reasoning": ("livebench.reasoning", "lmarena.text.hard_prompts"),
        "science": ("aa.gpqa", "hf.gpqa", "lmarena.text.expert"),
        "knowledge": ("aa.mmlu_pro", "hf.mmlu_pro", "lmarena.text.overall"),
        "math-index": ("aa.math_index", "lmarena.text.math"),
        "mathematics": ("livebench.mathematics", "lmarena.text.math"),
        "competition-math": ("aa.math_500", "lmarena.text.math"),
        "preference": ("lmarena.text.overall", "lmarena.csv_text.overall"),
        "pictures": ("lmarena.vision.overall", "lmarena.csv_vision.overall"),
        _CONTEXT_LENGTH: (_CONTEXT_LENGTH,),
    }
)
SIGNAL_BENCHMARKS: Final = frozenset(name for names in _SIGNALS.values() for name in names) - {_CONTEXT_LENGTH}
_WEB: Final = {"agentic-coding": 0.15, "coding": 0.10, "code-generation": 0.08}
_UI: Final = {"agentic-coding": 0.12, "coding": 0.10, "code-generation": 0.08}
_COMPILED: Final = {"code-generation": 0.12, "coding": 0.10, "coding-index": 0.08}

# The ancestor's table; the last two are of its documents, where its code had nothing.
TAG_SIGNALS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "typescript": {"agentic-coding": 0.15, "coding": 0.10, "code-generation": 0.10},
        "javascript": _WEB,
        "nextjs": _WEB,
        "python": {"code-generation": 0.15, "coding": 0.10, "coding-index": 0.08},
        "rust": {"code-generation": 0.15, "coding": 0.10, "reasoning": 0.08},
        "go": _COMPILED,
        "java": _COMPILED,
        "react": _UI,
        "vue": _UI,
        "supabase": {"agentic-coding": 0.12, "coding": 0.10, "science": 0.05},
        "math": {"math-index": 0.15, "mathematics": 0.15, "competition-math": 0.10},
        "security": {"reasoning": 0.12, "science": 0.10, "coding": 0.08},
        "data": {"reasoning": 0.10, "knowledge": 0.10, "science": 0.08},
        "sql": {"code-generation": 0.12, "coding": 0.10, "reasoning": 0.08},
        "css": {"agentic-coding": 0.12, "coding": 0.10, "preference": 0.05},
        "vision": {"pictures": 0.15},
        "long-context": {_CONTEXT_LENGTH: 0.15},
    }
)


@dataclass(frozen=True, slots=True)
class Needs:
    """What tags ask of a model before any score."""

    required_capabilities: tuple[str, ...] = ()
    min_context_tokens: int | None = None


def needs_of(tags: Sequence[str]) -> Needs:
    """``vision`` needs a model that sees, ``long-context`` room: without, no boost would be of use."""
    return Needs(
        required_capabilities=("vision",) if "vision" in tags else (),
        min_context_tokens=LONG_CONTEXT_TOKENS if "long-context" in tags else None,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    benchmark: str
    mean: float
    stddev: float


class ContextBooster:
    """The boosts of one snapshot's models for one set of tags."""

    def __init__(self, snapshot: Snapshot, tags: Sequence[str], policy: RoutingPolicy) -> None:
        self._policy = policy
        weights: dict[str, float] = {}
        for tag in dict.fromkeys(tags):
            for signal, weight in TAG_SIGNALS.get(tag, {}).items():
                weights[signal] = weights.get(signal, 0.0) + weight
        scales = {signal: _scale_of(snapshot, signal) for signal in weights}
        self._weighted = [(scale, weights[signal]) for signal, scale in scales.items() if scale]

    def boost(self, entry: Entry) -> float:
        """The points that the tags are worth for this model, to two decimals."""
        points = 0.0
        for scale, weight in self._weighted:
            value = _value_of(entry, scale.benchmark)
            if value is not None and value > scale.mean:
                points += (value - scale.mean) / scale.stddev * weight * self._policy.context_points_per_z
        return round(min(points, self._policy.most_context_points), 2)


def _scale_of(snapshot: Snapshot, signal: str) -> _Scale | None:
    if signal == _CONTEXT_LENGTH:
        return _context_scale(snapshot)
    stats = {item.benchmark: item for item in snapshot.benchmarks if item.stddev > 0}
    found = next((stats[benchmark] for benchmark in _SIGNALS[signal] if benchmark in stats), None)
    return _Scale(found.benchmark, found.mean, found.stddev) if found else None


def _context_scale(snapshot: Snapshot) -> _Scale | None:
    values = [value for entry in snapshot.entries if (value := _value_of(entry, _CONTEXT_LENGTH)) is not None]
    if not values:
        return None
    mean = sum(values) / len(values)
    stddev = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return _Scale(_CONTEXT_LENGTH, mean, stddev) if stddev > 0 else None


def _value_of(entry: Entry, benchmark: str) -> float | None:
    if benchmark == _CONTEXT_LENGTH:
        tokens = entry.facts.context_length_tokens
        return math.log2(tokens) if tokens else None
    for record in entry.records:  # best effort variant first, as in the scores
        for measure in record.measures:
            if measure.benchmark == benchmark:
                return measure.value
    return None
