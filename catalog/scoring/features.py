"""What is known of a model before anybody measured it, as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

import numpy as np

from catalog.rules import capabilities_of, provider_of
from catalog.shapes import ModelFacts
from catalog.weights import PriorPolicy

_DAYS_PER_YEAR: Final = 365.25
_COMMON_CONTEXT_TOKENS: Final = 128_000
_CONTEXT_RANGE_TOKENS: Final = (8_000, 1_048_576)
_PARAMETERS: Final = re.compile(r"(?<![a-z\d.])(\d{1,4}(?:\.\d{1,2})?)b(?![a-z\d])")
_SMALL_WORDS: Final = re.compile(r"\b(?:mini|nano|lite|flash|small|air|micro|haiku|fast|tiny)\b")
_LARGE_WORDS: Final = re.compile(r"\b(?:pro|max|ultra|opus|large|premier)\b")
# What differs between two models of one family: sizes, version numbers and the words around them.
_VERSION_MARKS: Final = re.compile(r"\ba?\d+(?:\.\d+)?b\b|[\d.]+|\b(?:preview|exp|instruct|it|latest|beta)\b")

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def feature_rows(models: Sequence[ModelFacts], policy: PriorPolicy, *, as_of: date) -> list[dict[str, float]]:
    """One row of named numbers for each model, each about 0 for a common model and of spread about 1."""
    newest = _newest(models, as_of)
    return [_features(facts, policy, newest) for facts in models]


def group_names(models: Sequence[ModelFacts]) -> list[tuple[str, str]]:
    """The provider and the family of each model."""
    return [(provider_of(facts.model_id), family_of(facts.model_id)) for facts in models]


def family_of(model_id: str) -> str:
    """The id without sizes and versions: what a model shares with its predecessors and siblings."""
    provider, _, name = model_id.split(":", 1)[0].partition("/")
    words = _VERSION_MARKS.sub("", name.lower().replace("_", "-"))
    return f"{provider}/{'-'.join(word for word in words.split('-') if word not in ('', 'v'))}"


def parameters_b(facts: ModelFacts) -> float | None:
    """The billions of parameters that the model's id or name states; the largest of several numbers."""
    sizes = [float(size) for size in _PARAMETERS.findall(f"{facts.model_id} {facts.name}".lower())]
    return max((size for size in sizes if size > 0), default=None)


def blended_price_usd_per_mtok(facts: ModelFacts) -> float | None:
    """Three parts prompt and one part completion, as is usual; None where either is not known."""
    prompt, completion = facts.pricing.prompt_usd_per_mtok, facts.pricing.completion_usd_per_mtok
    if facts.pricing.is_dynamic or prompt is None or completion is None or min(prompt, completion) < 0:
        return None
    return float(3 * prompt + completion) / 4


def log2_context_z(context_length_tokens: int) -> float:
    """Room to work in: 0 at what is common, 2 at the largest windows."""
    return math.log2(_clip(context_length_tokens, _CONTEXT_RANGE_TOKENS) / _COMMON_CONTEXT_TOKENS) / 1.5


def _features(facts: ModelFacts, policy: PriorPolicy, newest: datetime | None) -> dict[str, float]:
    price = blended_price_usd_per_mtok(facts) or policy.free_price_usd_per_mtok
    age_years = _age_years(facts, newest)
    size_b = min(parameters_b(facts) or policy.full_size_parameters_b, policy.full_size_parameters_b)
    context_tokens = facts.context_length_tokens or _CONTEXT_RANGE_TOKENS[0]
    return {
        "log_price": math.log(_clip(price, policy.price_range_usd_per_mtok)),
        "age_years": age_years,
        "sqrt_age_years": math.sqrt(age_years),
        "has_reasoning": float(capabilities_of(facts).reasoning),
        "log2_context": math.log2(_clip(context_tokens, _CONTEXT_RANGE_TOKENS) / _COMMON_CONTEXT_TOKENS),
        "log_size": math.log(size_b / policy.full_size_parameters_b),
        "is_small": float(bool(_SMALL_WORDS.search(facts.model_id.lower()))),
        "is_large": float(bool(_LARGE_WORDS.search(facts.model_id.lower()))),
    }


def _newest(models: Sequence[ModelFacts], as_of: date) -> datetime | None:
    """The newest listing, from which ages count: so scores do not drift from day to day."""
    end_of_day = datetime(as_of.year, as_of.month, as_of.day, 23, 59, 59, tzinfo=UTC)
    known = [min(facts.created_at, end_of_day) for facts in models if facts.created_at is not None]
    return max(known, default=None)


def _age_years(facts: ModelFacts, newest: datetime | None) -> float:
    """Years before the newest listing; a model that does not say counts as a year old."""
    if facts.created_at is None or newest is None:
        return 1.0
    return max((newest - facts.created_at).total_seconds() / 86_400 / _DAYS_PER_YEAR, 0.0)


def _clip(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def design_matrix(
    rows: Sequence[Mapping[str, float]], groups: Sequence[tuple[str, str]], policy: PriorPolicy
) -> Matrix:
    """The features in the order of the policy's coefficients, then one column per provider and family."""
    names = list(policy.coefficients)
    features = [np.array([row[name] for row in rows]) for name in names]
    memberships = [
        policy.group_scale * np.array([each[position] == group for each in groups])
        for position in (0, 1)
        for group in sorted({each[position] for each in groups})
    ]
    return np.column_stack([*features, *memberships]).astype(np.float64)
