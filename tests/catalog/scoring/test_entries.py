"""What an entry says of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.shapes import Category, Measure, Pricing, Source
from tests.catalog.scoring.builders import Catalog, entry_of, random_catalog

VISION = ("text", "image")


def rated(count: int = 20) -> Catalog:
    catalog = Catalog()
    for number in range(count):
        catalog.model(f"lab{number % 4}/m-{number}", inputs=VISION if number % 2 else ("text",))
        catalog.arena(f"lab{number % 4}/m-{number}", 1200 + 15 * number)
    return catalog


def test_a_free_variant_shares_every_measured_score_and_says_so() -> None:
    catalog = rated().model("lab3/m-19:free", prompt="0", completion="0", inputs=VISION)
    scored = catalog.score()
    base, free = entry_of(scored, "lab3/m-19"), entry_of(scored, "lab3/m-19:free")
    assert free.base_id == "lab3/m-19"
    assert base.base_id == ""
    assert free.records == base.records
    for category in set(Category) - {Category.FAST_CHEAP}:
        assert free.scores[category].value == base.scores[category].value
        assert all(part.is_inherited for part in free.scores[category].parts)
        assert not any(part.is_inherited for part in base.scores[category].parts)
    assert free.scores[Category.FAST_CHEAP].value > base.scores[Category.FAST_CHEAP].value


def test_variants_change_no_population() -> None:
    with_variants = rated().model("lab3/m-19:free", prompt="0", completion="0").model("lab2/m-18:free", prompt="0")
    assert with_variants.score().benchmarks == rated().score().benchmarks


def test_rows_matched_to_a_variant_speak_for_the_base_too() -> None:
    catalog = rated().model("lab0/new").model("lab0/new:thinking")
    catalog.arena("lab0/new:thinking", 1490)
    assert catalog.entry("lab0/new").scores[Category.GENERAL].coverage_share == 1


def test_a_variant_listed_alone_stands_for_itself() -> None:
    catalog = rated().model("lab0/new:free", prompt="0", completion="0").arena("lab0/new:free", 1490)
    entry = catalog.entry("lab0/new:free")
    assert entry.base_id == ""
    assert entry.scores[Category.GENERAL].coverage_share == 1
    assert not any(part.is_inherited for part in entry.scores[Category.GENERAL].parts)


def test_only_a_model_that_takes_pictures_has_a_vision_score() -> None:
    scored = rated().score()
    assert Category.VISION in entry_of(scored, "lab1/m-1").scores
    assert Category.VISION not in entry_of(scored, "lab0/m-0").scores


def test_routers_have_no_scores_and_are_no_candidates() -> None:
    catalog = rated().model("openrouter/auto").model("~lab/m-latest")
    catalog.models[-2] = replace(catalog.models[-2], pricing=Pricing(is_dynamic=True))
    scored = catalog.score()
    for model_id in ("openrouter/auto", "~lab/m-latest"):
        entry = entry_of(scored, model_id)
        assert entry.scores == {}
        assert not entry.is_candidate
        assert entry.not_candidate_reason


def test_cost_efficiency_is_score_per_dollar_and_absent_where_nothing_is_paid_or_known() -> None:
    catalog = rated().model("lab/paid", prompt="1", completion="3")
    catalog.model("lab/free", prompt="0", completion="0").model("lab/unknown", prompt=None)
    catalog.model("lab/half", completion=None)
    scored = catalog.score()
    paid = entry_of(scored, "lab/paid")
    assert paid.cost_efficiency[Category.CODING] == round(paid.scores[Category.CODING].value / 4, 2)
    for model_id in ("lab/free", "lab/unknown", "lab/half"):
        assert entry_of(scored, model_id).cost_efficiency == {}


def test_every_row_is_kept_best_effort_first_with_its_match() -> None:
    catalog = rated().model("lab/many")
    for effort, rating in (("low", 1250), ("high", 1450), ("", 1350)):
        catalog.row(
            Source.LMARENA, "lab/many", Measure("lmarena.text.overall", rating), name=f"many {effort}", effort=effort
        )
    entry = catalog.entry("lab/many")
    assert [record.name for record in entry.records] == ["many high", "many ", "many low"]
    assert [match.source_name for match in entry.matches] == ["many high", "many ", "many low"]
    (part,) = entry.scores[Category.GENERAL].parts
    assert (part.source_name, part.effort, part.value) == ("many high", "high", 1450)


def test_a_part_tells_where_its_number_comes_from() -> None:
    entry = rated().entry("lab3/m-19")
    (part,) = entry.scores[Category.GENERAL].parts
    assert part.benchmark == "lmarena.text.overall"
    assert part.source is Source.LMARENA
    assert (part.value, part.lower, part.upper) == (1485, 1480, 1490)
    assert part.payload_sha256 == "ab" * 32
    stats = {each.benchmark: each for each in rated().score().benchmarks}[part.benchmark]
    assert part.z == pytest.approx((1485 - stats.mean) / stats.stddev, abs=1e-4)


def test_a_refused_match_speaks_for_nobody() -> None:
    catalog = rated().model("lab/quiet").row(Source.LMARENA, None, Measure("lmarena.text.overall", 1900))
    assert catalog.entry("lab/quiet").scores[Category.GENERAL].coverage_share == 0
    assert catalog.score().benchmarks == rated().score().benchmarks


def test_sources_name_all_that_know_the_model_catalogue_first() -> None:
    catalog = rated().row(Source.ARTIFICIAL_ANALYSIS, "lab0/m-0", Measure("aa.gpqa", 0.5))
    assert catalog.entry("lab0/m-0").sources == (Source.OPENROUTER, Source.ARTIFICIAL_ANALYSIS, Source.LMARENA)


def test_the_arena_of_a_category_decides_that_category() -> None:
    """Two models of equal overall rating, one the better writer, one the better programmer."""
    catalog = rated()
    for model_id, coding, writing in (("lab/coder", 1480, 1250), ("lab/writer", 1250, 1480)):
        catalog.model(model_id)
        catalog.row(
            Source.LMARENA,
            model_id,
            Measure("lmarena.text.overall", 1350),
            Measure("lmarena.text.coding", coding),
            Measure("lmarena.text.creative_writing", writing),
        )
    for number in range(20):
        catalog.row(
            Source.LMARENA,
            f"lab{number % 4}/m-{number}",
            Measure("lmarena.text.coding", 1200.0 + 15 * number),
            Measure("lmarena.text.creative_writing", 1200.0 + 15 * number),
            name=f"more of {number}",
        )
    scored = catalog.score()
    coder, writer = entry_of(scored, "lab/coder").scores, entry_of(scored, "lab/writer").scores
    assert coder[Category.CODING].value > writer[Category.CODING].value + 10
    assert writer[Category.CREATIVE].value > coder[Category.CREATIVE].value + 10
    assert abs(coder[Category.GENERAL].value - writer[Category.GENERAL].value) < 1


def test_a_wide_published_interval_weighs_less() -> None:
    catalog = rated().model("lab/sure").model("lab/unsure")
    catalog.arena("lab/sure", 1480, width=6).arena("lab/unsure", 1480, width=120)
    scored = catalog.score()
    sure, unsure = (entry_of(scored, f"lab/{name}").scores[Category.GENERAL] for name in ("sure", "unsure"))
    assert unsure.prior_weight_share > sure.prior_weight_share
    assert unsure.upper - unsure.lower > sure.upper - sure.lower


def test_one_good_value_alone_does_not_win() -> None:
    """The ancestor let a model with a single value pass all that were measured throughout."""
    catalog = random_catalog(3, model_count=40, coverage=1.0)
    leader = max(catalog.score().entries, key=lambda entry: entry.scores[Category.GENERAL].value)
    top = max(
        each.value for record in catalog.records for each in record.measures if each.benchmark == "livebench.language"
    )
    catalog.model("lab/once", prompt="0.1", completion="0.2", age_days=800)
    catalog.row(Source.LIVEBENCH, "lab/once", Measure("livebench.language", top + 1, release="2026-06-25"))
    once = catalog.entry("lab/once").scores[Category.GENERAL]
    assert once.value < leader.scores[Category.GENERAL].value - 10
    assert once.coverage_share < 0.1


def test_a_longer_context_helps_in_research_alone() -> None:
    catalog = rated().model("lab/short", context=32_000).model("lab/long", context=32_000)
    catalog.arena("lab/short", 1400).arena("lab/long", 1400)
    before = catalog.entry("lab/long").scores
    catalog.models[-1] = replace(catalog.models[-1], context_length_tokens=1_000_000)
    after = catalog.entry("lab/long").scores
    gain = {category: after[category].value - before[category].value for category in before}
    assert gain[Category.RESEARCH] > gain[Category.GENERAL] + 2
    assert "openrouter.context_length_tokens" in {part.benchmark for part in after[Category.RESEARCH].parts}
