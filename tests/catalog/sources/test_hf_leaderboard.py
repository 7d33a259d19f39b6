from __future__ import annotations

from typing import Any

import pytest

from catalog.shapes import ParsedSource, Source
from catalog.sources import hf_leaderboard
from smartspawn.lib.errors import SourceMalformed
from tests.catalog.sources.payloads import payload

ROW: dict[str, Any] = {
    "eval_name": "acme_Rocket-7B_bfloat16",
    "Precision": "bfloat16",
    "Model": '<a target="_blank" href="https://huggingface.co/acme/Rocket-7B" style="x">acme/Rocket-7B</a>  '
    '<a target="_blank" href="https://huggingface.co/datasets/acme">📑</a>',
    "fullname": "acme/Rocket-7B",
    "Average ⬆️": 25.0,
    "Available on the hub": True,
    "Flagged": False,
    "IFEval Raw": 0.5,
    "IFEval": 50.0,
    "BBH Raw": 0.4,
    "BBH": 20.0,
    "MATH Lvl 5": 5.0,
    "GPQA Raw": 0.26,
    "GPQA": 1.25,
    "MUSR": 10.0,
    "MMLU-PRO": 30.0,
    "Upload To Hub Date": "2024-04-13",
    "Submission Date": "2024-08-05",
}


def page(*rows: Any, total: int | None = None, part: str = "rows_0000") -> Any:
    body = {
        "features": [],
        "rows": [{"row_idx": number, "row": row, "truncated_cells": []} for number, row in enumerate(rows)],
        "num_rows_total": len(rows) if total is None else total,
    }
    return payload(Source.HF_LEADERBOARD, body, part=part)


def parse(*rows: Any) -> ParsedSource:
    return hf_leaderboard.parse([page(*rows)])


def values(parsed: ParsedSource) -> dict[str, dict[str, float]]:
    return {record.name: {m.benchmark: m.value for m in record.measures} for record in parsed.records}


def test_the_normalised_columns_are_read_and_not_the_raw_ones() -> None:
    parsed = parse(ROW)
    assert values(parsed) == {
        "acme/Rocket-7B": {
            "hf.ifeval": 50.0,
            "hf.bbh": 20.0,
            "hf.math_lvl_5": 5.0,
            "hf.gpqa": 1.25,
            "hf.musr": 10.0,
            "hf.mmlu_pro": 30.0,
            "hf.average": 25.0,
        }
    }
    assert parsed.records[0].organization == "acme"
    assert parsed.rejected == ()


def test_the_name_comes_out_of_the_html_where_it_stands_nowhere_else() -> None:
    row = {key: value for key, value in ROW.items() if key != "fullname"}
    assert list(values(parse(row))) == ["acme/Rocket-7B"]
    assert list(values(parse({**row, "Model": "acme/Plain"}))) == ["acme/Plain"]


@pytest.mark.parametrize("model", ["<script>alert(1)</script>", "<a>", "", None, 5, "<a href=x>" + "y" * 500 + "</a>"])
def test_markup_is_never_a_name(model: object) -> None:
    row = {**{key: value for key, value in ROW.items() if key != "fullname"}, "Model": model}
    parsed = parse(row, ROW)
    assert list(values(parsed)) == ["acme/Rocket-7B"]
    assert [rejected.row for rejected in parsed.rejected] == [0]


def test_of_several_precisions_the_best_average_stands_once() -> None:
    low, best = {**ROW, "Average ⬆️": 20.0}, {**ROW, "Average ⬆️": 26.0, "Precision": "float16"}
    for order in ((low, best, ROW), (best, ROW, low)):
        assert values(parse(*order))["acme/Rocket-7B"]["hf.average"] == 26.0
        assert len(parse(*order).records) == 1


def test_flagged_and_vanished_models_are_kept_with_a_note() -> None:
    parsed = parse({**ROW, "Flagged": True, "Available on the hub": False})
    assert parsed.records[0].note == "flagged by the leaderboard, no longer on the hub"
    assert parse(ROW).records[0].note == ""


@pytest.mark.parametrize("value", [-1.5, 100.5, "50", True, [50], 10**400])
def test_an_impossible_score_is_left_out_and_told(value: object) -> None:
    parsed = parse({**ROW, "IFEval": value})
    assert "hf.ifeval" not in values(parsed)["acme/Rocket-7B"]
    assert values(parsed)["acme/Rocket-7B"]["hf.bbh"] == 20.0
    assert parsed.rejected[0].reason.startswith("IFEval cannot be")


def test_a_missing_score_is_missing_and_no_fault() -> None:
    parsed = parse({**ROW, "IFEval": None})
    assert "hf.ifeval" not in values(parsed)["acme/Rocket-7B"]
    assert parsed.rejected == ()


@pytest.mark.parametrize("odd", [None, 5, "row", [], {}, {"fullname": "acme/no-scores"}])
def test_an_odd_row_costs_no_other(odd: object) -> None:
    parsed = parse(odd, ROW)
    assert list(values(parsed)) == ["acme/Rocket-7B"]
    assert [rejected.row for rejected in parsed.rejected] == [0]


def test_a_missing_page_is_malformed_since_it_would_pass_for_a_shorter_list() -> None:
    with pytest.raises(SourceMalformed, match="1 of 230"):
        hf_leaderboard.parse([page(ROW, total=230)])


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"rows": {}}', b'{"rows": [{"row": {'])
def test_what_is_no_page_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed):
        hf_leaderboard.parse([payload(Source.HF_LEADERBOARD, body, part="rows_0000")])
