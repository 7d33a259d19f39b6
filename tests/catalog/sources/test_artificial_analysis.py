from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from catalog.shapes import ParsedSource, Source
from catalog.sources import artificial_analysis
from smartspawn.lib.errors import SourceMalformed
from tests.catalog.sources.payloads import payload

FREE_ROW: dict[str, Any] = {
    "id": "11111111-1111-1111-1111-111111111111",
    "name": "Rocket 2 (high)",
    "slug": "rocket-2",
    "release_date": "2026-05-01",
    "model_creator": {"id": "x", "name": "Acme"},
    "evaluations": {
        "artificial_analysis_intelligence_index": 41.5,
        "artificial_analysis_coding_index": 39,
        "artificial_analysis_agentic_index": None,
    },
    "pricing": {"price_1m_input_tokens": 2.5, "price_1m_output_tokens": 10, "price_1m_cache_hit_tokens": None},
    "performance": {"median_output_tokens_per_second": 88.5, "median_time_to_first_token_seconds": 1.25},
}
LEGACY_ROW: dict[str, Any] = {
    "id": "22222222-2222-2222-2222-222222222222",
    "name": "Rocket 1 (Non-reasoning)",
    "slug": "rocket-1",
    "release_date": "2025-11-01",
    "model_creator": {"id": "x", "name": "Acme", "slug": "acme"},
    "evaluations": {
        "artificial_analysis_intelligence_index": -3.5,
        "artificial_analysis_math_index": 88.0,
        "mmlu_pro": 0.75,
        "gpqa": 0.0,
        "livecodebench": None,
        "terminalbench_v2_1": 0.125,
    },
    "pricing": {"price_1m_blended_3_to_1": 1.0, "price_1m_input_tokens": 0.5, "price_1m_output_tokens": 2.5},
    "median_output_tokens_per_second": 120.5,
    "median_time_to_first_token_seconds": 0.5,
}


def page(*rows: Any, number: int = 1, total: int = 1, version: Any = 4.1) -> Any:
    pagination = {"page": number, "page_size": 200, "total_pages": total, "has_more": number < total}
    body = {"tier": "free", "intelligence_index_version": version, "pagination": pagination, "data": list(rows)}
    return payload(Source.ARTIFICIAL_ANALYSIS, body, part=f"free-page-{number}")


def legacy(*rows: Any) -> ParsedSource:
    body = {"status": 200, "data": list(rows)}
    return artificial_analysis.parse([payload(Source.ARTIFICIAL_ANALYSIS, body, part="legacy")])


def values(parsed: ParsedSource) -> list[dict[str, float]]:
    return [{measure.benchmark: measure.value for measure in record.measures} for record in parsed.records]


def test_the_free_dialect_is_read_on_its_true_scales() -> None:
    parsed = artificial_analysis.parse([page(FREE_ROW)])
    (record,) = parsed.records
    assert (record.name, record.slug, record.organization) == ("Rocket 2 (high)", "rocket-2", "Acme")
    assert record.external_id == FREE_ROW["id"]
    assert record.released_on == date(2026, 5, 1)
    assert values(parsed) == [
        {
            "aa.intelligence_index": 41.5,
            "aa.coding_index": 39.0,
            "aa.output_tokens_per_s": 88.5,
            "aa.time_to_first_token_s": 1.25,
            "aa.price_prompt_usd_per_mtok": 2.5,
            "aa.price_completion_usd_per_mtok": 10.0,
        }
    ]
    assert parsed.rejected == ()


def test_the_legacy_dialect_is_read_on_its_true_scales() -> None:
    assert values(legacy(LEGACY_ROW)) == [
        {
            "aa.intelligence_index": -3.5,
            "aa.math_index": 88.0,
            "aa.mmlu_pro": 0.75,
            "aa.gpqa": 0.0,
            "aa.terminalbench_v2_1": 0.125,
            "aa.output_tokens_per_s": 120.5,
            "aa.time_to_first_token_s": 0.5,
            "aa.price_prompt_usd_per_mtok": 0.5,
            "aa.price_completion_usd_per_mtok": 2.5,
        }
    ]


def test_a_bare_list_is_read_too() -> None:
    parsed = artificial_analysis.parse([payload(Source.ARTIFICIAL_ANALYSIS, [LEGACY_ROW], part="legacy")])
    assert len(parsed.records) == 1


def test_zero_speed_and_zero_price_mean_not_measured() -> None:
    row = {
        **LEGACY_ROW,
        "pricing": {"price_1m_input_tokens": 0, "price_1m_output_tokens": 0.0},
        "median_output_tokens_per_second": 0,
        "median_time_to_first_token_seconds": 0,
    }
    (measured,) = values(legacy(row))
    assert not [name for name in measured if name.startswith(("aa.price", "aa.output", "aa.time"))]


def test_indices_carry_their_version_and_shares_do_not() -> None:
    row = {**FREE_ROW, "evaluations": {**FREE_ROW["evaluations"], "gpqa": 0.5}}
    (record,) = artificial_analysis.parse([page(row)]).records
    releases = {measure.benchmark: measure.release for measure in record.measures}
    assert releases["aa.intelligence_index"] == "4.1"
    assert releases["aa.gpqa"] == ""
    assert artificial_analysis.parse([page(row, version="4.1")]).version == "4.1"


def test_pages_of_two_index_versions_are_malformed() -> None:
    with pytest.raises(SourceMalformed, match=r"4\.1, 4\.3"):
        artificial_analysis.parse([page(FREE_ROW, total=2), page(LEGACY_ROW, number=2, total=2, version=4.3)])


def test_a_missing_page_is_malformed() -> None:
    with pytest.raises(SourceMalformed, match="2 of 3 pages"):
        artificial_analysis.parse([page(FREE_ROW, total=3), page(LEGACY_ROW, number=3, total=3)])


def test_models_are_told_apart_by_id_since_slugs_are_used_again() -> None:
    twin = {**LEGACY_ROW, "id": "33333333-3333-3333-3333-333333333333"}
    parsed = legacy(LEGACY_ROW, twin, LEGACY_ROW)
    assert len(parsed.records) == 2
    assert [row.reason for row in parsed.rejected] == ["is listed twice"]


@pytest.mark.parametrize("value", [1.5, -0.1, 75])
def test_an_impossible_share_is_left_out_and_told(value: float) -> None:
    parsed = legacy({**LEGACY_ROW, "evaluations": {"mmlu_pro": value, "gpqa": 0.5}})
    assert "aa.mmlu_pro" not in values(parsed)[0]
    assert values(parsed)[0]["aa.gpqa"] == 0.5
    assert "aa.mmlu_pro cannot be" in parsed.rejected[0].reason


@pytest.mark.parametrize("value", ["0.5", True, [], {}, "1e5"])
def test_a_value_that_is_no_number_is_left_out_and_told(value: object) -> None:
    parsed = legacy({**LEGACY_ROW, "evaluations": {"mmlu_pro": value, "gpqa": 0.5}})
    assert "aa.mmlu_pro" not in values(parsed)[0]
    assert parsed.rejected[0].reason == "mmlu_pro is no number"


@pytest.mark.parametrize("odd", [None, 5, "row", [], {}, {"name": ""}, {"name": 7}, {"name": "x" * 999}])
def test_an_odd_row_costs_no_other(odd: object) -> None:
    parsed = legacy(odd, LEGACY_ROW)
    assert [record.name for record in parsed.records] == ["Rocket 1 (Non-reasoning)"]
    assert [row.row for row in parsed.rejected] == [0]


@pytest.mark.parametrize("body", [b"", b"<html>", b"5", b'"x"', b"{}", b'{"data": null}', b'{"data": [{"name'])
def test_what_is_no_list_of_models_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed):
        artificial_analysis.parse([payload(Source.ARTIFICIAL_ANALYSIS, body, part="legacy")])


def test_its_values_may_not_leave_through_the_open_api() -> None:
    assert not artificial_analysis.INFO.is_redistributable
    assert not artificial_analysis.INFO.is_on_by_default
    assert artificial_analysis.INFO.needs_key
