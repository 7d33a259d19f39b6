"""Which models stand for each base line, and how good they are beside those that were used. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from catalog.shapes import Category, CategoryScore, Entry, Tier
from feedback.posterior import posterior
from feedback.shapes import Posterior
from feedback.spend.savings import Baseline
from feedback.spend.shapes import BaselineKey

# The mean of the measured models: whoever scores below it in a category is no stand-in for the others.
CAPABLE_SCORE: Final = 50.0
# Three tokens are read for each one written, as routing weighs prices.
_COMPLETION_SHARE: Final = Decimal("0.25")
Answers = Mapping[tuple[str, str], int]  # (category, model id) -> calls that did the work


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the models are that did some work: by the catalogue, and by what people said."""

    score: float | None  # 0-100, the mean over the work; None where nobody scored them
    lower: float | None
    upper: float | None
    scored_share: float  # of the work, done by models with a score
    rating: Posterior | None  # how much of it is accepted; None where nobody rated
    rating_count: int = 0


@dataclass(frozen=True, slots=True)
class Rated:
    """What was said of one model in one category."""

    model_id: str
    category: str
    weight: float
    worth: float  # weighted, so at most the weight
    count: int


def choose_baselines(
    entries: Mapping[str, Entry], answers: Answers, before: Mapping[str, int], named: str
) -> tuple[Baseline, ...]:
    """The four base lines for the kinds of task that there were; a model that was named stands for the last."""
    categories = sorted({category for category, _ in answers})
    candidates = [entry for entry in entries.values() if entry.is_candidate]
    used = {model_id for _, model_id in answers if model_id in entries}
    former = named or max(before, key=lambda model_id: (before[model_id], model_id), default="")
    pool = _best_of(used, entries, answers)
    return (
        Baseline(BaselineKey.PREMIUM, _each(categories, lambda item: _best_premium(candidates, item))),
        Baseline(BaselineKey.POOL, dict.fromkeys(categories, pool) if pool else {}),
        Baseline(BaselineKey.CHEAPEST, _each(categories, lambda item: _cheapest(candidates, item))),
        Baseline(BaselineKey.BEFORE, dict.fromkeys(categories, former) if former else {}),
    )


def quality_of_used(entries: Mapping[str, Entry], answers: Answers, rated: Iterable[Rated]) -> Quality:
    """How good the models were that did the work."""
    weights = {pair: float(count) for pair, count in answers.items()}
    return _quality(entries, weights, rated)


def quality_of(baseline: Baseline, entries: Mapping[str, Entry], answers: Answers, rated: Iterable[Rated]) -> Quality:
    """How good the base line would have been at the same work."""
    weights: defaultdict[tuple[str, str], float] = defaultdict(float)
    for (category, _), count in answers.items():
        if model_id := baseline.models.get(category):
            weights[category, model_id] += count
    return _quality(entries, weights, rated)


def _quality(entries: Mapping[str, Entry], weights: Mapping[tuple[str, str], float], rated: Iterable[Rated]) -> Quality:
    scored = [
        (score, weight)
        for (category, model_id), weight in weights.items()
        if weight > 0 and (score := score_of(entries.get(model_id), category)) is not None
    ]
    total, whole = sum(weight for _, weight in scored), sum(weights.values())
    models = {model_id for _, model_id in weights}
    said = [item for item in rated if item.model_id in models]
    weight = sum(item.weight for item in said)
    return Quality(
        score=_mean(scored, "value"),
        lower=_mean(scored, "lower"),
        upper=_mean(scored, "upper"),
        scored_share=total / whole if whole else 0.0,
        rating=posterior(sum(item.worth for item in said) / weight, weight) if weight else None,
        rating_count=sum(item.count for item in said),
    )


def _mean(scored: Sequence[tuple[CategoryScore, float]], name: str) -> float | None:
    total = sum(weight for _, weight in scored)
    return sum(getattr(score, name) * weight for score, weight in scored) / total if total else None


def score_of(entry: Entry | None, category: str) -> CategoryScore | None:
    """The model's score for this kind of task; for work without a kind, its general one."""
    return entry.scores.get(Category(category) if category else Category.GENERAL) if entry else None


def _each(categories: Iterable[str], find: object) -> dict[str, str]:
    found = {category: find(category) for category in categories}  # type: ignore[operator]  # a function
    return {category: model_id for category, model_id in found.items() if model_id}


def _best_premium(candidates: Iterable[Entry], category: str) -> str:
    """The best-scored model of the high tier; measured ones before those that nobody measured."""
    premium = [(entry, score_of(entry, category)) for entry in candidates if entry.tier is Tier.PREMIUM]
    scored = [(score.coverage_share > 0, score.value, entry.facts.model_id) for entry, score in premium if score]
    return max(scored, default=(False, 0.0, ""))[2]


def _cheapest(candidates: Iterable[Entry], category: str) -> str:
    """The cheapest measured model that is capable; free offers are rate limited and stand for nobody's work."""
    capable = [
        (price, -score.value, entry.facts.model_id)
        for entry in candidates
        if (score := score_of(entry, category)) is not None
        and score.coverage_share > 0
        and score.value >= CAPABLE_SCORE
        and (price := _price(entry)) is not None
        and price > 0
    ]
    return min(capable, default=(Decimal(0), 0.0, ""))[2]


def _price(entry: Entry) -> Decimal | None:
    pricing = entry.facts.pricing
    if pricing.is_dynamic or pricing.prompt_usd_per_mtok is None or pricing.completion_usd_per_mtok is None:
        return None
    return pricing.prompt_usd_per_mtok * (1 - _COMPLETION_SHARE) + pricing.completion_usd_per_mtok * _COMPLETION_SHARE


def _best_of(used: Iterable[str], entries: Mapping[str, Entry], answers: Answers) -> str:
    """The one model among those used that would score best at all of the work; it needs a score for most of it."""
    work: defaultdict[str, int] = defaultdict(int)
    for (category, _), count in answers.items():
        work[category] += count
    ranked = []
    for model_id in used:
        scores = [(score_of(entries[model_id], category), count) for category, count in work.items()]
        known = [(score.value, count) for score, count in scores if score]
        covered = sum(count for _, count in known)
        if covered * 2 > sum(work.values()):
            ranked.append((sum(value * count for value, count in known) / covered, model_id))
    return max(ranked, default=(0.0, ""))[1]
