"""Choosing: hard filters first, then order, then an explanation. Everything here is pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import erf, log2, sqrt
from typing import Final

from catalog.shapes import Category, Entry, Snapshot
from routing.blending import Blend, blend
from routing.context import ContextBooster
from routing.filters import filters_of
from routing.learned import Learned
from routing.shapes import Choice, Evidence, Features, Limits, RankedCandidate, Removal
from routing.thresholds import RoutingPolicy

EXAMPLES_SHOWN: Final = 3
BEST_CONFIDENCE: Final = 0.99
# Fit for these by a fact; for the others by a judgement that a catalogue without benchmarks cannot make.
_FACTUAL: Final = frozenset({Category.GENERAL, Category.VISION, Category.FAST_CHEAP, Category.RESEARCH})


# --- the board: all candidates of a category, scored ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """A scored candidate with the facts that filters look at."""

    candidate: RankedCandidate
    entry: Entry


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """Everybody who may run in a category, best first, and who may not."""

    category: Category
    standings: tuple[Standing, ...]
    removals: tuple[Removal, ...]


def make_board(
    snapshot: Snapshot, category: Category, tags: Sequence[str], learned: Learned, policy: RoutingPolicy
) -> Board:
    """The category's candidates, scored for these context tags with what was learned."""
    candidates = [entry for entry in snapshot.entries if entry.is_candidate and category in entry.scores]
    listed = [entry for entry in candidates if category in entry.categories]
    if not listed and category not in _FACTUAL:
        listed = candidates
    chosen = {entry.facts.model_id for entry in listed}
    others = [entry for entry in candidates if entry.facts.model_id not in chosen]
    booster = ContextBooster(snapshot, tags, policy)
    standings = [Standing(_score(entry, category, tags, learned, booster, policy), entry) for entry in listed]
    removal = _removal("category", f"not listed under {category}", others)
    return Board(category, tuple(sorted(standings, key=lambda item: _order(item.candidate))), removal)


def _score(
    entry: Entry,
    category: Category,
    tags: Sequence[str],
    learned: Learned,
    booster: ContextBooster,
    policy: RoutingPolicy,
) -> RankedCandidate:
    facts, score = entry.facts, entry.scores[category]
    blended = blend(score, learned.of(facts.model_id, category, tags), policy)
    boost = booster.boost(entry)
    spread = (blended.value - blended.lower) / policy.interval_z
    caution = policy.caution_z * spread * blended.ignorance_share
    personal = next((part for part in blended.parts if part.evidence == Evidence.PERSONAL), None)
    rates = {item.evidence: item.success_share for item in learned.of(facts.model_id, category, tags)}
    return RankedCandidate(
        model_id=facts.model_id,
        name=facts.name,
        provider=entry.provider,
        score=round(blended.value + boost - caution, 2),
        benchmark_score=score.value,
        lower=blended.lower,
        upper=blended.upper,
        coverage_share=score.coverage_share,
        parts=blended.parts,
        context_boost=boost,
        personal_share=rates[Evidence.PERSONAL] if personal else None,
        prompt_usd_per_mtok=facts.pricing.prompt_usd_per_mtok,
        completion_usd_per_mtok=facts.pricing.completion_usd_per_mtok,
        context_length_tokens=facts.context_length_tokens,
        reasons=tuple(_reasons(blended, score.coverage_share, boost, caution)),
        caution=round(caution, 2),
        source_count=len(entry.sources),
        is_fast="fast" in entry.tags,
    )


def _reasons(blended: Blend, coverage_share: float, boost: float, caution: float) -> Iterator[str]:
    bench = blended.parts[0]
    yield f"benchmarks say {bench.value:.1f}, with {coverage_share:.0%} of them measured"
    for part in blended.parts[1:]:
        yield part.detail
    if boost:
        yield f"context adds {boost:.2f}"
    if caution >= 0.005:  # what rounds to nothing needs no word
        yield f"caution takes {caution:.2f}: what is not measured may be lower than it is guessed"


# --- choosing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ranking:
    """Who passed, best first, and who did not."""

    ranked: tuple[RankedCandidate, ...]
    removals: tuple[Removal, ...]


def rank(
    board: Board, features: Features, limits: Limits, policy: RoutingPolicy, preference: int | None = None
) -> Ranking:
    """The board's candidates that pass every filter, in order; each of the others counts for the first it failed."""
    filters = filters_of(features, limits)
    removed: dict[str, list[Entry]] = {item.name: [] for item in filters}
    passed = []
    for standing in board.standings:
        failed = next((item for item in filters if not item.passes(standing.entry)), None)
        if failed is None:
            passed.append(standing.candidate)
        else:
            removed[failed.name].append(standing.entry)
    if preference is not None:
        passed = [replace(item, cost_penalty=cost_penalty(item, preference, policy)) for item in passed]
        passed.sort(key=_order)
    removals = [removal for item in filters for removal in _removal(item.name, item.reason, removed[item.name])]
    return Ranking(tuple(passed), (*board.removals, *removals))


def choose(features: Features, limits: Limits, ranking: Ranking, preference: int | None = None) -> Choice:
    """The ranking as an answer to this task, with a sentence on why."""
    return Choice(
        features=features,
        limits=limits,
        ranked=ranking.ranked,
        removals=ranking.removals,
        reason=_explain(features, limits, ranking),
        preference=preference,
    )


def cost_penalty(candidate: RankedCandidate, preference: int, policy: RoutingPolicy) -> float:
    """What the price costs in points: every doubling the same, less of it the more quality is preferred."""
    written = policy.completion_weight_share
    cost = (
        float(candidate.prompt_usd_per_mtok or 0) * (1 - written)
        + float(candidate.completion_usd_per_mtok or 0) * written
    )
    doublings = log2(max(cost, policy.price_floor_usd_per_mtok) / policy.price_floor_usd_per_mtok)
    return (10 - preference) / 10 * policy.points_per_doubling * doublings


def select(ranked: Sequence[RankedCandidate], count: int) -> tuple[RankedCandidate, ...]:
    """The first ``count`` to take: one per provider as far as providers reach, then from the top."""
    first: dict[str, RankedCandidate] = {}
    for candidate in ranked:
        first.setdefault(candidate.provider, candidate)
        if len(first) == count:
            break
    taken = list(first.values())
    known = {candidate.model_id for candidate in taken}
    rest = (candidate for candidate in ranked if candidate.model_id not in known)
    return (*taken, *(candidate for candidate, _ in zip(rest, range(count - len(taken)), strict=False)))


def confidence_of(candidate: RankedCandidate, choice: Choice, policy: RoutingPolicy) -> float:
    """How likely it is that no other considered model would do noticeably better, 0 to 0.99.

    The chance that the best of the others is not ahead by more than a difference that anybody would
    notice, less for what is not measured, times how sure the category is.
    """
    rival = next((other for other in choice.ranked if other.model_id != candidate.model_id), None)
    chance = 1.0 if rival is None else _chance_ahead(candidate, rival, policy)
    kept = policy.unmeasured_confidence_share
    measured = kept + (1 - kept) * candidate.coverage_share
    category = choice.features.classification.category
    is_sure = choice.features.is_category_given
    sureness = 1.0 if is_sure else min(max(category.confidence_prob, 0.0), 1.0)
    return round(min(chance * measured * sureness, BEST_CONFIDENCE), 2)


def no_model_message(choice: Choice) -> str:
    """Why nothing is left, filter by filter."""
    limits, category = choice.limits, choice.features.category
    told = "; ".join(f"{item.filter} took {item.count} ({item.reason})" for item in choice.removals)
    return f"No model found for {category} at {limits.budget} budget. " + (
        f"{told[:1].upper()}{told[1:]}." if told else "The catalogue has no candidates."
    )


def _order(candidate: RankedCandidate) -> tuple[float, Decimal, Decimal, str]:
    """Best first, then cheapest; the id makes the order independent of the catalogue's."""
    return (
        candidate.cost_penalty - candidate.score,
        candidate.prompt_usd_per_mtok or Decimal(0),
        candidate.completion_usd_per_mtok or Decimal(0),
        candidate.model_id,
    )


def _chance_ahead(candidate: RankedCandidate, rival: RankedCandidate, policy: RoutingPolicy) -> float:
    def spread(item: RankedCandidate) -> float:
        return (item.upper - item.lower) / (2 * policy.interval_z)

    both = sqrt(spread(candidate) ** 2 + spread(rival) ** 2)
    ahead = candidate.score - rival.score + policy.same_score
    if both == 0:
        return 1.0 if ahead >= 0 else 0.0
    return 0.5 * (1 + erf(ahead / both / sqrt(2)))


def _explain(features: Features, limits: Limits, ranking: Ranking) -> str:
    if not ranking.ranked:
        return f"nothing is left for {features.category} at {limits.budget} budget"
    best = ranking.ranked[0]
    told = f"{best.name} leads {len(ranking.ranked)} models for {features.category} with {best.score:.1f}"
    if len(ranking.ranked) > 1:
        second = ranking.ranked[1]
        told += f"; next is {second.name} with {second.score:.1f}"
    why = "; ".join(best.reasons)
    return f"{told}. {why[:1].upper()}{why[1:]}."


def _removal(name: str, reason: str, entries: Sequence[Entry]) -> tuple[Removal, ...]:
    if not entries:
        return ()
    examples = tuple(entry.facts.model_id for entry in entries[:EXAMPLES_SHOWN])
    return (Removal(name, reason, len(entries), examples),)
