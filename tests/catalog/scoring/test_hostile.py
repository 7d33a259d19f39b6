"""Nothing that a source or a catalogue can hold makes a score that is no number."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.scoring import ScoredCatalog
from catalog.shapes import Category, Measure, Pricing, Source
from tests.catalog.scoring.builders import Catalog, entry_of, random_catalog

ARENA = "lmarena.text.overall"


def check_sound(scored: ScoredCatalog) -> None:
    for entry in scored.entries:
        for score in entry.scores.values():
            numbers = [score.value, score.lower, score.upper, score.coverage_share, score.prior_weight_share]
            numbers += [part.z for part in score.parts] + [part.weight_share for part in score.parts]
            assert all(math.isfinite(number) for number in numbers)
            assert 0 <= score.lower <= score.value <= score.upper <= 100
            assert 0 <= score.coverage_share <= 1
        assert all(math.isfinite(value) for value in entry.cost_efficiency.values())
        assert all(math.isfinite(value) for value in entry.ancestor_scores.values())
    for stats in scored.benchmarks:
        assert math.isfinite(stats.mean)
        assert stats.stddev > 0
    json.dumps([entry.ancestor_scores for entry in scored.entries], allow_nan=False)


def test_an_empty_catalogue_scores_to_nothing() -> None:
    scored = Catalog().score()
    assert (scored.entries, scored.benchmarks) == ((), ())


def test_one_model_alone_is_scored() -> None:
    scored = Catalog().model("lab/m").score()
    check_sound(scored)
    assert scored.entries[0].scores[Category.GENERAL].coverage_share == 0


def test_one_row_alone_is_no_population() -> None:
    scored = Catalog().model("lab/m").arena("lab/m", 1400).score()
    check_sound(scored)
    assert scored.benchmarks == ()
    assert len(scored.entries[0].records) == 1


def test_records_without_any_listed_model_change_nothing() -> None:
    catalog = Catalog().model("lab/m").arena("gone/m", 1400)
    assert catalog.score() == Catalog().model("lab/m").score()


@pytest.mark.parametrize("value", [0.0, 1300.0, 1e300, -1e300, 5e-324])
def test_a_population_of_equal_values_says_nothing(value: float) -> None:
    catalog = Catalog()
    for number in range(40):
        catalog.model(f"lab/m{number}").row(Source.LMARENA, f"lab/m{number}", Measure(ARENA, value))
    scored = catalog.score()
    check_sound(scored)
    assert scored.benchmarks == ()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_numbers_are_passed_over(value: float) -> None:
    catalog = random_catalog(1).model("lab/odd").row(Source.LMARENA, "lab/odd", Measure(ARENA, value))
    scored = catalog.score()
    check_sound(scored)
    assert entry_of(scored, "lab/odd").scores[Category.GENERAL].coverage_share == 0


@pytest.mark.parametrize(
    ("lower", "upper"), [(math.nan, 1400), (1200, math.inf), (1500, 1200), (1300, 1300), (0, 1e12)]
)
def test_odd_intervals_leave_sound_scores(lower: float, upper: float) -> None:
    catalog = random_catalog(1).model("lab/odd")
    catalog.row(Source.LMARENA, "lab/odd", Measure(ARENA, 1300, lower=lower, upper=upper))
    check_sound(catalog.score())


def test_one_absurd_value_keeps_all_scores_in_bounds() -> None:
    catalog = random_catalog(2).model("lab/giant").row(Source.LMARENA, "lab/giant", Measure(ARENA, 1e9))
    check_sound(catalog.score())


@pytest.mark.parametrize(
    "facts",
    [
        {"prompt": "0", "completion": "0"},
        {"prompt": "1000000000", "completion": "1000000000"},
        {"prompt": "0.000000001", "completion": "0"},
        {"prompt": None, "completion": None},
        {"context": None},
        {"context": 0},
        {"context": 10**15},
        {"age_days": 100_000},
        {"age_days": -5_000},
        {"created_at": None},
        {"name": ""},
    ],
)
def test_odd_facts_leave_sound_scores(facts: dict[str, object]) -> None:
    check_sound(random_catalog(4).model("lab/odd", **facts).score())


@pytest.mark.parametrize("model_id", ["nothing", "/", "lab/", "a/b:c:d", "lab/0b", "lab/--..--", "ä/ö", "~"])
def test_odd_ids_leave_sound_scores(model_id: str) -> None:
    check_sound(random_catalog(4).model(model_id).arena(model_id, 1350).score())


def test_negative_prices_earn_nothing() -> None:
    catalog = random_catalog(4).model("lab/odd")
    pricing = Pricing(prompt_usd_per_mtok=Decimal(-1), completion_usd_per_mtok=Decimal(-1))
    catalog.models[-1] = replace(catalog.models[-1], pricing=pricing)
    scored = catalog.score()
    check_sound(scored)
    assert Category.FAST_CHEAP not in entry_of(scored, "lab/odd").scores
    assert entry_of(scored, "lab/odd").cost_efficiency == {}


def test_a_model_listed_twice_does_not_break_scoring() -> None:
    catalog = random_catalog(4)
    catalog.models.append(catalog.models[0])
    check_sound(catalog.score())


@pytest.mark.parametrize("source", [source for source in Source if source is not Source.OPENROUTER])
def test_every_source_may_be_absent(source: Source) -> None:
    catalog = random_catalog(6)
    keep = [number for number, record in enumerate(catalog.records) if record.source is not source]
    less = Catalog(catalog.models, [catalog.records[n] for n in keep], [catalog.matches[n] for n in keep])
    check_sound(less.score())
