"""An evaluation as text for people and as one JSON object for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypedDict

from catalog.evaluation.judge import Evaluation, Pick, Strategy
from catalog.rules import BUDGET_RANGES_USD_PER_MTOK
from catalog.shapes import Category

_STRATEGIES: Final = tuple(Strategy)


class PickPayload(TypedDict):
    source: str
    release: str
    category: str
    budget: str
    candidates: int
    best: str
    picked: dict[str, str]
    regret: dict[str, float]


class CorrelationPayload(TypedDict):
    source: str
    release: str
    category: str
    candidates: int
    spearman: dict[str, float]
    intervalShare: float


class MeansPayload(TypedDict):
    regret: dict[str, float]
    spearman: dict[str, float]
    intervalShare: float


class EvaluationPayload(TypedDict):
    policyVersion: str
    asOf: str
    overall: MeansPayload
    sources: dict[str, MeansPayload]
    categories: dict[str, dict[str, float]]
    budgets: dict[str, dict[str, float]]
    tooNarrow: list[str]
    picks: list[PickPayload]
    correlations: list[CorrelationPayload]


def evaluation_payload(evaluation: Evaluation) -> EvaluationPayload:
    """The evaluation as one JSON object; ``overall`` gives every source the same weight."""
    return {
        "policyVersion": evaluation.policy_version,
        "asOf": evaluation.as_of.isoformat(),
        "overall": {
            "regret": _rounded(evaluation.mean_regrets()),
            "spearman": _rounded(evaluation.mean_spearman()),
            "intervalShare": round(evaluation.mean_interval_share(), 4),
        },
        "sources": {
            source.value: {
                "regret": _rounded(evaluation.mean_regrets(source=source)),
                "spearman": _rounded(evaluation.mean_spearman(source=source)),
                "intervalShare": round(evaluation.mean_interval_share(source=source), 4),
            }
            for source in evaluation.sources
        },
        "categories": {
            category.value: means
            for category in Category
            if (means := _rounded(evaluation.mean_regrets(category=category)))
        },
        "budgets": {
            budget.value: _rounded(evaluation.mean_regrets(budget=budget)) for budget in BUDGET_RANGES_USD_PER_MTOK
        },
        "tooNarrow": [source.value for source in evaluation.too_narrow],
        "picks": [_pick_payload(pick) for pick in evaluation.picks],
        "correlations": [
            {
                "source": each.source.value,
                "release": each.release,
                "category": each.category.value,
                "candidates": each.candidate_count,
                "spearman": _rounded(each.spearman),
                "intervalShare": round(each.interval_share, 4),
            }
            for each in evaluation.correlations
        ],
    }


def _pick_payload(pick: Pick) -> PickPayload:
    return {
        "source": pick.source.value,
        "release": pick.release,
        "category": pick.category.value,
        "budget": pick.budget.value,
        "candidates": pick.candidate_count,
        "best": pick.best_id,
        "picked": {strategy.value: model_id for strategy, model_id in pick.picked_ids.items()},
        "regret": _rounded(pick.regrets),
    }


def _rounded(means: Mapping[Strategy, float]) -> dict[str, float]:
    return {strategy.value: round(value, 4) for strategy, value in means.items()}


# --- text ----------------------------------------------------------------------------------


def evaluation_text(evaluation: Evaluation) -> str:
    """The evaluation as tables in plain text."""
    if not evaluation.picks:
        return "No source measured enough of the listed models to judge by."
    return "\n".join(_lines(evaluation))


def _lines(evaluation: Evaluation) -> Iterator[str]:
    yield f"Leave one source out, scoring policy {evaluation.policy_version}, as of {evaluation.as_of}."
    yield "Normalised regret: 0 is the best candidate by the source left out, 1 a random one."
    for source in evaluation.too_narrow:
        yield f"{source} measured too few listed models to judge; it only informs the others."
    for source in evaluation.sources:
        yield ""
        yield f"{source} left out"
        yield _header("category    budget  release     of")
        for pick in (pick for pick in evaluation.picks if pick.source is source):
            question = f"{pick.category:<11} {pick.budget:<7} {pick.release:<10} {pick.candidate_count:3}"
            yield f"{question} {_numbers(pick.regrets)}  {_difference(pick)}"
        yield f"{'mean regret':<34} {_numbers(evaluation.mean_regrets(source=source))}"
        yield f"{'mean Spearman':<34} {_numbers(evaluation.mean_spearman(source=source))}"
        yield f"{'within our 80 % intervals':<34} {evaluation.mean_interval_share(source=source):11.3f}"
    yield ""
    yield _header("all sources, each counting the same")
    for budget in BUDGET_RANGES_USD_PER_MTOK:
        yield f"{f'mean regret, budget {budget}':<34} {_numbers(evaluation.mean_regrets(budget=budget))}"
    for category in Category:
        means = evaluation.mean_regrets(category=category)
        if means:
            yield f"{f'mean regret, {category}':<34} {_numbers(means)}"
    yield f"{'mean regret':<34} {_numbers(evaluation.mean_regrets())}"
    yield f"{'mean Spearman':<34} {_numbers(evaluation.mean_spearman())}"
    yield f"{'within our 80 % intervals':<34} {evaluation.mean_interval_share():11.3f}"


def _header(title: str) -> str:
    return f"{title:<34} " + " ".join(f"{strategy:>11}" for strategy in _STRATEGIES)


def _numbers(values: Mapping[Strategy, float]) -> str:
    return " ".join(f"{values[strategy]:11.3f}" if strategy in values else f"{'-':>11}" for strategy in _STRATEGIES)


def _difference(pick: Pick) -> str:
    ours = pick.picked_ids[Strategy.OURS]
    return "picks the best" if ours == pick.best_id else f"picks {ours}, best is {pick.best_id}"
