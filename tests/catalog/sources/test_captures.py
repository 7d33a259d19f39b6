from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from catalog.shapes import Payload, Source
from catalog.sources import find_source
from tests import upstream_rows
from tests.captures import write_captures
from tests.catalog.sources.payloads import FETCHED_AT
from tests.catalog.sources.test_lmarena import CSV_2025_08

COUNTS = {
    Source.OPENROUTER: 56,
    Source.ARTIFICIAL_ANALYSIS: 31,
    Source.HF_LEADERBOARD: 229,
    Source.LMARENA: 77,
    Source.LIVEBENCH: 80,
}


def read(source: Source, directory: Path) -> tuple[Payload, ...]:
    return find_source(source).read_captures(directory, fetched_at=FETCHED_AT)


@pytest.mark.parametrize("source", Source)
def test_a_folder_of_captures_is_read_and_parsed(source: Source, tmp_path: Path) -> None:
    payloads = read(source, write_captures(tmp_path))
    parsed = find_source(source).parse(payloads)
    assert len(parsed.models or parsed.records) == COUNTS[source]
    assert parsed.rejected == ()
    for payload in payloads:
        assert payload.fetched_at == FETCHED_AT
        assert payload.sha256 == sha256(payload.body).hexdigest()
        assert str(tmp_path) not in payload.url  # a path of this machine is nobody's business


@pytest.mark.parametrize("source", Source)
def test_an_empty_folder_holds_nothing(source: Source, tmp_path: Path) -> None:
    assert read(source, tmp_path) == ()
    assert read(source, tmp_path / "missing") == ()


def test_parquet_is_preferred_then_json_then_csv(tmp_path: Path) -> None:
    write_captures(tmp_path)
    rows = [{"row": row} for row in upstream_rows.lmarena_rows("text_style_control")]
    (tmp_path / "lmarena" / "text_style_control-rows-pages-1-3.json").write_text(json.dumps([{"rows": rows}]))
    (tmp_path / "lmarena-csv").mkdir()
    (tmp_path / "lmarena-csv" / "2025-08-04_fboulnois_lmarena_text.csv").write_text(CSV_2025_08)
    (tmp_path / "lmarena-csv" / "2024-06-19_fboulnois_lmsys.csv").write_text(CSV_2025_08)

    assert [payload.part for payload in read(Source.LMARENA, tmp_path)] == ["text_style_control", "vision"]
    for parquet in (tmp_path / "lmarena").glob("*.parquet"):
        parquet.unlink()
    (from_json,) = read(Source.LMARENA, tmp_path)
    assert from_json.part == "text_style_control"
    assert find_source(Source.LMARENA).parse([from_json]).records
    shutil.rmtree(tmp_path / "lmarena")
    parts = [payload.part for payload in read(Source.LMARENA, tmp_path)]
    assert parts == ["csv_text_2024_06_19", "csv_text_2025_08_04"]


def test_the_flat_layout_is_read_too(tmp_path: Path) -> None:
    write_captures(tmp_path / "deep")
    moves = {
        "openrouter_models.json": "openrouter.json",
        "artificial_analysis.json": "artificial-analysis-legacy.json",
        "livebench_table_2026_01_08.csv": "livebench/table_2026_01_08.csv",
        "livebench_categories_2026_01_08.json": "livebench/categories_2026_01_08.json",
        "hf_rows_0.json": "hf-leaderboard/rows-0000.json",
    }
    for flat, deep in moves.items():
        shutil.copy(tmp_path / "deep" / deep, tmp_path / flat)
    (tmp_path / "lmarena_text.csv").write_text(CSV_2025_08)
    (tmp_path / "lmarena_vision.csv").write_text(CSV_2025_08)
    (tmp_path / "lmarena_image.csv").write_text(CSV_2025_08)
    (tmp_path / "lmarena_release_latest.json").write_text('{"tag_name": "2026.02.17"}')
    assert [len(read(source, tmp_path)) for source in Source] == [1, 1, 1, 2, 2]
    assert [payload.part for payload in read(Source.LMARENA, tmp_path)] == [
        "csv_text_2026_02_17",
        "csv_vision_2026_02_17",
    ]


def test_pages_of_the_free_endpoint_stand_in_for_the_legacy_page(tmp_path: Path) -> None:
    body = {"tier": "free", "intelligence_index_version": 4.1, "data": upstream_rows.artificial_analysis_rows()}
    (tmp_path / "artificial-analysis-free-page1.json").write_text(json.dumps(body))
    payloads = read(Source.ARTIFICIAL_ANALYSIS, tmp_path)
    assert find_source(Source.ARTIFICIAL_ANALYSIS).parse(payloads).version == "4.1"
