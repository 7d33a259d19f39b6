from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.shapes import Source
from catalog.sources.reading import (
    Rejections,
    bounded_rows,
    clean_name,
    clean_text,
    csv_rows,
    excerpt_of,
    number_in_text,
    texts,
)
from smartspawn.lib.errors import SourceMalformed
from tests.catalog.sources.payloads import payload


def test_more_rows_than_any_source_has_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.sources.reading.ROWS_LIMIT", 3)
    found = payload(Source.LIVEBENCH, "a\n" * 4, part="table")
    with pytest.raises(SourceMalformed, match="4 rows"):
        bounded_rows(found, [1, 2, 3, 4])
    with pytest.raises(SourceMalformed, match="5 lines"):
        list(csv_rows(found))
    assert bounded_rows(found, [1, 2, 3]) == [1, 2, 3]


def test_lines_end_only_where_csv_lines_end() -> None:
    found = payload(Source.LIVEBENCH, "a\u2028b,1\r\nc\x0bd,2\re,3\n\n", part="table")
    assert list(csv_rows(found)) == [(1, ["a\u2028b", "1"]), (2, ["c\x0bd", "2"]), (3, ["e", "3"])]


def test_a_table_that_ends_in_the_middle_of_a_row_is_refused() -> None:
    with pytest.raises(SourceMalformed, match="is cut"):
        list(csv_rows(payload(Source.LIVEBENCH, "model,a,b\none,1,2\ntwo,1", part="table")))
    whole = payload(Source.LIVEBENCH, "model,a,b\none,1,2\nshort,1\ntwo,1,2", part="table")
    assert [number for number, _ in csv_rows(whole)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("GPT-5.5 (high)", "GPT-5.5 (high)"),
        ("  padded\t", "padded"),
        ("two\nlines", "two lines"),
        ("nul\x00l", "nul l"),
        ("right\u202eleft", "rightleft"),
        ("zero\u200bwidth", "zerowidth"),
        ("a\ufffdb", ""),
        ("x" * 201, ""),
        (5, ""),
        (None, ""),
    ],
)
def test_names_are_one_printable_line(written: object, cleaned: str) -> None:
    assert clean_name(written) == cleaned


@given(st.text(st.characters()), st.integers(1, 50))
def test_cleaned_text_fits_its_limit_and_every_store(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit=limit)
    assert len(cleaned) <= limit
    assert cleaned.encode().decode() == cleaned
    assert "\x00" not in cleaned


@given(st.floats(0, 100))
def test_a_plain_number_is_read_back(value: float) -> None:
    assert number_in_text(f" {value:.6f} ") == pytest.approx(value, abs=1e-6)


def test_what_is_said_of_one_row_is_said_together() -> None:
    rejections = Rejections(Source.OPENROUTER)
    rejections.add("models", 3, "first", {"id": 5})
    rejections.add("models", 3, "second")
    rejections.add("models", 4, "third")
    assert [(row.row, row.reason) for row in rejections.rows()] == [(3, "first; second"), (4, "third")]
    assert rejections.rows()[0].excerpt == "{'id': 5}"


@pytest.mark.parametrize(
    "row", ["x" * 10**6, {"a": ["b" * 10**6] * 50}, 10**9000, [[[[[[1]]]]]], {"n": 10**9000}], ids=range(5)
)
def test_an_excerpt_is_always_short(row: object) -> None:
    assert len(excerpt_of(row)) <= 120


def test_lists_of_names_keep_their_order_and_lose_doubles() -> None:
    assert texts(["b", "a", "b", 5, None, ""]) == ("b", "a")
    assert texts("ab") == ()
