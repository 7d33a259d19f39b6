"""Where a benchmark's values stand on the common scale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.scoring.readings import collect_populations
from catalog.scoring.scales import Scales, fit_scales
from catalog.shapes import Measure, Source
from catalog.weights import CURRENT_POLICY
from tests.catalog.scoring.builders import Catalog

POLICY = replace(CURRENT_POLICY, min_reference_population=5)
ARENA = "lmarena.text.overall"
LIVEBENCH = "livebench.reasoning"


def scales_of(catalog: Catalog) -> Scales:
    base_ids = {facts.model_id: facts.model_id for facts in catalog.models}
    populations = collect_populations(
        catalog.records,
        catalog.matches,
        base_ids=base_ids,
        benchmarks={ARENA, LIVEBENCH, "hf.average", "aa.gpqa", "hf.gpqa"},
    )
    return fit_scales(populations, POLICY)


def arena_of_ten() -> Catalog:
    catalog = Catalog()
    for number in range(10):
        catalog.model(f"lab/m{number}").arena(f"lab/m{number}", 1300 + 10 * number, width=3.92)
    return catalog


def livebench(catalog: Catalog, values: dict[int, float], release: str = "2026-06-25") -> Catalog:
    for number, value in values.items():
        catalog.row(
            Source.LIVEBENCH, f"lab/m{number}", Measure(LIVEBENCH, value, release=release), name=f"{number} {release}"
        )
    return catalog


def test_the_reference_is_standardised_over_its_population() -> None:
    scales = scales_of(arena_of_ten())
    (stats,) = scales.stats()
    assert (stats.benchmark, stats.mean, stats.count) == (ARENA, 1345.0, 10)
    assert stats.stddev == pytest.approx(28.7228, abs=1e-4)
    assert scales.standings["lab/m9"][ARENA].z == pytest.approx(1.5667, abs=1e-4)


def test_a_published_95_percent_interval_becomes_a_standard_error() -> None:
    standing = scales_of(arena_of_ten()).standings["lab/m0"][ARENA]
    assert standing.stderr_z == pytest.approx(1 / 28.7228, abs=1e-4)


def test_a_row_without_an_interval_is_taken_to_be_as_unsure_as_the_others() -> None:
    catalog = arena_of_ten().model("lab/new").row(Source.LMARENA, "lab/new", Measure(ARENA, 1345))
    standings = scales_of(catalog).standings
    assert standings["lab/new"][ARENA].stderr_z == pytest.approx(standings["lab/m0"][ARENA].stderr_z)


def test_a_leaderboard_of_the_best_alone_does_not_make_its_last_one_bad() -> None:
    """Models 5 to 9 lead the arena; on a leaderboard of those five the fifth is not below average."""
    catalog = livebench(arena_of_ten(), {number: 50 + number for number in range(5, 10)})
    standings = scales_of(catalog).standings
    for number in range(5, 10):
        model = standings[f"lab/m{number}"]
        assert model[LIVEBENCH].z == pytest.approx(model[ARENA].z, abs=1e-9)


def test_an_older_release_is_placed_on_the_newest_through_the_models_in_both() -> None:
    shared = dict.fromkeys(range(6), 0.0)
    newest = {number: 30.0 + 2 * number for number in shared}
    older = {number: 70.0 + 4 * number for number in range(9)}
    catalog = livebench(livebench(arena_of_ten(), newest), older, release="2026-01-08")
    scales = scales_of(catalog)
    assert scales.standings["lab/m8"][LIVEBENCH].reading.measure.release == "2026-01-08"
    # On the newest release model 8 would have had 46: two points a step, as its shared models show.
    newest_stats = next(each for each in scales.stats() if each.release == "2026-06-25")
    expected = (46 - newest_stats.mean) / newest_stats.stddev
    assert scales.standings["lab/m8"][LIVEBENCH].z == pytest.approx(expected)


def test_the_newest_release_speaks_for_a_model_that_is_in_both() -> None:
    newest = {number: 30.0 + 2 * number for number in range(6)}
    older = {number: 90.0 - 3 * number for number in range(6)}
    catalog = livebench(livebench(arena_of_ten(), newest), older, release="2026-01-08")
    standing = scales_of(catalog).standings["lab/m0"][LIVEBENCH]
    assert standing.reading.measure.value == 30.0


def test_the_best_effort_of_a_model_speaks_for_it_once() -> None:
    catalog = arena_of_ten()
    catalog.row(Source.LMARENA, "lab/m0", Measure(ARENA, 1290), effort="low", name="m0 (low)")
    catalog.row(Source.LMARENA, "lab/m0", Measure(ARENA, 1350), effort="high", name="m0 (high)")
    scales = scales_of(catalog)
    assert scales.standings["lab/m0"][ARENA].reading.effort == "high"
    assert scales.stats()[0].count == 10


def test_benchmarks_of_one_name_at_two_publishers_stay_apart() -> None:
    catalog = arena_of_ten()
    for number in range(10):
        catalog.row(Source.HF_LEADERBOARD, f"lab/m{number}", Measure("hf.gpqa", 1.0 + number))
        catalog.row(Source.ARTIFICIAL_ANALYSIS, f"lab/m{number}", Measure("aa.gpqa", 0.5 + number / 100))
    scales = scales_of(catalog)
    assert scales.standings["lab/m3"]["hf.gpqa"].z == pytest.approx(scales.standings["lab/m3"]["aa.gpqa"].z)
    assert {each.benchmark: each.count for each in scales.stats()} == {ARENA: 10, "aa.gpqa": 10, "hf.gpqa": 10}


def test_too_few_or_equal_values_make_no_scale() -> None:
    few = Catalog()
    equal = Catalog()
    for number in range(4):
        few.model(f"lab/m{number}").arena(f"lab/m{number}", 1300 + number)
    for number in range(9):
        equal.model(f"lab/m{number}").arena(f"lab/m{number}", 1300)
    assert scales_of(few).stats() == ()
    assert scales_of(equal).stats() == ()
    assert scales_of(Catalog()).stats() == ()


def test_a_leaderboard_without_shared_models_keeps_its_own_scale() -> None:
    catalog = arena_of_ten()
    for number in range(6):
        catalog.model(f"other/o{number}").row(
            Source.HF_LEADERBOARD, f"other/o{number}", Measure("hf.average", 20.0 + number)
        )
    stats = next(each for each in scales_of(catalog).stats() if each.benchmark == "hf.average")
    assert stats.mean == pytest.approx(22.5)
    assert stats.stddev == pytest.approx(1.7078, abs=1e-4)
