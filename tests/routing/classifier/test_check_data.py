"""The kickoff training data is sound, and the check would notice if it were not."""

from __future__ import annotations

import json
import random
from itertools import combinations
from pathlib import Path

import pytest

from routing.classifier.training import check_data
from routing.classifier.training.check_data import check, complexity_of, near_duplicates, risk_of, shingles

ROW: dict[str, object] = {
    "text": "rename the colour constants of the lamp driver",
    "task_type": "refactor",
    "complexity": "easy",
    "risk": "low",
    "reasoning_depth": 0.0,
    "scope_breadth": 0.25,
    "domain_knowledge": 0.25,
    "spec_completeness": 0.75,
    "security_surface": 0.0,
    "data_sensitivity": 0.0,
    "production_exposure": 0.25,
    "reversal_cost": 0.25,
    "slice": "lamps",
    "source": "batch-00",
    "lang": "en",
}


def write(folder: Path, *rows: dict[str, object], test_slices: tuple[str, ...] = ()) -> Path:
    text = "".join(json.dumps(ROW | row) + "\n" for row in rows)
    (folder / "lamps.jsonl").write_text(text, encoding="utf-8")
    (folder / check_data.SPLITS_FILE).write_text(json.dumps({"test_slices": test_slices}), encoding="utf-8")
    return folder


def test_the_shipped_data_has_no_errors() -> None:
    assert check().errors == ()


def test_the_shipped_data_is_large_enough_and_keeps_a_test_split() -> None:
    counts = check_data.distribution()
    assert sum(counts["split"].values()) >= 6000
    assert counts["split"]["test"] >= 500
    assert 1 - counts["lang"]["en"] / sum(counts["lang"].values()) >= 0.07


def test_a_sound_line_passes(tmp_path: Path) -> None:
    assert check(write(tmp_path, {})) == check_data.Findings((), ())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task_type": "chore"}, "task_type is 'chore'"),
        ({"risk": "none"}, "risk is 'none'"),
        ({"reversal_cost": 1.5}, "reversal_cost is 1.5"),
        ({"scope_breadth": True}, "scope_breadth is True"),
        ({"text": "  "}, "text is empty"),
        ({"text": "bell \x07"}, "control characters"),
        ({"note": "extra"}, "needs exactly the keys"),
        ({"complexity": "hard"}, "labelled hard, its sub-dimensions say easy"),
        ({"production_exposure": 1.0}, "labelled low, its sub-dimensions say high"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, change: dict[str, object], words: str) -> None:
    (error,) = check(write(tmp_path, change)).errors
    assert error.startswith("lamps.jsonl:1: ")
    assert words in error


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "odd.jsonl").write_text("{", encoding="utf-8")
    (error,) = check(tmp_path).errors
    assert error.startswith("odd.jsonl:1: not JSON")


def test_the_same_prompt_twice_is_an_error(tmp_path: Path) -> None:
    (error,) = check(write(tmp_path, {}, {"text": "Rename the colour constants, of the lamp driver!"})).errors
    assert error == "lamps.jsonl:2 is the same as lamps.jsonl:1"


def test_alike_prompts_are_an_error_only_across_the_split(tmp_path: Path) -> None:
    alike = {"text": "please rename the colour constants of the lamp driver", "slice": "lights"}
    assert len(check(write(tmp_path, {}, alike)).warnings) == 1
    (error,) = check(write(tmp_path, {}, alike, test_slices=("lights",))).errors
    assert error.endswith("across training and test")


def test_a_held_out_slice_without_lines_is_an_error(tmp_path: Path) -> None:
    (error,) = check(write(tmp_path, {}, test_slices=("ghosts",))).errors
    assert "no line belongs to slice ghosts" in error


def test_near_duplicates_are_those_a_comparison_of_all_pairs_finds() -> None:
    chance = random.Random(7)
    words = ["add", "the", "missing", "test", "for", "invoice", "export", "and", "import", "of", "lamp", "colours"]
    texts = [" ".join(chance.choices(words, k=chance.randint(1, 9))) for _ in range(150)]
    sets = [shingles(text) for text in texts]
    slow = {(a, b) for a, b in combinations(range(150), 2) if len(sets[a] & sets[b]) / len(sets[a] | sets[b]) >= 0.6}
    assert {(first, second) for first, second, _ in near_duplicates(texts, 0.6)} == slow
    assert slow


@pytest.mark.parametrize(
    ("values", "word"),
    [((0, 0.25, 0, 1), "easy"), ((0.5, 0.5, 0.5, 0.5), "medium"), ((0.75, 0.5, 0.75, 0.5), "hard")],
)
def test_complexity_follows_the_rubric(values: tuple[float, ...], word: str) -> None:
    assert complexity_of(values) == word


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((0, 0.25, 0.5, 0.25), "low"),
        ((0, 0.5, 0.75, 0.5), "medium"),
        ((0, 0, 1, 0), "high"),
        ((0, 0, 0.75, 1), "high"),
        ((1, 0, 0.5, 0), "high"),
        ((1, 0, 0.25, 0), "medium"),
    ],
)
def test_risk_follows_the_rubric_and_its_floors(values: tuple[float, ...], word: str) -> None:
    assert risk_of(values) == word


def test_the_command_reports_in_json_and_fails_on_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_data.main([str(write(tmp_path, {})), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["distribution"]["split"] == {"train": 1}
    assert check_data.main([str(write(tmp_path, {"risk": "high"}))]) == 1
    assert "1 errors" in capsys.readouterr().out
