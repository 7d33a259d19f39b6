"""Speed, price, and enough quality."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.shapes import Category, CategoryScore, Measure, Pricing, Source
from catalog.weights import CURRENT_POLICY
from tests.catalog.scoring.builders import Catalog, entry_of

SPEED = "aa.output_tokens_per_s"


def market() -> Catalog:
    """Twenty models from 0.02 to 20 dollars, ratings rising slowly with the price."""
    catalog = Catalog()
    for number in range(20):
        price = f"{0.02 * 1.45**number:.4f}"
        catalog.model(f"lab{number % 5}/m-{number}", prompt=price, completion=price)
        catalog.arena(f"lab{number % 5}/m-{number}", 1250 + 12 * number)
    return catalog


def fast_cheap(catalog: Catalog, model_id: str) -> CategoryScore:
    return catalog.entry(model_id).scores[Category.FAST_CHEAP]


def with_model(rating: float | None, *, price: str | None = "0.1", speed: float | None = None) -> CategoryScore:
    catalog = market().model("lab/x", prompt=price, completion=price)
    for number in range(20):
        catalog.row(Source.ARTIFICIAL_ANALYSIS, f"lab{number % 5}/m-{number}", Measure(SPEED, 40.0 + 8 * number))
    if rating is not None:
        catalog.arena("lab/x", rating)
    if speed is not None:
        catalog.row(Source.ARTIFICIAL_ANALYSIS, "lab/x", Measure(SPEED, speed))
    return fast_cheap(catalog, "lab/x")


def test_cheaper_faster_and_better_each_raise_it() -> None:
    middle = with_model(1350, price="0.2", speed=100).value
    assert with_model(1350, price="0.1", speed=100).value > middle
    assert with_model(1350, price="0.2", speed=200).value > middle
    assert with_model(1400, price="0.2", speed=100).value > middle


def test_a_useless_model_is_not_saved_by_its_price() -> None:
    assert with_model(1150, price="0.02").value < with_model(1350, price="0.4").value - 10


def test_an_unknown_speed_counts_as_a_slow_one_and_is_less_sure() -> None:
    unknown, quick = with_model(1350), with_model(1350, speed=150)
    assert unknown.value < quick.value
    assert unknown.upper - unknown.lower > quick.upper - quick.lower
    assert SPEED not in {part.benchmark for part in unknown.parts}


def test_a_free_model_that_nobody_measured_does_not_win() -> None:
    catalog = market().model("lab/free", prompt="0", completion="0").model("lab/known:free", prompt="0", completion="0")
    catalog.arena("lab/known:free", 1400)
    ranked = sorted(catalog.score().entries, key=lambda entry: -entry.scores[Category.FAST_CHEAP].value)
    names = [entry.facts.model_id for entry in ranked]
    assert names[0] == "lab/known:free"
    assert names.index("lab/free") > 5


def test_not_even_the_sibling_of_good_models_wins_unmeasured_because_it_is_free() -> None:
    catalog = market().model("lab/known:free", prompt="0", completion="0").arena("lab/known:free", 1400)
    for number in range(6):
        catalog.model(f"star/ace-{number}", prompt="0.1", completion="0.2").arena(f"star/ace-{number}", 1600)
    catalog.model("star/ace-9:free", prompt="0", completion="0", age_days=0)
    scored = catalog.score()
    known, unknown = entry_of(scored, "lab/known:free").scores, entry_of(scored, "star/ace-9:free").scores
    assert unknown[Category.GENERAL].lower > known[Category.GENERAL].lower
    assert unknown[Category.FAST_CHEAP].value < known[Category.FAST_CHEAP].value


def test_a_variant_is_as_fast_as_its_base() -> None:
    catalog = market().model("lab0/m-0:free", prompt="0", completion="0")
    catalog.row(Source.ARTIFICIAL_ANALYSIS, "lab0/m-0", Measure(SPEED, 180.0))
    entry = catalog.entry("lab0/m-0:free")
    assert entry.speed is not None
    assert SPEED in {part.benchmark for part in entry.scores[Category.FAST_CHEAP].parts}


def test_free_models_do_not_all_tie() -> None:
    catalog = market()
    for number in range(3):
        catalog.model(f"lab/f{number}:free", prompt="0", completion="0").arena(
            f"lab/f{number}:free", 1300 + 20 * number
        )
    scored = catalog.score()
    values = [entry_of(scored, f"lab/f{number}:free").scores[Category.FAST_CHEAP].value for number in range(3)]
    assert values == sorted(set(values))


@pytest.mark.parametrize("pricing", [{"prompt": None}, {"completion": None}])
def test_without_a_known_price_there_is_no_score(pricing: dict[str, None]) -> None:
    catalog = market().model("lab/x", **pricing)
    assert Category.FAST_CHEAP not in catalog.entry("lab/x").scores


def test_a_dynamic_price_is_not_a_low_one() -> None:
    catalog = market().model("lab/x")
    catalog.models[-1] = replace(catalog.models[-1], pricing=Pricing(is_dynamic=True))
    assert catalog.entry("lab/x").scores == {}


def test_the_weights_are_a_whole() -> None:
    policy = CURRENT_POLICY.fast_cheap
    assert policy.price_weight + policy.speed_weight + policy.quality_weight == pytest.approx(1)


def test_speed_stands_in_the_entry_with_its_delay() -> None:
    catalog = market().row(
        Source.ARTIFICIAL_ANALYSIS,
        "lab0/m-0",
        Measure(SPEED, 180.0),
        Measure("aa.time_to_first_token_s", 0.4),
    )
    entry = catalog.entry("lab0/m-0")
    assert entry.speed is not None
    assert (entry.speed.output_tokens_per_s, entry.speed.time_to_first_token_s) == (180.0, 0.4)
    assert "fast" in entry.tags
