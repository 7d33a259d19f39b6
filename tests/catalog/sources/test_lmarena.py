from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from catalog.shapes import Measure, ParsedSource, Source
from catalog.sources import lmarena
from smartspawn.lib.errors import SourceMalformed
from tests.catalog.sources.payloads import payload
from tests.upstream_rows import parquet_body

ROW: dict[str, Any] = {
    "model_name": "rocket-2-high",
    "organization": "acme",
    "license": "Proprietary",
    "rating": 1450.5,
    "rating_lower": 1440.0,
    "rating_upper": 1461.0,
    "variance": 3.1,
    "vote_count": 1200.0,
    "rank": 1.0,
    "category": "overall",
    "leaderboard_publish_date": "2026-07-08",
}
CSV_2024_06 = """rank,model,arena_elo,95_pct_ci,votes,organization,license,knowledge_cutoff,url
1,Rocket-1,1287,+3/-4,42046,Acme,Proprietary,2023/10,https://acme.test/
"""
CSV_2024_08 = CSV_2024_06.replace("arena_elo", "arena_score")
CSV_2025_08 = """rank,rank_stylectrl,model,arena_score,95_pct_ci,votes,organization,license,knowledge_cutoff,url
1,2,Rocket-1,1287,+3/-4,42046,Acme,Proprietary,,https://acme.test/
"""


def envelope(*rows: Any) -> dict[str, Any]:
    return {
        "features": [],
        "rows": [{"row_idx": number, "row": row, "truncated_cells": []} for number, row in enumerate(rows)],
    }


def parse(*rows: Any, config: str = "text_style_control") -> ParsedSource:
    return lmarena.parse([payload(Source.LMARENA, envelope(*rows), part=config)])


def values(parsed: ParsedSource) -> dict[tuple[str, str], float]:
    return {(record.name, measure.benchmark): measure.value for record in parsed.records for measure in record.measures}


def test_a_rating_keeps_its_own_interval_votes_and_date() -> None:
    parsed = parse(ROW)
    (record,) = parsed.records
    assert (record.name, record.organization) == ("rocket-2-high", "acme")
    assert record.measures == (
        Measure(
            benchmark="lmarena.text.overall",
            value=1450.5,
            release="2026-07-08",
            lower=1440.0,
            upper=1461.0,
            vote_count=1200,
            measured_on=date(2026, 7, 8),
        ),
    )
    assert parsed.as_of == date(2026, 7, 8)
    assert parsed.version == "2026-07-08"
    assert parsed.rejected == ()


def test_parquet_and_json_say_the_same() -> None:
    rows = [{**ROW, "category": category} for category in ("overall", "coding", "math")]
    from_parquet = lmarena.parse([payload(Source.LMARENA, parquet_body(rows), part="text_style_control")])
    assert values(from_parquet) == values(parse(*rows))
    assert from_parquet.records[0].measures == parse(*rows).records[0].measures
    assert from_parquet.as_of == date(2026, 7, 8)


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("full", "overall"),
        ("if", "instruction_following"),
        ("hard_6", "hard_prompts"),
        ("hard_english_6", "hard_prompts_english"),
        ("multiturn", "multi_turn"),
        ("long_user", "longer_query"),
        ("instruction_following", "instruction_following"),
        ("Creative Writing", "creative_writing"),
        ("industry_mathematical", "industry_mathematical"),
        ("korean", "korean"),
    ],
)
def test_categories_have_one_spelling(spelled: str, meant: str) -> None:
    assert list(values(parse({**ROW, "category": spelled}))) == [("rocket-2-high", f"lmarena.text.{meant}")]


@pytest.mark.parametrize("dropped", ["no_tie", "no_short", "no_refusal", "exclude_ties"])
def test_overall_rankings_without_some_votes_are_dropped_silently(dropped: str) -> None:
    parsed = parse(ROW, {**ROW, "category": dropped})
    assert list(values(parsed)) == [("rocket-2-high", "lmarena.text.overall")]
    assert parsed.rejected == ()


@pytest.mark.parametrize(
    ("config", "benchmark"),
    [
        ("text_style_control", "lmarena.text.overall"),
        ("text", "lmarena.text_plain.overall"),
        ("vision", "lmarena.vision.overall"),
    ],
)
def test_each_scale_has_its_own_name(config: str, benchmark: str) -> None:
    assert [name for _, name in values(parse(ROW, config=config))] == [benchmark]


def test_only_the_newest_publish_date_counts() -> None:
    parsed = parse({**ROW, "leaderboard_publish_date": "2026-06-01", "model_name": "retired"}, ROW)
    assert [record.name for record in parsed.records] == ["rocket-2-high"]


def test_of_doubled_rows_the_most_voted_stands() -> None:
    parsed = parse({**ROW, "vote_count": 5.0, "rating": 1460.0}, ROW, {**ROW, "vote_count": None, "rating": 1445.0})
    assert values(parsed) == {("rocket-2-high", "lmarena.text.overall"): 1450.5}


@pytest.mark.parametrize(
    "change",
    [
        {"model_name": None},
        {"model_name": "n" * 500},
        {"model_name": 5},
        {"rating": None},
        {"rating": "1500"},
        {"rating": True},
        {"rating": 1e12},
        {"rating": -1},
        {"category": None},
        {"category": "../etc"},
        {"leaderboard_publish_date": "2999-01-01"},
    ],
)
def test_an_odd_row_is_reported_and_costs_no_other(change: dict[str, Any]) -> None:
    parsed = parse({**ROW, **change}, {**ROW, "model_name": "second"})
    assert [record.name for record in parsed.records] == ["second"]
    assert [row.row for row in parsed.rejected] == [0]
    assert parsed.row_count == 2


@pytest.mark.parametrize("change", [{"rating_lower": 1460.0}, {"rating_upper": None}, {"rating_lower": "low"}])
def test_an_interval_that_does_not_hold_its_rating_is_missing(change: dict[str, Any]) -> None:
    (record,) = parse({**ROW, **change}).records
    assert (record.measures[0].lower, record.measures[0].upper) == (None, None)
    assert record.measures[0].value == 1450.5


def test_categories_of_vision_lose_their_suffix() -> None:
    parsed = parse({**ROW, "category": "creative_writing_vision"}, config="vision")
    assert list(values(parsed)) == [("rocket-2-high", "lmarena.vision.creative_writing")]


@pytest.mark.parametrize("body", [CSV_2024_06, CSV_2024_08, CSV_2025_08], ids=["2024-06", "2024-08", "2025-08"])
def test_the_old_csv_is_read_by_its_header_in_all_three_dialects(body: str) -> None:
    parsed = lmarena.parse([payload(Source.LMARENA, body, part="csv_text_2024_06_19")])
    (record,) = parsed.records
    assert (record.name, record.organization) == ("Rocket-1", "Acme")
    assert record.measures == (
        Measure(
            benchmark="lmarena.csv_text.overall",
            value=1287,
            release="2024-06-19",
            lower=1283,
            upper=1290,
            vote_count=42046,
            measured_on=date(2024, 6, 19),
        ),
    )


def test_the_old_csv_never_shares_a_benchmark_with_the_dataset() -> None:
    text = lmarena.parse([payload(Source.LMARENA, CSV_2025_08, part="csv_text_2025_08_04")])
    vision = lmarena.parse([payload(Source.LMARENA, CSV_2025_08, part="csv_vision_2025_08_04")])
    names = {name for parsed in (text, vision) for _, name in values(parsed)}
    assert names == {"lmarena.csv_text.overall", "lmarena.csv_vision.overall"}


def test_a_quote_that_is_never_closed_costs_one_line() -> None:
    body = CSV_2025_08 + '2,3,"Broken,1200,+1/-1,5,Acme,MIT,,x\n3,4,Whole,1100,+1/-1,5,Acme,MIT,,x\n4,5,short,row\n'
    parsed = lmarena.parse([payload(Source.LMARENA, body, part="csv_text")])
    assert [record.name for record in parsed.records] == ["Rocket-1", "Whole"]
    assert [row.row for row in parsed.rejected] == [3, 5]


def test_of_two_files_of_one_kind_the_newer_is_read() -> None:
    old = payload(Source.LMARENA, CSV_2024_06, part="csv_text_2024_06_19")
    new = payload(Source.LMARENA, CSV_2025_08, part="csv_text_2025_08_04")
    for order in ([old, new], [new, old]):
        parsed = lmarena.parse(order)
        assert len(parsed.records) == 1
        assert parsed.version == "2025-08-04"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!DOCTYPE html>",
        b"PAR1",
        b"PAR1" + b"\x00" * 200 + b"PAR1",
        b'{"rows": 5}',
        b'[{"rows": [',
        b"rank,name\n1,2\n",
        b"[]",
    ],
)
def test_what_holds_no_ratings_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed):
        lmarena.parse([payload(Source.LMARENA, body, part="text_style_control")])


def test_parquet_with_other_columns_is_malformed_and_says_which() -> None:
    rows = [{"model_name": "a", "score": "5"}]
    with pytest.raises(SourceMalformed, match="category, rating"):
        lmarena.parse([payload(Source.LMARENA, parquet_body(rows), part="text_style_control")])


@pytest.mark.parametrize("cut_share", [0.1, 0.5, 0.9, 0.999])
def test_cut_parquet_is_malformed(cut_share: float, capfd: pytest.CaptureFixture[str]) -> None:
    body = parquet_body([{**ROW, "model_name": f"model-{number}"} for number in range(200)])
    with pytest.raises(SourceMalformed, match="damaged"):
        lmarena.parse([payload(Source.LMARENA, body[: int(len(body) * cut_share)], part="text_style_control")])
    capfd.readouterr()  # the reader's Rust code complains to the terminal


def test_an_unknown_configuration_is_malformed() -> None:
    with pytest.raises(SourceMalformed, match="not known"):
        parse(ROW, config="agent")


def test_a_small_parquet_that_claims_too_many_rows_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.sources.lmarena_formats.ROWS_LIMIT", 5000)
    body = parquet_body([ROW] * 5001)
    assert len(body) < 10_000
    with pytest.raises(SourceMalformed, match="more than the 5000 rows"):
        lmarena.parse([payload(Source.LMARENA, body, part="vision")])
    assert lmarena.parse([payload(Source.LMARENA, parquet_body([ROW] * 5000), part="vision")]).row_count == 5000
