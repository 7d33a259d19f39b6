"""Leave each source out, pick by category and budget, and measure what the pick cost.

Normalised regret = (best - picked) / (best - mean), by the held-out source's own values over the candidates
in the price range that it measured: 0 is the oracle's pick, 1 what picking at random costs on average;
above 1 is worse than random. The source's rows are gone from everything the scores are made of: scales,
evidence and the regression behind the prior.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import fmean
from typing import Final

import numpy as np

from catalog.evaluation.targets import Target, held_out_targets
from catalog.rules import BUDGET_RANGES_USD_PER_MTOK
from catalog.scoring import score_catalog
from catalog.shapes import Budget, Category, Entry, Match, ModelFacts, Source, SourceRecord
from catalog.weights import CURRENT_POLICY, ScoringPolicy


class Strategy(StrEnum):
    """A way to pick; every one sees the same candidates."""

    OURS = "smart-spawn"
    ANCESTOR = "ancestor"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"
    NEWEST = "newest"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Pick:
    """One question to the held-out source, with what each strategy picked and lost."""

    source: Source
    release: str
    category: Category
    budget: Budget
    candidate_count: int
    best_id: str
    picked_ids: Mapping[Strategy, str]  # random has none: it is the mean over all candidates
    regrets: Mapping[Strategy, float]


@dataclass(frozen=True, slots=True)
class Correlation:
    """How a strategy's whole order agrees with the held-out source's."""

    source: Source
    release: str
    category: Category
    candidate_count: int
    spearman: Mapping[Strategy, float]
    interval_share: float  # of the judged models, how many the source places within our 80 % interval


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every pick and every correlation, with their means."""

    policy_version: str
    as_of: date
    picks: tuple[Pick, ...]
    correlations: tuple[Correlation, ...]
    too_narrow: tuple[Source, ...] = ()  # present, but measured too few listed models to judge

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources that judged, in their usual order."""
        judged = {pick.source for pick in self.picks}
        return tuple(source for source in Source if source in judged)

    def mean_regrets(
        self,
        *,
        source: Source | None = None,
        category: Category | None = None,
        budget: Budget | None = None,
    ) -> dict[Strategy, float]:
        """The mean over the picks asked for; over several sources, each source counts the same."""
        chosen = [pick for pick in self.picks if category in (None, pick.category) and budget in (None, pick.budget)]
        return _mean_by_source([(pick.source, pick.regrets) for pick in chosen if source in (None, pick.source)])

    def mean_interval_share(self, *, source: Source | None = None) -> float:
        """How many of the held-out values lie within our 80 % intervals, each source counting the same."""
        shares: dict[Source, list[float]] = {}
        for each in self.correlations:
            if source in (None, each.source):
                shares.setdefault(each.source, []).append(each.interval_share)
        return fmean(fmean(of_source) for of_source in shares.values()) if shares else 0.0

    def mean_spearman(self, *, source: Source | None = None) -> dict[Strategy, float]:
        """The mean rank correlation, each source counting the same."""
        return _mean_by_source(
            [(each.source, each.spearman) for each in self.correlations if source in (None, each.source)]
        )


def evaluate_scoring(
    *,
    models: Sequence[ModelFacts],
    records: Sequence[SourceRecord],
    matches: Sequence[Match],
    as_of: date,
    policy: ScoringPolicy = CURRENT_POLICY,
) -> Evaluation:
    """Leave-one-source-out over every source that measured enough models to judge."""
    picks: list[Pick] = []
    correlations: list[Correlation] = []
    too_narrow: list[Source] = []
    for source in dict.fromkeys(record.source for record in records):
        targets = list(held_out_targets(source, models=models, records=records, matches=matches))
        if not targets:
            too_narrow.append(source)
            continue
        kept = [(record, match) for record, match in zip(records, matches, strict=True) if record.source is not source]
        scored = score_catalog(
            models=models,
            records=[record for record, _ in kept],
            matches=[match for _, match in kept],
            as_of=as_of,
            policy=policy,
        )
        candidates = [entry for entry in scored.entries if entry.is_candidate]
        for target in targets:
            picks += _picks(target, candidates)
            correlations += _correlations(target, candidates)
    return Evaluation(policy.version, as_of, tuple(picks), tuple(correlations), tuple(too_narrow))


# --- picking -------------------------------------------------------------------------------

MIN_CANDIDATES: Final = 5  # in one price range; among fewer, every pick is nearly the best or the worst
_NEVER: Final = -math.inf  # what a strategy has no number for, it picks last
_Rank = Callable[[Entry], float]


def _ranks(category: Category) -> dict[Strategy, _Rank]:
    """How each strategy orders entries: the highest is picked, the first listed of equals."""
    return {
        Strategy.OURS: lambda entry: entry.scores[category].value,
        Strategy.ANCESTOR: lambda entry: entry.ancestor_scores.get(category, _NEVER),
        Strategy.CHEAPEST: lambda entry: -_price(entry),
        Strategy.DEAREST: _price,
        Strategy.NEWEST: lambda entry: entry.facts.created_at.timestamp() if entry.facts.created_at else _NEVER,
    }


def _price(entry: Entry) -> float:
    return float(entry.facts.pricing.prompt_usd_per_mtok or 0)


def _judged(target: Target, candidates: Sequence[Entry]) -> list[Entry]:
    """The candidates that the target has a value for and that can do the category at all; never a variant."""
    return [entry for entry in candidates if entry.facts.model_id in target.values and target.category in entry.scores]


def _picks(target: Target, candidates: Sequence[Entry]) -> Iterator[Pick]:
    ranks = _ranks(target.category)
    for budget, (low, high) in BUDGET_RANGES_USD_PER_MTOK.items():
        affordable = [
            entry
            for entry in _judged(target, candidates)
            if (price := entry.facts.pricing.prompt_usd_per_mtok) is not None
            and low <= price
            and (high is None or price <= high)
        ]
        values = [target.values[entry.facts.model_id] for entry in affordable]
        if len(values) < MIN_CANDIDATES or max(values) <= fmean(values):
            continue
        best, mean = max(values), fmean(values)
        picked = {strategy: max(affordable, key=rank).facts.model_id for strategy, rank in ranks.items()}
        regrets = {strategy: (best - target.values[model_id]) / (best - mean) for strategy, model_id in picked.items()}
        yield Pick(
            source=target.source,
            release=target.release,
            category=target.category,
            budget=budget,
            candidate_count=len(affordable),
            best_id=affordable[values.index(best)].facts.model_id,
            picked_ids=picked,
            regrets=regrets | {Strategy.RANDOM: 1.0},
        )


def _correlations(target: Target, candidates: Sequence[Entry]) -> Iterator[Correlation]:
    judged = _judged(target, candidates)
    values = [target.values[entry.facts.model_id] for entry in judged]
    if len(judged) < MIN_CANDIDATES or len(set(values)) == 1:
        return
    spearman = {
        strategy: spearman_correlation([rank(entry) for entry in judged], values)
        for strategy, rank in _ranks(target.category).items()
    }
    yield Correlation(
        source=target.source,
        release=target.release,
        category=target.category,
        candidate_count=len(judged),
        spearman=spearman | {Strategy.RANDOM: 0.0},
        interval_share=_interval_share(target, judged),
    )


def _interval_share(target: Target, judged: Sequence[Entry]) -> float:
    """The source's values placed on our scale by their mean and spread, as any benchmark is."""
    scores = [entry.scores[target.category] for entry in judged]
    ours = np.array([score.value for score in scores])
    theirs = np.array([target.values[entry.facts.model_id] for entry in judged])
    placed = ours.mean() + (theirs - theirs.mean()) / (theirs.std() or 1.0) * ours.std()
    return fmean(score.lower <= value <= score.upper for score, value in zip(scores, placed, strict=True))


# --- numbers -------------------------------------------------------------------------------


def spearman_correlation(left: Sequence[float], right: Sequence[float]) -> float:
    """The correlation of the ranks, equal values sharing their mean rank; 0 where one side is constant."""
    a, b = _mean_ranks(left), _mean_ranks(right)
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _mean_ranks(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    _, inverse, counts = np.unique(np.array(values), return_inverse=True, return_counts=True)
    last_ranks = np.cumsum(counts)
    means: np.ndarray[tuple[int], np.dtype[np.float64]] = (last_ranks - (counts - 1) / 2)[inverse]
    return means


def _mean_by_source(rows: Sequence[tuple[Source, Mapping[Strategy, float]]]) -> dict[Strategy, float]:
    by_source: dict[Source, list[Mapping[Strategy, float]]] = {}
    for source, values in rows:
        by_source.setdefault(source, []).append(values)
    return {
        strategy: fmean(fmean(each[strategy] for each in values) for values in by_source.values())
        for strategy in Strategy
        if by_source
    }
