"""What must hold for every catalogue, whatever its numbers."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.scoring.combination import Evidence, SourceEvidence, combine, to_score
from catalog.scoring.prior import Prediction
from catalog.shapes import Category, Entry, Source
from catalog.weights import CURRENT_POLICY
from tests.catalog.scoring.builders import Catalog, entry_of, random_catalog

SEEDS = st.integers(0, 10_000)
Z = st.floats(-4, 4)
PRECISION = st.floats(0.01, 20)
# Catalogues as a whole obey some laws only up to what one model of many can move: the same examples every time.
few = settings(max_examples=12, deadline=None, derandomize=True)


def evidence_of(*rows: tuple[float, float]) -> Evidence:
    sources = tuple(SourceEvidence(z, precision, (), coverage_share=1.0) for z, precision in rows)
    return Evidence(sources, coverage_share=1.0)


def with_value(catalog: Catalog, row: int, benchmark: str, change: float) -> Catalog:
    record = catalog.records[row]
    measures = tuple(
        replace(
            each,
            value=each.value + change,
            lower=None if each.lower is None else each.lower + change,
            upper=None if each.upper is None else each.upper + change,
        )
        if each.benchmark == benchmark
        else each
        for each in record.measures
    )
    records = [*catalog.records]
    records[row] = replace(record, measures=measures)
    return Catalog(catalog.models, records, catalog.matches)


def without_row(catalog: Catalog, row: int) -> Catalog:
    keep = [number for number in range(len(catalog.records)) if number != row]
    return Catalog(catalog.models, [catalog.records[n] for n in keep], [catalog.matches[n] for n in keep])


# --- combination ---------------------------------------------------------------------------


@given(st.lists(st.tuples(Z, PRECISION), min_size=1, max_size=4), Z, st.floats(0.3, 2), st.floats(0, 3))
def test_better_evidence_never_lowers_a_score(
    rows: list[tuple[float, float]], prior_z: float, stddev: float, gain: float
) -> None:
    better = [(rows[0][0] + gain, rows[0][1]), *rows[1:]]
    prior = Prediction(prior_z, stddev)
    before = combine(evidence_of(*rows), prior, CURRENT_POLICY)
    after = combine(evidence_of(*better), prior, CURRENT_POLICY)
    assert after.value >= before.value
    assert after.lower >= before.lower


@given(st.lists(st.tuples(Z, PRECISION), max_size=4), Z, st.floats(0.3, 2))
def test_a_score_lies_between_the_lowest_and_the_highest_of_its_parts(
    rows: list[tuple[float, float]], prior_z: float, stddev: float
) -> None:
    score = combine(evidence_of(*rows), Prediction(prior_z, stddev), CURRENT_POLICY)
    said = [prior_z, *(z for z, _ in rows)]
    assert to_score(min(said), CURRENT_POLICY) - 0.02 <= score.value <= to_score(max(said), CURRENT_POLICY) + 0.02
    assert 0 <= score.lower <= score.value <= score.upper <= 100


@given(st.lists(st.tuples(Z, PRECISION), max_size=3), st.tuples(Z, PRECISION), Z, st.floats(0.3, 2))
def test_another_source_never_makes_a_score_less_sure(
    rows: list[tuple[float, float]], more: tuple[float, float], prior_z: float, stddev: float
) -> None:
    prior = Prediction(prior_z, stddev)
    fewer = evidence_of(*rows).precision + 1 / prior.stddev_z**2
    assert evidence_of(*rows, more).precision + 1 / prior.stddev_z**2 > fewer


@given(Z, Z)
@example(2.6, 2.8)
@example(3.6, 3.9)
@example(-2.6, -2.8)
def test_the_scale_keeps_every_order_even_beyond_its_ends(low: float, high: float) -> None:
    scores = sorted((to_score(low, CURRENT_POLICY), to_score(high, CURRENT_POLICY)))
    assert scores == [to_score(min(low, high), CURRENT_POLICY), to_score(max(low, high), CURRENT_POLICY)]
    if abs(low - high) > 0.1:
        assert scores[0] < scores[1]


# --- whole catalogues ----------------------------------------------------------------------


@few
@given(SEEDS, st.randoms(use_true_random=False), st.floats(0.1, 1.5))
def test_a_better_measured_value_never_lowers_the_score(seed: int, dice: random.Random, spreads: float) -> None:
    """Its own z rises; through scales and prior, which it is one of sixty to make, nothing noticeable comes back."""
    catalog = random_catalog(seed, model_count=60)
    row = dice.randrange(len(catalog.records))
    measures = [each for each in catalog.records[row].measures if each.benchmark.split(".")[0] != "aa"]
    if not measures or catalog.matches[row].model_id is None:
        return
    measure = dice.choice(measures)
    unit = 90.0 if measure.benchmark.startswith("lmarena") else 11.0
    better = with_value(catalog, row, measure.benchmark, unit * spreads)
    before = entry_of(catalog.score(), catalog.matches[row].model_id)
    after = entry_of(better.score(), catalog.matches[row].model_id)
    for category, score in before.scores.items():
        if any(part.benchmark == measure.benchmark for part in score.parts):
            assert after.scores[category].value >= score.value - 0.02, category


@few
@given(SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_models_and_rows_decides_nothing(seed: int, dice: random.Random) -> None:
    catalog = random_catalog(seed)
    pairs = list(zip(catalog.records, catalog.matches, strict=True))
    models = list(catalog.models)
    dice.shuffle(pairs)
    dice.shuffle(models)
    shuffled = Catalog(models, [pair[0] for pair in pairs], [pair[1] for pair in pairs]).score()
    scored = catalog.score()
    assert shuffled.benchmarks == scored.benchmarks
    assert {entry.facts.model_id: entry for entry in shuffled.entries} == {
        entry.facts.model_id: entry for entry in scored.entries
    }


@few
@given(SEEDS, st.randoms(use_true_random=False))
def test_a_missing_row_never_makes_a_score_surer_or_better_covered(seed: int, dice: random.Random) -> None:
    catalog = random_catalog(seed)
    row = dice.randrange(len(catalog.records))
    model_id = catalog.matches[row].model_id or ""
    full = entry_of(catalog.score(), model_id)
    less = entry_of(without_row(catalog, row).score(), model_id)
    for category, score in full.scores.items():
        if category is Category.FAST_CHEAP or not any(
            part.source_name == catalog.records[row].name for part in score.parts
        ):
            continue
        assert less.scores[category].coverage_share <= score.coverage_share + 1e-9
        assert less.scores[category].prior_weight_share >= score.prior_weight_share - 0.05


@few
@given(SEEDS)
def test_the_best_model_would_gain_nothing_certain_by_not_being_measured(seed: int) -> None:
    catalog = random_catalog(seed, coverage=1.0)
    best = max(catalog.score().entries, key=lambda entry: entry.scores[Category.GENERAL].value)
    model_id = best.facts.model_id
    keep = [number for number, match in enumerate(catalog.matches) if match.model_id != model_id]
    silent = Catalog(catalog.models, [catalog.records[n] for n in keep], [catalog.matches[n] for n in keep])
    without = entry_of(silent.score(), model_id).scores[Category.GENERAL]
    assert without.coverage_share == 0
    assert without.lower < best.scores[Category.GENERAL].lower
    assert without.upper - without.lower > best.scores[Category.GENERAL].upper - best.scores[Category.GENERAL].lower


@few
@given(SEEDS, st.floats(0.3, 3), st.floats(-50, 50))
def test_the_unit_of_a_benchmark_decides_nothing(seed: int, factor: float, shift: float) -> None:
    catalog = random_catalog(seed)
    records = [
        replace(
            record,
            measures=tuple(
                replace(
                    each,
                    value=shift + factor * each.value,
                    lower=None if each.lower is None else shift + factor * each.lower,
                    upper=None if each.upper is None else shift + factor * each.upper,
                )
                for each in record.measures
            ),
        )
        if record.source in (Source.LMARENA, Source.LIVEBENCH)
        else record
        for record in catalog.records
    ]
    rescaled = Catalog(catalog.models, records, catalog.matches).score()
    for before, after in zip(catalog.score().entries, rescaled.entries, strict=True):
        for category, score in before.scores.items():
            assert after.scores[category].value == pytest.approx(score.value, abs=0.05)


@few
@given(SEEDS, st.integers(0, 29))
def test_a_dearer_model_is_never_more_fast_and_cheap(seed: int, number: int) -> None:
    catalog = random_catalog(seed)
    models = list(catalog.models)
    facts = models[number]
    pricing = facts.pricing
    # Only the price-based part: where much is measured, the general score hardly moves with the price.
    dearer = replace(
        pricing,
        prompt_usd_per_mtok=(pricing.prompt_usd_per_mtok or Decimal(0)) * 3,
        completion_usd_per_mtok=(pricing.completion_usd_per_mtok or Decimal(0)) * 3,
    )
    models[number] = replace(facts, pricing=dearer)
    before = entry_of(catalog.score(), facts.model_id)
    after = entry_of(Catalog(models, catalog.records, catalog.matches).score(), facts.model_id)
    assert after.scores[Category.FAST_CHEAP].value <= before.scores[Category.FAST_CHEAP].value
    for category, score in before.scores.items():
        if category is not Category.FAST_CHEAP:
            assert abs(after.scores[category].value - score.value) <= _prior_move(before, after, category) + 0.1


def _prior_move(before: Entry, after: Entry, category: Category) -> float:
    """How far the prior alone may move the score: its own move, at the share that it has."""
    was, now = before.scores[category], after.scores[category]
    assert was.prior_value is not None
    assert now.prior_value is not None
    share = max(was.prior_weight_share, now.prior_weight_share)
    return (
        share * abs(now.prior_value - was.prior_value) * 1.5
        + 1.0 * abs(now.prior_weight_share - was.prior_weight_share) * 100
    )


@few
@given(SEEDS)
def test_the_parts_and_the_prior_explain_every_score(seed: int) -> None:
    policy = CURRENT_POLICY
    for entry in random_catalog(seed).score().entries:
        for category, score in entry.scores.items():
            shares = [part.weight_share for part in score.parts]
            assert sum(shares) + score.prior_weight_share == pytest.approx(1, abs=0.001), category
            z = sum(part.weight_share * part.z for part in score.parts)
            if score.prior_value is not None and 10 <= score.prior_value <= 90:
                z += score.prior_weight_share * (score.prior_value - policy.score_mean) / policy.score_per_z
                assert to_score(z, policy) == pytest.approx(score.value, abs=0.05), category
