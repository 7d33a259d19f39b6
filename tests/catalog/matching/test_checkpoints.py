"""Dated names; on small invented catalogues."""

from __future__ import annotations

from datetime import date

import pytest

from catalog.matching import build_index, match_name
from catalog.shapes import ModelFacts, Source
from tests.catalog.matching.catalogue import match, model


def dated_catalogue() -> tuple[ModelFacts, ...]:
    return (
        model("acme/rocket-4o", listed_on="2024-05-13"),
        model("acme/rocket-4o-2024-05-13", listed_on="2024-05-13"),
        model("acme/rocket-4o-2024-08-06", listed_on="2024-08-06"),
        model("acme/rocket-4o-2024-11-20", listed_on="2024-11-20"),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Rocket-4o", "acme/rocket-4o"),
        ("Rocket-4o (Nov '24)", "acme/rocket-4o-2024-11-20"),
        ("Rocket-4o (Aug)", "acme/rocket-4o-2024-08-06"),
        ("rocket-4o-2024-08-06", "acme/rocket-4o-2024-08-06"),
        ("rocket-4o-0513", "acme/rocket-4o-2024-05-13"),
        ("rocket-4o-2024-05-13", "acme/rocket-4o-2024-05-13"),
        ("rocket-4o-2025-01-01", None),
        ("Rocket-4o (Mar '25)", None),
    ],
)
def test_a_dated_name_goes_to_its_checkpoint_and_an_undated_one_to_the_current(name: str, expected: str | None) -> None:
    assert match(name, *dated_catalogue()).model_id == expected


def test_an_undated_name_is_not_the_only_dated_checkpoint() -> None:
    found = match("rocket-r", "acme/rocket-r-08-2024")

    assert found.model_id is None
    assert found.reason == "acme/rocket-r-08-2024 is the checkpoint of 2024-08, and the name gives no date"


def test_an_undated_name_with_a_release_date_may_be() -> None:
    index = build_index(
        [model("acme/rocket-3.5-plus-02-15", listed_on="2026-02-16"), model("acme/rocket-3.5-plus-20260420")]
    )

    def found(released_on: date | None) -> str | None:
        source = Source.ARTIFICIAL_ANALYSIS
        return match_name(index, source=source, name="Rocket 3.5 Plus", released_on=released_on).model_id

    assert found(date(2026, 2, 15)) == "acme/rocket-3.5-plus-02-15"
    assert found(date(2026, 4, 20)) == "acme/rocket-3.5-plus-20260420"
    assert found(date(2026, 3, 1)) is None
    assert found(None) is None


def test_a_date_that_stands_for_the_version_is_not_needed_beside_it() -> None:
    facts = model("acme/rocket-large-2512", name="Acme: Rocket Large 3 2512")

    assert match("Rocket Large 3", facts).model_id == "acme/rocket-large-2512"
    assert match("rocket-large-2512", facts).model_id == "acme/rocket-large-2512"
    assert match("Rocket Large", facts).model_id is None


def test_a_date_beside_the_same_version_tells_checkpoints_apart() -> None:
    assert match("Rocket K2", model("acme/rocket-k2-0905", name="Rocket K2 0905")).model_id is None
    assert match("Rocket V3", model("acme/rocket-v3-0324", name="Rocket V3 0324")).model_id is None


def test_the_canonical_slug_is_evidence_for_a_date() -> None:
    facts = model("acme/rocket-4.1", canonical_slug="acme/rocket-4.1-2025-04-14", listed_on="2025-06-30")

    assert match("rocket-4.1-2025-04-14", facts).model_id == "acme/rocket-4.1"
    assert match("rocket-4.1-2025-10-14", facts).model_id is None


def test_the_date_in_the_id_outweighs_stamp_and_listing() -> None:
    facts = model("acme/rocket-pro-05-06", canonical_slug="acme/rocket-pro-03-25", listed_on="2025-05-07")

    assert match("Rocket Pro (May' 25)", facts).model_id == "acme/rocket-pro-05-06"
    assert match("Rocket Pro (Mar' 25)", facts).model_id is None


def test_a_checkpoint_of_the_days_before_the_listing_is_the_listed_one() -> None:
    facts = model("acme/rocket-4", listed_on="2025-05-22")

    assert match("rocket-4-20250514-thinking-16k", facts).model_id == "acme/rocket-4"
    assert match("rocket-4-20250101", facts).model_id is None
    assert match("rocket-4-20250731", facts).model_id is None


def test_contradictory_dates_of_the_catalogue_refute_nothing() -> None:
    facts = model("acme/rocket-4", canonical_slug="acme/rocket-4-20230311", listed_on="2026-03-11")
    found = match("rocket-4-20250514", facts)

    assert found.model_id == "acme/rocket-4"
    assert found.confidence_prob < 0.9
    assert match("Rocket 4 (May '25)", facts).model_id is None
