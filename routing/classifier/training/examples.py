"""Read the labelled prompts, and divide them: training, calibration (for temperatures), set aside and held out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

from catalog.shapes import Category
from routing.classifier.heads import HEADS, SUB_DIMENSIONS

DATA_DIR = Path(__file__).parent / "data"
HELD_OUT_PREFIX = "test-"  # the category slices; the kickoff folder lists its own in splits.json
SET_ASIDE_SHARE, CALIBRATION_SHARE = 0.06, 0.04  # of the lines of every other slice
CALIBRATION_SLICES = frozenset({"agency-clients", "mixed-a", "test-harbour"})  # of those held out: new worlds
# In the kickoff batches this dimension was judged last, and moved until effort's arithmetic held: it is no evidence.
BENT_DIMENSION, BENT_SOURCE_PREFIX = "spec_completeness", "batch-"
START_SOURCE = "start"
# Terse orders of these types are coding work for the category head too; a fifth of them is enough to say so.
CODING_TASK_TYPES = frozenset({"bugfix", "feature", "refactor", "test", "migration"})
CODING_WORDS_MAX, CODING_SHARE = 8, 0.2

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt with the labels it has: index per head, value per sub-dimension."""

    text: str
    labels: Mapping[str, int]
    sub_dimensions: Mapping[str, float]
    is_of_start: bool = False  # written and labelled by the hands that wrote the least like the others
    beliefs: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # a teacher's probabilities, for its heads


@dataclass(frozen=True, slots=True)
class Split:
    """The four parts; none shares a line with another.

    Set aside are lines of slices that training knows; held out are whole slices. Calibration has some of both, so that
    temperatures suit known worlds and new ones, and neither of the parts that judge has lent to them.
    """

    training: tuple[Example, ...]
    calibration: tuple[Example, ...]
    set_aside: tuple[Example, ...]
    held_out: tuple[Example, ...]


def read_split(folder: Path = DATA_DIR) -> Split:
    """Every labelled line under the folder, divided the same way each time."""
    return Split(**{part: tuple(_example(row) for row in rows) for part, rows in rows_by_part(folder).items()})


def write_parts(target: Path, folder: Path = DATA_DIR) -> None:
    """One JSONL file a part, for `evaluate_classifier`."""
    target.mkdir(parents=True, exist_ok=True)
    for part, rows in rows_by_part(folder).items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (target / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")


def rows_by_part(folder: Path) -> dict[str, list[Row]]:
    """The lines as they stand in the files, by the part they belong to."""
    parts: dict[str, list[Row]] = {part.name: [] for part in fields(Split)}
    for path in sorted(folder.glob("*/*.jsonl")):
        held = path.stem.startswith(HELD_OUT_PREFIX) or path.stem in _held_out_slices(path.parent)
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.strip():
                row = json.loads(line)
                parts[_held_part(path) if held else _part(row["text"])].append(row)
    return parts


def _held_part(path: Path) -> str:
    return "calibration" if path.stem in CALIBRATION_SLICES else "held_out"


def _part(text: str) -> str:
    share = _share(text)
    if share < SET_ASIDE_SHARE:
        return "set_aside"
    return "calibration" if share < SET_ASIDE_SHARE + CALIBRATION_SHARE else "training"


def _held_out_slices(folder: Path) -> frozenset[str]:
    splits = folder / "splits.json"
    return frozenset(json.loads(splits.read_text())["test_slices"]) if splits.exists() else frozenset()


def _example(row: Row) -> Example:
    labels = {head: labels.index(row[head]) for head, labels in HEADS.items() if row.get(head) is not None}
    if "category" not in labels and _is_plainly_coding(row):
        labels["category"] = HEADS["category"].index(Category.CODING)
    is_bent = str(row.get("source", "")).startswith(BENT_SOURCE_PREFIX)
    return Example(
        text=row["text"],
        labels=labels,
        sub_dimensions={
            name: float(row[name])
            for name in SUB_DIMENSIONS
            if row.get(name) is not None and not (is_bent and name == BENT_DIMENSION)
        },
        is_of_start=row.get("source") == START_SOURCE,
    )


def _is_plainly_coding(row: Row) -> bool:
    text = row["text"]
    return (
        row.get("task_type") in CODING_TASK_TYPES
        and len(text.split()) <= CODING_WORDS_MAX
        and _share(text[::-1]) < CODING_SHARE
    )


def _share(text: str) -> float:
    """A fixed pseudo-random number in [0, 1) for a text, so that new lines do not move old ones."""
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest()) / 2**48
