"""The base line, pinned on numbers worked out by hand from the ancestor's documented steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.scoring.ancestor import ancestor_scores, merge_benchmarks
from catalog.shapes import Category, Measure, Pricing, Source
from tests.catalog.scoring.builders import TOOLS, Catalog, make_facts

ARENA = "lmarena.csv_text.overall"


def five_rated() -> Catalog:
    """Ratings of 1100 to 1500 are 20 to 100 on the ancestor's scale: mean 60, spread 28.2843."""
    catalog = Catalog()
    catalog.model("lab/m1", prompt="0.5", completion="1")
    catalog.model("lab/m2")
    catalog.model("lab/m3", parameters=TOOLS, context=64_000)
    catalog.model("lab/m4", context=2_000_000)
    catalog.model("openai/m5", prompt="3", completion="9", context=200_000, inputs=("text", "image"))
    for facts, rating in zip(catalog.models, (1100, 1200, 1300, 1400, 1500), strict=True):
        catalog.arena(facts.model_id, rating, benchmark=ARENA)
    return catalog


def scores_of(catalog: Catalog, model_id: str) -> dict[Category, float]:
    return ancestor_scores(catalog.models, catalog.records, catalog.matches)[model_id]


def test_a_leading_premium_model_is_scored_as_the_ancestor_scored_it() -> None:
    # arena 100 -> 50 + 20 * 40 / 28.2843 = 78.284; coding 78.284 * 0.85; research + 200,000 / 1e6 * 20
    assert scores_of(five_rated(), "openai/m5") == {
        Category.GENERAL: 78,
        Category.CODING: 67,
        Category.REASONING: 78,
        Category.VISION: 78,
        Category.RESEARCH: 82,
        Category.CREATIVE: 78,
    }


def test_a_reasoning_model_is_lifted_to_65() -> None:
    assert scores_of(five_rated(), "lab/m3") == {
        Category.GENERAL: 50,
        Category.CODING: 43,
        Category.REASONING: 65,
        Category.FAST_CHEAP: 50,
        Category.CREATIVE: 50,
    }


def test_the_context_bonus_ends_at_20() -> None:
    assert scores_of(five_rated(), "lab/m4")[Category.RESEARCH] == 84  # 64.142 + 20


def test_fast_cheap_falls_50_points_a_dollar_and_ignores_everything_else() -> None:
    assert scores_of(five_rated(), "lab/m1")[Category.FAST_CHEAP] == 75


def test_variants_share_benchmarks_and_count_twice() -> None:
    # 20 40 60 80 100 100: mean 66.667, spread 29.814 -> 50 + 20 * 33.333 / 29.814 = 72.36
    catalog = five_rated().model("openai/m5:free", prompt="0", completion="0")
    assert scores_of(catalog, "openai/m5")[Category.GENERAL] == 72
    assert scores_of(catalog, "openai/m5:free")[Category.GENERAL] == 72


@pytest.mark.parametrize(
    ("model_id", "price", "general", "coding"),
    [("google/g", "2", 70, 60), ("lab/m", "0.49", 30, 26), ("lab/m", "4.99", 50, 43), ("lab/m", "5", 70, 60)],
)
def test_without_benchmarks_the_tier_is_the_score(model_id: str, price: str, general: float, coding: float) -> None:
    scores = scores_of(Catalog().model(model_id, prompt=price), model_id)
    assert (scores[Category.GENERAL], scores[Category.CODING]) == (general, coding)
    assert (Category.CREATIVE in scores) == (general == 70)


def test_an_unknown_price_counts_as_zero_and_a_dynamic_one_as_far_below() -> None:
    unknown = make_facts("lab/unknown", prompt=None)
    dynamic = replace(make_facts("openrouter/auto"), pricing=Pricing(is_dynamic=True))
    scores = ancestor_scores([unknown, dynamic], [], [])
    assert scores["lab/unknown"][Category.GENERAL] == 30
    assert scores["lab/unknown"][Category.FAST_CHEAP] == 100
    assert scores["openrouter/auto"][Category.FAST_CHEAP] == 100


def test_benchmarks_come_on_its_own_scales() -> None:
    catalog = Catalog().model("lab/m")
    catalog.row(
        Source.ARTIFICIAL_ANALYSIS,
        "lab/m",
        Measure("aa.intelligence_index", 59.9),
        Measure("aa.gpqa", 0.6726),
        Measure("aa.livecodebench", 0.5),
    )
    catalog.row(Source.HF_LEADERBOARD, "lab/m", Measure("hf.gpqa", 1.2), Measure("hf.mmlu_pro", 40.0))
    catalog.row(Source.LMARENA, "lab/m", Measure(ARENA, 1612))
    catalog.row(Source.LIVEBENCH, "lab/m", Measure("livebench.coding", 71.25, release="2026-01-08"))
    assert merge_benchmarks(catalog.records, catalog.matches)["lab/m"] == {
        "intelligenceIndex": 80,  # (59.9 + 100) / 2, rounded: half the resolution is gone
        "gpqa": 67.3,  # HF only fills gaps
        "liveCodeBench": 50,
        "mmluPro": 40,
        "arena": 100,  # cut off at 1500
        "liveBenchCoding": 71.3,
    }


def test_a_benchmark_of_fewer_than_five_values_counts_as_it_is() -> None:
    catalog = Catalog().model("lab/m").row(Source.LMARENA, "lab/m", Measure(ARENA, 1450))
    assert scores_of(catalog, "lab/m")[Category.GENERAL] == 90


def test_only_the_newest_livebench_table_is_read() -> None:
    catalog = Catalog().model("lab/m").model("lab/n")
    catalog.row(Source.LIVEBENCH, "lab/m", Measure("livebench.coding", 90, release="2026-01-08"))
    catalog.row(Source.LIVEBENCH, "lab/n", Measure("livebench.coding", 50, release="2026-06-25"))
    assert merge_benchmarks(catalog.records, catalog.matches) == {"lab/n": {"liveBenchCoding": 50}}


def test_the_best_row_of_several_speaks() -> None:
    catalog = Catalog().model("lab/m")
    for name, index in (("low", 20.0), ("high", 40.0), ("medium", 30.0)):
        catalog.row(Source.ARTIFICIAL_ANALYSIS, "lab/m", Measure("aa.intelligence_index", index), name=name)
    assert merge_benchmarks(catalog.records, catalog.matches)["lab/m"] == {"intelligenceIndex": 70}
