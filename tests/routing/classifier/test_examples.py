"""The labelled prompts are divided the same way each time, and no part learns from a line that judges it."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from routing.classifier.evaluate import read_prompts
from routing.classifier.heads import HEADS
from routing.classifier.training.examples import Split, read_split, rows_by_part, write_parts

KICKOFF = {"task_type": "bugfix", "complexity": "easy", "risk": "low", "spec_completeness": 0.5, "source": "start"}


def write_slice(folder: Path, name: str, *rows: dict[str, object]) -> Path:
    path = folder / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def texts(folder: Path) -> dict[str, set[str]]:
    return {part: {str(row["text"]) for row in rows} for part, rows in rows_by_part(folder).items()}


def test_no_two_parts_of_the_shipped_data_share_a_line() -> None:
    parts = rows_by_part(Path(__file__).parents[3] / "routing" / "classifier" / "training" / "data")
    by_part = [{row["text"] for row in rows} for rows in parts.values()]
    assert all(by_part)
    assert not any(one & other for one, other in combinations(by_part, 2))


def test_a_share_of_every_known_slice_judges_and_another_calibrates(tmp_path: Path) -> None:
    write_slice(tmp_path, "kickoff/lamps", *({"text": f"fix lamp number {n}", **KICKOFF} for n in range(2000)))
    sizes = {part: len(rows) for part, rows in rows_by_part(tmp_path).items()}
    assert sizes["held_out"] == 0
    assert 80 <= sizes["set_aside"] <= 160
    assert 50 <= sizes["calibration"] <= 110


def test_new_lines_move_no_old_line_to_another_part(tmp_path: Path) -> None:
    old = [{"text": f"fix lamp number {n}", **KICKOFF} for n in range(200)]
    write_slice(tmp_path, "kickoff/lamps", *old)
    before = texts(tmp_path)
    write_slice(tmp_path, "kickoff/lamps", *({"text": f"paint door {n}", **KICKOFF} for n in range(200)), *old)
    after = texts(tmp_path)
    assert all(before[part] <= after[part] for part in before)


@pytest.mark.parametrize(
    ("name", "part"), [("test-railway", "held_out"), ("test-harbour", "calibration"), ("kept", "held_out")]
)
def test_whole_slices_are_kept_from_training(tmp_path: Path, name: str, part: str) -> None:
    write_slice(tmp_path, f"category/{name}", *({"text": f"task {n}", "category": "general"} for n in range(50)))
    (tmp_path / "category" / "splits.json").write_text(json.dumps({"test_slices": ["kept"]}))
    assert {found for found, rows in rows_by_part(tmp_path).items() if rows} == {part}


def test_an_example_counts_for_the_heads_it_is_labelled_for(tmp_path: Path) -> None:
    write_slice(tmp_path, "category/test-one", {"text": "write a sonnet", "category": "creative"})
    (example,) = read_split(tmp_path).held_out
    assert example.labels == {"category": HEADS["category"].index("creative")}
    assert example.sub_dimensions == {}


@pytest.mark.parametrize(("source", "counts"), [("start", True), ("written-3a", True), ("batch-07", False)])
def test_a_bent_dimension_is_no_evidence(tmp_path: Path, source: str, counts: bool) -> None:
    write_slice(tmp_path, "kickoff/test-one", {"text": "mend the long gate by the river", **KICKOFF, "source": source})
    (example,) = read_split(tmp_path).held_out
    assert ("spec_completeness" in example.sub_dimensions) is counts


def test_some_terse_orders_to_change_code_are_coding_work_too(tmp_path: Path) -> None:
    orders = ({"text": f"fix lamp {n}", **KICKOFF} for n in range(400))
    write_slice(
        tmp_path, "kickoff/test-lamps", *orders, {"text": "explain lamps", **KICKOFF, "task_type": "exploration"}
    )
    labelled = [example for example in read_split(tmp_path).held_out if "category" in example.labels]
    assert 50 <= len(labelled) <= 110
    assert {example.labels["category"] for example in labelled} == {HEADS["category"].index("coding")}


def test_the_parts_are_written_as_files_that_the_evaluation_reads(tmp_path: Path) -> None:
    write_slice(tmp_path / "data", "kickoff/lamps", *({"text": f"fix lamp {n}", **KICKOFF} for n in range(100)))
    write_parts(tmp_path / "parts", tmp_path / "data")
    assert {path.stem for path in (tmp_path / "parts").iterdir()} == set(Split.__slots__)
    assert read_prompts(tmp_path / "parts" / "training.jsonl")[0].labels["task_type"] == "bugfix"
