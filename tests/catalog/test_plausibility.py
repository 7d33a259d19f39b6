from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from catalog.plausibility import FEWEST_ENTRIES, check_plausible
from catalog.shapes import Measure, ModelFacts, ParsedSource, Pricing, RejectedRow, Source, SourceRecord
from smartspawn.lib.errors import SourceImplausible


def facts(number: int, *, factor: str = "1", prefix: str = "acme") -> ModelFacts:
    prompt = Decimal(number + 1) / 10 * Decimal(factor)
    return ModelFacts(
        model_id=f"{prefix}/model-{number}",
        name=f"Model {number}",
        pricing=Pricing(prompt_usd_per_mtok=prompt, completion_usd_per_mtok=prompt * 4),
    )


def listed(count: int, *, factor: str = "1", prefix: str = "acme") -> ParsedSource:
    return ParsedSource(
        Source.OPENROUTER, models=tuple(facts(number, factor=factor, prefix=prefix) for number in range(count))
    )


def measured(
    count: int, *, factor: float = 1.0, release: str = "2026-07-08", benchmark: str = "lmarena.text.overall"
) -> ParsedSource:
    records = tuple(
        SourceRecord(
            Source.LMARENA,
            f"model-{number}",
            measures=(Measure(benchmark, (1000 + number) * factor, release=release),),
        )
        for number in range(count)
    )
    return ParsedSource(Source.LMARENA, records=records, as_of=date.fromisoformat(release), row_count=count)


def with_rejected(parsed: ParsedSource, count: int) -> ParsedSource:
    rejected = tuple(RejectedRow(parsed.source, "models", number, "has no usable id") for number in range(count))
    return replace(parsed, rejected=rejected, row_count=len(parsed.models) + count)


def test_the_same_again_is_plausible_without_a_word() -> None:
    assert check_plausible(listed(100), listed(100)) == ()
    assert check_plausible(measured(100), measured(100)) == ()
    assert check_plausible(listed(100), None) == ()


@pytest.mark.parametrize("source", Source)
def test_the_first_time_knows_a_floor(source: Source) -> None:
    fewest = FEWEST_ENTRIES[source]
    for previous in (None, ParsedSource(source)):
        for count in (0, fewest - 1):
            with pytest.raises(SourceImplausible, match="even a small list"):
                check_plausible(replace(listed(count), source=source), previous)
        assert check_plausible(replace(listed(fewest), source=source), previous) == ()


def test_losing_a_few_models_is_daily_life() -> None:
    assert check_plausible(listed(80), listed(100)) == ()


def test_losing_more_models_earns_a_warning_and_half_of_them_disbelief() -> None:
    assert check_plausible(listed(79), listed(100)) == ("21 of the 100 models of last time are gone; it holds 79 now",)
    assert check_plausible(listed(50), listed(100))
    with pytest.raises(SourceImplausible, match="51% fewer"):
        check_plausible(listed(49), listed(100))
    with pytest.raises(SourceImplausible):
        check_plausible(measured(10), measured(100))


def test_growing_is_no_reason_for_doubt() -> None:
    assert check_plausible(listed(1000), listed(100)) == ()


def test_a_catalogue_of_other_ids_is_another_catalogue() -> None:
    with pytest.raises(SourceImplausible, match="100%"):
        check_plausible(listed(100, prefix="other"), listed(100))


def test_names_that_only_change_case_are_not_lost() -> None:
    shouted = measured(100)
    records = tuple(replace(record, name=record.name.upper()) for record in shouted.records)
    assert check_plausible(replace(shouted, records=records), measured(100)) == ()


@pytest.mark.parametrize("factor", ["100", "0.01", "4.5", "0.2", "1.1"])
def test_all_prices_times_one_factor_are_not_believed(factor: str) -> None:
    with pytest.raises(SourceImplausible, match=r"price"):
        check_plausible(listed(100, factor=factor), listed(100))


def test_single_prices_may_move_as_far_as_they_like() -> None:
    moved = tuple(facts(number, factor="100" if number < 20 else "1") for number in range(100))
    assert check_plausible(ParsedSource(Source.OPENROUTER, models=moved), listed(100)) == ()


def test_many_prices_may_move_each_on_its_own() -> None:
    moved = tuple(facts(number, factor=str(1 + number / 100)) for number in range(100))
    assert check_plausible(ParsedSource(Source.OPENROUTER, models=moved), listed(100)) == ()


@pytest.mark.parametrize("price", [None, Decimal(0)])
def test_prices_that_vanish_together_are_not_believed(price: Decimal | None) -> None:
    bare = Pricing(prompt_usd_per_mtok=price, completion_usd_per_mtok=price)
    models = tuple(replace(facts(number), pricing=bare) for number in range(100))
    with pytest.raises(SourceImplausible, match="had a price have none now"):
        check_plausible(ParsedSource(Source.OPENROUTER, models=models), listed(100))


def test_a_free_catalogue_has_no_prices_to_compare() -> None:
    free = Pricing(prompt_usd_per_mtok=Decimal(0), completion_usd_per_mtok=Decimal(0))
    parsed = ParsedSource(Source.OPENROUTER, models=tuple(replace(facts(number), pricing=free) for number in range(50)))
    assert check_plausible(parsed, parsed) == ()


def test_prices_that_moved_from_one_field_to_the_other_have_nothing_to_compare() -> None:
    before = tuple(replace(facts(n), pricing=Pricing(prompt_usd_per_mtok=Decimal(1))) for n in range(30))
    after = tuple(replace(facts(n), pricing=Pricing(completion_usd_per_mtok=Decimal(1))) for n in range(30))
    held = ParsedSource(Source.OPENROUTER, models=before)
    assert check_plausible(ParsedSource(Source.OPENROUTER, models=after), held) == ()


def test_rejected_rows_earn_a_warning_then_disbelief() -> None:
    assert check_plausible(with_rejected(listed(95), 5), None) == ()
    (warning,) = check_plausible(with_rejected(listed(90), 10), None)
    assert warning == "10 of 100 rows could not be read in full; the first: has no usable id"
    assert check_plausible(with_rejected(listed(70), 30), None)
    with pytest.raises(SourceImplausible, match="31 of 100 rows"):
        check_plausible(with_rejected(listed(69), 31), None)


@pytest.mark.parametrize(
    ("benchmark", "value"),
    [
        ("lmarena.text.overall", 9000.0),
        ("livebench.coding", 100.5),
        ("hf.gpqa", -1.0),
        ("aa.gpqa", 67.0),
        ("aa.intelligence_index", 101.0),
        ("lmarena.text.overall", float("nan")),
    ],
)
def test_a_value_that_no_model_can_reach_is_not_believed(benchmark: str, value: float) -> None:
    records = tuple(
        SourceRecord(Source.LMARENA, f"m{number}", measures=(Measure(benchmark, value),)) for number in range(20)
    )
    with pytest.raises(SourceImplausible, match="which lies between"):
        check_plausible(ParsedSource(Source.LMARENA, records=records), None)


def test_data_older_than_what_is_held_is_not_believed() -> None:
    with pytest.raises(SourceImplausible, match="older than what is held"):
        check_plausible(measured(50, release="2026-06-01"), measured(50))
    assert check_plausible(measured(50, release="2026-08-01"), measured(50)) == ()


def test_another_scale_within_one_release_is_not_believed() -> None:
    with pytest.raises(SourceImplausible, match=r"lmarena\.text\.overall is 0\.1 times"):
        check_plausible(measured(50, factor=0.1), measured(50))


def test_another_release_may_have_another_scale() -> None:
    assert check_plausible(measured(50, factor=0.1, release="2026-08-01"), measured(50)) == ()


def test_speed_may_change_without_being_another_scale() -> None:
    name = "aa.output_tokens_per_s"
    assert check_plausible(measured(50, factor=0.1, benchmark=name), measured(50, benchmark=name)) == ()
