from __future__ import annotations

from datetime import date

import pytest

from catalog.matching.dates import DateMark, month_mark, take_date


@pytest.mark.parametrize(
    ("texts", "mark", "length"),
    [
        (["20251101"], DateMark(2025, 11, 1), 1),
        (["202506"], DateMark(2025, 6, None), 1),
        (["251015"], DateMark(2025, 10, 15), 1),
        (["2507"], DateMark(2025, 7, None), 1),
        (["0725"], DateMark(None, 7, 25), 1),
        (["0528"], DateMark(None, 5, 28), 1),
        (["v0613"], DateMark(None, 6, 13), 1),
        (["2024", "08", "06"], DateMark(2024, 8, 6), 3),
        (["26", "01", "10"], DateMark(2026, 1, 10), 3),
        (["05", "06"], DateMark(None, 5, 6), 2),
        (["08", "2024"], DateMark(2024, 8, None), 2),
        (["2024", "08"], DateMark(2024, 8, None), 2),
        (["nov", "24"], DateMark(2024, 11, None), 2),
        (["march", "2025"], DateMark(2025, 3, None), 2),
        (["sept", "25"], DateMark(2025, 9, None), 2),
    ],
)
def test_a_date_is_read_in_every_form_that_names_use(texts: list[str], mark: DateMark, length: int) -> None:
    assert take_date([*texts, "chat"][:3]) == (mark, length)


@pytest.mark.parametrize(
    "texts",
    [
        ["4", "5"],
        ["4.5"],
        ["70b"],
        ["3"],
        ["1776"],
        ["2019"],
        ["0230"],
        ["1306"],
        ["may", "flash"],
        ["8", "22"],
        ["v3"],
        ["٠٥٢٨"],
    ],
)
def test_versions_sizes_and_impossible_days_are_no_dates(texts: list[str]) -> None:
    assert take_date(texts) is None


def test_a_month_alone_is_a_date_only_by_its_own_name() -> None:
    assert month_mark("nov") == DateMark(None, 11, None)
    assert month_mark("vision") is None


@pytest.mark.parametrize(
    ("mark", "listed_on", "fits"),
    [
        (DateMark(2025, 5, 14), date(2025, 5, 22), True),  # listed a week later
        (DateMark(2025, 11, 1), date(2025, 11, 24), True),
        (DateMark(2025, 5, 14), date(2025, 7, 1), False),  # long after: another checkpoint may stand there
        (DateMark(2026, 2, 10), date(2025, 12, 11), False),  # a checkpoint from after the listing
        (DateMark(None, 6, 5), date(2025, 6, 17), True),
        (DateMark(None, 6, 13), date(2023, 5, 28), False),
        (DateMark(None, 12, 28), date(2026, 1, 3), True),  # across the turn of the year
        (DateMark(None, 2, 29), date(2025, 3, 1), True),  # a day that year has not: the last of the month
        (DateMark(2024, 12, None), date(2024, 12, 26), True),
        (DateMark(2024, 12, None), date(2025, 1, 5), True),
        (DateMark(2024, 12, None), date(2025, 1, 20), False),
        (DateMark(None, 12, None), date(2025, 1, 20), False),
    ],
)
def test_a_checkpoint_fits_a_listing_of_its_day_or_soon_after(mark: DateMark, listed_on: date, fits: bool) -> None:
    assert mark.precedes_listing(listed_on) is fits


@pytest.mark.parametrize(
    ("ours", "theirs", "agrees"),
    [
        (DateMark(2024, 8, None), DateMark(2024, 8, 6), True),
        (DateMark(None, 5, 6), DateMark(None, 5, 6), True),
        (DateMark(2025, 5, None), DateMark(None, 5, 6), True),  # the year of the listing stands in
        (DateMark(2024, 5, None), DateMark(None, 5, 6), False),
        (DateMark(2024, 8, 7), DateMark(2024, 8, 6), False),
        (DateMark(2024, 9, None), DateMark(2024, 8, 6), False),
    ],
)
def test_marks_agree_in_all_that_both_say(ours: DateMark, theirs: DateMark, agrees: bool) -> None:
    assert ours.agrees_with(theirs, year=2025) is agrees


def test_a_mark_reads_as_a_date() -> None:
    assert [
        str(mark)
        for mark in (DateMark(2024, 8, 6), DateMark(None, 8, 6), DateMark(2024, 8, None), DateMark(None, 8, None))
    ] == [
        "2024-08-06",
        "08-06",
        "2024-08",
        "August",
    ]
