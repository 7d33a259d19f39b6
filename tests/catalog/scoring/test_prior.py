"""What facts predict."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest

from catalog.scoring.features import family_of, feature_rows, parameters_b
from catalog.scoring.prior import FeatureTable, Known, predict
from catalog.weights import CURRENT_POLICY
from tests.catalog.scoring.builders import AS_OF, make_facts

POLICY = CURRENT_POLICY.prior


def one_feature(name: str, **facts: object) -> float:
    return feature_rows([make_facts(**facts)], POLICY, as_of=AS_OF)[0][name]


@pytest.mark.parametrize(
    ("model_id", "billions"),
    [
        ("meta-llama/llama-3.1-8b-instruct", 8),
        ("qwen/qwen3-235b-a22b-2507", 235),
        ("openai/gpt-oss-120b:free", 120),
        ("mistralai/mixtral-8x22b-instruct", None),  # eight times 22 is not 22, and no size is stated
        ("openai/gpt-4.1", None),
        ("google/gemma-3n-e4b-it", None),
        ("lab/web2b-agent", None),
    ],
)
def test_sizes_are_read_where_a_name_states_them(model_id: str, billions: float | None) -> None:
    assert parameters_b(make_facts(model_id)) == billions


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anthropic/claude-opus-4.7", "anthropic/claude-opus-4.8"),
        ("qwen/qwen3.5-27b", "qwen/qwen3.6-35b-a3b"),
        ("google/gemini-3.1-pro-preview", "google/gemini-2.5-pro"),
        ("openai/gpt-oss-20b:free", "openai/gpt-oss-120b"),
    ],
)
def test_versions_and_sizes_are_of_one_family(one: str, other: str) -> None:
    assert family_of(one) == family_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("openai/gpt-5-mini", "openai/gpt-5"), ("anthropic/claude-opus-4.8", "anthropic/claude-sonnet-5")],
)
def test_classes_of_one_maker_are_families_apart(one: str, other: str) -> None:
    assert family_of(one) != family_of(other)


def test_a_free_or_unpriced_model_is_taken_for_a_cheap_one() -> None:
    cheap = math.log(POLICY.free_price_usd_per_mtok)
    assert one_feature("log_price", prompt="0", completion="0") == pytest.approx(cheap)
    assert one_feature("log_price", prompt=None) == pytest.approx(cheap)
    assert one_feature("log_price", prompt="1", completion="1") == pytest.approx(0)


def test_a_price_beyond_the_range_says_no_more() -> None:
    assert one_feature("log_price", prompt="150", completion="600") == one_feature(
        "log_price", prompt="20", completion="80"
    )


def test_ages_count_from_the_newest_listing_so_that_nothing_drifts_from_day_to_day() -> None:
    models = [make_facts("lab/new", age_days=0), make_facts("lab/old", age_days=365)]
    today = feature_rows(models, POLICY, as_of=AS_OF)
    assert today == feature_rows(models, POLICY, as_of=date(2026, 9, 30))
    assert [round(row["age_years"], 2) for row in today] == [0, 1]


def test_with_nothing_measured_the_rule_of_thumb_speaks_and_averages_nothing_good() -> None:
    models = [
        make_facts("lab/dear", prompt="10", completion="40", age_days=10),
        make_facts("lab/cheap", prompt="0.1", completion="0.4", age_days=10),
        make_facts("lab/old", prompt="10", completion="40", age_days=1000),
    ]
    found = predict(FeatureTable.of(models, POLICY, as_of=AS_OF), {}, POLICY)
    assert found["lab/dear"].z > found["lab/cheap"].z
    assert found["lab/dear"].z > found["lab/old"].z
    assert sum(each.z for each in found.values()) / 3 == pytest.approx(-POLICY.unmeasured_caution_z)
    assert {each.stddev_z for each in found.values()} == {POLICY.stddev_z}


def test_many_measured_models_correct_the_rule_of_thumb() -> None:
    """In this world cheap models are the good ones."""
    models = [make_facts(f"lab{n}/m{n}", prompt=str(2.0**n), completion=str(2.0**n)) for n in range(-4, 4)]
    models += [make_facts(f"co{n}/m{n}", prompt=str(2.0**n), completion=str(2.0**n)) for n in range(-4, 4)]
    known = {facts.model_id: Known(-float(facts.model_id.split("/m")[1]) / 2, 5.0) for facts in models}
    models += [
        make_facts("new/cheap", prompt="0.1", completion="0.1"),
        make_facts("new/dear", prompt="9", completion="9"),
    ]
    found = predict(FeatureTable.of(models, POLICY, as_of=AS_OF), known, POLICY)
    assert found["new/cheap"].z > found["new/dear"].z + 1


def test_a_sibling_lifts_its_family_and_maker() -> None:
    models = [make_facts(f"lab{n}/plain-{n}") for n in range(15)]
    models += [
        make_facts("star/ace-1"),
        make_facts("star/ace-2"),
        make_facts("star/jack-1"),
        make_facts("dull/deuce-1"),
    ]
    known = {facts.model_id: Known(0.0, 5.0) for facts in models[:15]} | {"star/ace-1": Known(2.0, 5.0)}
    found = predict(FeatureTable.of(models, POLICY, as_of=AS_OF), known, POLICY)
    assert found["star/ace-2"].z > found["star/jack-1"].z > found["dull/deuce-1"].z


def test_few_measured_models_leave_the_slopes_alone_but_set_the_level() -> None:
    models = [make_facts(f"lab/m{n}", prompt=str(n + 1), completion=str(n + 1)) for n in range(8)]
    table = FeatureTable.of(models, POLICY, as_of=AS_OF)
    free = predict(table, {}, POLICY)
    some = predict(table, {"lab/m0": Known(3.0, 5.0), "lab/m1": Known(3.0, 5.0)}, POLICY)
    assert some["lab/m7"].z - some["lab/m6"].z == pytest.approx(free["lab/m7"].z - free["lab/m6"].z)
    assert some["lab/m7"].z > free["lab/m7"].z


def test_a_prediction_stays_near_what_was_ever_measured() -> None:
    models = [make_facts(f"lab{n}/m{n}", prompt="1", completion="1", age_days=1000 - 10 * n) for n in range(30)]
    known = {facts.model_id: Known(n / 30, 5.0) for n, facts in enumerate(models)}
    models += [make_facts("new/wonder", prompt="1", completion="1", age_days=-3000)]
    table = FeatureTable.of(models, POLICY, as_of=date(2036, 1, 1))
    assert predict(table, known, POLICY)["new/wonder"].z <= 29 / 30 + POLICY.extrapolation_z
    assert predict(table, known, replace(POLICY, extrapolation_z=9))["new/wonder"].z > 29 / 30 + POLICY.extrapolation_z


def test_no_models_predict_nothing() -> None:
    assert predict(FeatureTable.of([], POLICY, as_of=AS_OF), {}, POLICY) == {}
