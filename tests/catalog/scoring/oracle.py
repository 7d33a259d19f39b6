"""Scoring again, slowly and by the book: loops, least squares over stacked rows, one refit per row left out."""

from __future__ import annotations

import math

import numpy as np

from catalog.rules import capabilities_of, provider_of
from catalog.scoring.features import family_of, feature_rows
from catalog.shapes import Category
from catalog.weights import CURRENT_POLICY as POLICY
from tests.catalog.scoring.builders import AS_OF, Catalog


def oracle_scores(catalog: Catalog) -> dict[str, dict[Category, tuple[float, float]]]:
    """Each model's z and standard deviation in every category but fast-cheap; no variants, no routers."""
    z_of, error_of = _standings(catalog)
    ids = sorted(facts.model_id for facts in catalog.models)
    facts_of = {facts.model_id: facts for facts in catalog.models}
    result: dict[str, dict[Category, tuple[float, float]]] = {model_id: {} for model_id in ids}
    for category, relevance in POLICY.relevance.items():
        evidence: dict[str, list[tuple[float, float]]] = {}
        for model_id in ids:
            evidence[model_id] = []
            for source, weights in relevance.items():
                seen = {name: weight for name, weight in weights.items() if (model_id, name) in z_of}
                if seen:
                    total = sum(seen.values())
                    z = sum(weight * z_of[model_id, name] for name, weight in seen.items()) / total
                    noise = sum(weight * error_of[model_id, name] ** 2 for name, weight in seen.items()) / total
                    trust = POLICY.source_precision[source] * math.sqrt(min(1, total / POLICY.full_relevance))
                    evidence[model_id].append((z, 1 / (1 / trust + noise)))
        prior, spread = _prior(catalog, ids, evidence)
        for model_id in ids:
            facts = facts_of[model_id]
            if category is Category.VISION and not capabilities_of(facts).vision:
                continue
            terms = [*evidence[model_id], (prior[model_id], 1 / spread**2)]
            if category is Category.RESEARCH and facts.context_length_tokens:
                tokens = min(max(facts.context_length_tokens, 8_000), 1_048_576)
                terms.append((math.log2(tokens / 128_000) / 1.5, POLICY.context_precision))
            precision = sum(weight for _, weight in terms)
            z = sum(weight * value for value, weight in terms) / precision
            result[model_id][category] = (z, 1 / math.sqrt(precision))
    return result


Rows = dict[str, tuple[float, float | None]]  # model -> best value, half of its published interval
Key = tuple[str, str]


def _standings(catalog: Catalog) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    """z and the error of each model on each benchmark, the newest release of it."""
    usable = {
        key: rows
        for key, rows in _best_rows(catalog).items()
        if len(rows) >= POLICY.min_population and len({value for value, _ in rows.values()}) > 1
    }
    lines = _lines(usable)
    z_of: dict[tuple[str, str], float] = {}
    error_of: dict[tuple[str, str], float] = {}
    for key in sorted(usable):
        mean, stddev = lines[key]
        halves = [half for _, half in usable[key].values() if half is not None]
        usual = float(np.median(halves)) if halves else 0.0
        for model_id, (value, half) in usable[key].items():
            z_of[model_id, key[0]] = (value - mean) / stddev
            error_of[model_id, key[0]] = (usual if half is None else half) / 1.96 / stddev
    return z_of, error_of


def _best_rows(catalog: Catalog) -> dict[Key, Rows]:
    wanted = {name for by_source in POLICY.relevance.values() for names in by_source.values() for name in names}
    best: dict[Key, Rows] = {}
    for record, match in zip(catalog.records, catalog.matches, strict=True):
        for measure in record.measures:
            if match.model_id and measure.benchmark in wanted:
                held = best.setdefault((measure.benchmark, measure.release), {})
                half = None if measure.upper is None else (measure.upper - (measure.lower or 0)) / 2
                if match.model_id not in held or measure.value > held[match.model_id][0]:
                    held[match.model_id] = (measure.value, half)
    return best


def _lines(usable: dict[Key, Rows]) -> dict[Key, tuple[float, float]]:
    newest: dict[str, str] = {}
    for name, release in usable:
        newest[name] = max(newest.get(name, ""), release)
    reference = next(
        (name, newest[name])
        for name in POLICY.reference_benchmarks
        if name in newest and len(usable[name, newest[name]]) >= POLICY.min_reference_population
    )
    lines = {reference: _moments([value for value, _ in usable[reference].values()])}
    for name, release in newest.items():
        if (name, release) != reference:
            lines[name, release] = _linked(usable, lines, (name, release), reference)
    for key in usable:
        if key not in lines:
            lines[key] = _linked(usable, lines, key, (key[0], newest[key[0]]))
    return lines


def _linked(
    usable: dict[Key, Rows], lines: dict[Key, tuple[float, float]], key: Key, target: Key
) -> tuple[float, float]:
    """Mean and spread that give the shared models the mean and spread they have on the target."""
    own_stddev = _moments([value for value, _ in usable[key].values()])[1]
    shared = [model_id for model_id in usable[key] if model_id in usable[target]]
    assert len(shared) >= POLICY.min_shared, "the oracle only knows direct links"
    target_mean, target_stddev = lines[target]
    there = _moments([(usable[target][model_id][0] - target_mean) / target_stddev for model_id in shared])
    here = _moments([usable[key][model_id][0] for model_id in shared])
    slope = there[1] / (here[1] / own_stddev)
    slope = min(max(slope, POLICY.slope_range[0]), POLICY.slope_range[1])
    stddev = own_stddev / slope
    return here[0] - there[0] * stddev, stddev


def _moments(values: list[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def _prior(
    catalog: Catalog, ids: list[str], evidence: dict[str, list[tuple[float, float]]]
) -> tuple[dict[str, float], float]:
    policy = POLICY.prior
    facts = sorted(catalog.models, key=lambda each: each.model_id)
    rows = np.array([[row[name] for name in policy.coefficients] for row in feature_rows(facts, policy, as_of=AS_OF)])
    thumb = rows @ np.array(list(policy.coefficients.values()))
    groups = []
    for naming in (provider_of, family_of):
        names = [naming(model_id) for model_id in ids]
        groups += [[policy.group_scale * (name == each) for name in names] for each in sorted(set(names))]
    design = np.hstack([rows, np.array(groups).T])
    measured = [number for number, model_id in enumerate(ids) if evidence[model_id]]
    assert len(measured) >= policy.min_rows, "the oracle only knows the regression"
    z = np.array([sum(w * v for v, w in evidence[ids[n]]) / sum(w for _, w in evidence[ids[n]]) for n in measured])
    weight = np.array([sum(w for _, w in evidence[ids[n]]) for n in measured])
    weight = weight / weight.max()
    target = z - thumb[measured]
    fit = _least_squares(design[measured], target, weight, policy.penalty)
    errors = []
    for left_out in range(len(measured)):
        others = [n for n in range(len(measured)) if n != left_out]
        refit = _least_squares(design[measured][others], target[others], weight[others], policy.penalty)
        errors.append(target[left_out] - refit[0] - design[measured][left_out] @ refit[1:])
    spread = math.sqrt(sum(w * e * e for w, e in zip(weight, errors, strict=True)) / weight.sum())
    predicted = np.clip(
        thumb + fit[0] + design @ fit[1:], z.min() - policy.extrapolation_z, z.max() + policy.extrapolation_z
    )
    caution = [0.0 if evidence[model_id] else policy.unmeasured_caution_z for model_id in ids]
    return dict(zip(ids, predicted - caution, strict=True)), max(spread, policy.min_stddev_z)


def _least_squares(design: np.ndarray, target: np.ndarray, weight: np.ndarray, penalty: float) -> np.ndarray:
    """Ridge as ordinary least squares with one more row for each penalised coefficient."""
    count = design.shape[1]
    top = np.hstack([np.ones((len(design), 1)), design]) * np.sqrt(weight)[:, None]
    bottom = np.hstack([np.zeros((count, 1)), math.sqrt(penalty) * np.eye(count)])
    return np.linalg.lstsq(
        np.vstack([top, bottom]), np.concatenate([target * np.sqrt(weight), np.zeros(count)]), rcond=None
    )[0]
