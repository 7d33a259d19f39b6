from __future__ import annotations

from datetime import date

import pytest

from catalog.shapes import ParsedSource, Source
from catalog.sources import livebench
from smartspawn.lib.errors import SourceMalformed
from tests.catalog.sources.payloads import payload

CATEGORIES = {"Coding": ["code_generation", "code_completion"], "Agentic Coding": ["python"], "IF": ["summarize"]}
TABLE = """model,code_completion,code_generation,python,summarize,unheard_of
rocket-2-thinking-64k-high-effort,80.0,60.0,40.0,33.333,1.0
rocket-1,50.0,,,70.0,
"""


def parse(table: str | bytes = TABLE, categories: object = CATEGORIES, *, release: str = "2026_06_25") -> ParsedSource:
    payloads = [payload(Source.LIVEBENCH, table, part=f"table_{release}")]
    if categories is not None:
        payloads.append(payload(Source.LIVEBENCH, categories, part=f"categories_{release}"))
    return livebench.parse(payloads)


def values(parsed: ParsedSource) -> dict[str, dict[str, float]]:
    return {record.name: {m.benchmark: m.value for m in record.measures} for record in parsed.records}


def test_a_category_is_the_mean_of_its_tasks_and_other_tasks_count_nowhere() -> None:
    parsed = parse()
    assert values(parsed)["rocket-2-thinking-64k-high-effort"] == {
        "livebench.coding": 70.0,
        "livebench.agentic_coding": 40.0,
        "livebench.if": 33.333,
    }
    assert parsed.rejected == ()
    assert parsed.as_of == date(2026, 6, 25)
    assert {m.release for record in parsed.records for m in record.measures} == {"2026-06-25"}


def test_a_blank_cell_is_missing_and_never_zero() -> None:
    assert values(parse())["rocket-1"] == {"livebench.coding": 50.0, "livebench.if": 70.0}


@pytest.mark.parametrize("cell", ["nan", "inf", "-1", "100.01", "1e400", "n/a", "1_0", "٣", "true", "0x1f", "9" * 400])
def test_an_impossible_cell_is_left_out_and_told(cell: str) -> None:
    parsed = parse(f"model,code_generation,code_completion\nrocket-1,{cell},50\n")
    assert values(parsed) == {"rocket-1": {"livebench.coding": 50.0}}
    assert [row.row for row in parsed.rejected] == [2]


def test_bounds_are_possible() -> None:
    parsed = parse("model,code_generation,python\nrocket-1,0,100\n")
    assert values(parsed) == {"rocket-1": {"livebench.coding": 0.0, "livebench.agentic_coding": 100.0}}


def test_a_row_with_other_cells_than_the_header_is_reported() -> None:
    parsed = parse(TABLE + "short,1.0\nlong,1,2,3,4,5,6\nwhole,1,2,3,4,5\n")
    assert list(values(parsed))[-1] == "whole"
    assert [row.reason for row in parsed.rejected] == ["has 2 cells instead of 6", "has 7 cells instead of 6"]
    assert parsed.row_count == 5


def test_a_doubled_or_nameless_row_is_reported() -> None:
    parsed = parse(TABLE + "rocket-1,1,1,1,1,1\n,1,1,1,1,1\nempty,,,,,\n")
    assert values(parsed)["rocket-1"]["livebench.coding"] == 50.0
    reasons = [row.reason for row in parsed.rejected]
    assert reasons == ["is listed twice", "has no usable model name", "has no score in any category"]


@pytest.mark.parametrize("categories", [None, "no json", [], {}, {"Coding": 5}, {"": ["python"]}])
def test_without_readable_categories_the_default_stands_in(categories: object) -> None:
    table = "model,theory_of_mind,zebra_puzzle,AMPS_Hard\nrocket-1,10,20,30\n"
    assert values(parse(table, categories)) == {
        "rocket-1": {"livebench.reasoning": 15.0, "livebench.mathematics": 30.0}
    }


def test_categories_that_cannot_be_read_are_told() -> None:
    assert "default categories" in parse(TABLE, "{").rejected[0].reason


def test_every_release_is_read_with_its_own_categories() -> None:
    parsed = livebench.parse(
        [
            payload(Source.LIVEBENCH, TABLE, part="table_2026_01_08"),
            payload(Source.LIVEBENCH, {"Coding": ["python"]}, part="categories_2026_01_08"),
            payload(Source.LIVEBENCH, TABLE, part="table_2026_06_25"),
            payload(Source.LIVEBENCH, CATEGORIES, part="categories_2026_06_25"),
        ]
    )
    measured = [
        (m.release, m.value)
        for record in parsed.records
        for m in record.measures
        if record.name.startswith("rocket-2") and m.benchmark == "livebench.coding"
    ]
    assert measured == [("2026-01-08", 40.0), ("2026-06-25", 70.0)]
    assert parsed.version == "2026-06-25"


def test_line_ends_of_windows_and_a_byte_order_mark_do_no_harm() -> None:
    assert values(parse(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())) == values(parse())


@pytest.mark.parametrize("table", ["", "<!DOCTYPE html>", "model\n", "name,python\na,5\n", "\x00\x01", '{"a": 1}'])
def test_what_is_no_table_is_malformed(table: str) -> None:
    with pytest.raises(SourceMalformed):
        parse(table)


@pytest.mark.parametrize("release", ["2999_01_01", "2026_13_45"])
def test_a_release_of_an_impossible_date_is_malformed(release: str) -> None:
    with pytest.raises(SourceMalformed):
        parse(release=release)


def test_categories_alone_are_malformed() -> None:
    with pytest.raises(SourceMalformed):
        livebench.parse([payload(Source.LIVEBENCH, CATEGORIES, part="categories_2026_06_25")])
