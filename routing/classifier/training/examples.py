"""Read the labelled prompts, and divide them: training, validation (for temperatures), held out (for judging)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from routing.classifier.heads import HEADS, SUB_DIMENSIONS

DATA_DIR = Path(__file__).parent / "data"
HELD_OUT_PREFIX = "test-"  # the category slices; the kickoff folder lists its own in splits.json
VALIDATION_SHARE = 0.06
HELD_OUT_SHARE_LENT = 0.5


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt with the labels it has: index per head, value per sub-dimension."""

    text: str
    labels: Mapping[str, int]
    sub_dimensions: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts; none shares a line with another."""

    training: tuple[Example, ...]
    validation: tuple[Example, ...]
    held_out: tuple[Example, ...]

    @property
    def calibration(self) -> tuple[Example, ...]:
        """What temperatures are fitted on: lines of known worlds and of new ones, none of which weights have seen.

        Validation alone is too like the training data in its difficulty. One number a head is taken from half of the
        held-out lines; the other half judges calibration.
        """
        return (*self.validation, *(example for example in self.held_out if lends_to_calibration(example.text)))


def read_split(folder: Path = DATA_DIR) -> Split:
    """Every labelled line under the folder, divided the same way each time."""
    training, validation, held_out = [], [], []
    for path in sorted(folder.glob("*/*.jsonl")):
        held = path.stem.startswith(HELD_OUT_PREFIX) or path.stem in _held_out_slices(path.parent)
        for example in _read(path):
            if held:
                held_out.append(example)
            elif _share(example.text) < VALIDATION_SHARE:
                validation.append(example)
            else:
                training.append(example)
    return Split(tuple(training), tuple(validation), tuple(held_out))


def lends_to_calibration(text: str) -> bool:
    """Whether this held-out line helps to fit the temperatures."""
    return _share(text) < HELD_OUT_SHARE_LENT


def _held_out_slices(folder: Path) -> frozenset[str]:
    splits = folder / "splits.json"
    return frozenset(json.loads(splits.read_text())["test_slices"]) if splits.exists() else frozenset()


def _read(path: Path) -> Iterable[Example]:
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            row = json.loads(line)
            yield Example(
                text=row["text"],
                labels={head: labels.index(row[head]) for head, labels in HEADS.items() if row.get(head) is not None},
                sub_dimensions={name: float(row[name]) for name in SUB_DIMENSIONS if row.get(name) is not None},
            )


def _share(text: str) -> float:
    """A fixed pseudo-random number in [0, 1) for a text, so that new lines do not move old ones."""
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest()) / 2**48
