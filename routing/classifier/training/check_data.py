"""Is the kickoff training data sound? ``python -m routing.classifier.training.check_data [--json] [FOLDER]``.

Finds what would spoil a training run or flatter an evaluation: broken lines, words outside the label sets, labels that
disagree with their own sub-dimensions, the same prompt twice, and near-duplicates across the training and test slices.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from routing.shapes import Complexity, Risk, TaskType

KICKOFF_DIR = Path(__file__).parent / "data" / "kickoff"
SPLITS_FILE = "splits.json"

LABELS: Mapping[str, frozenset[str]] = {
    "task_type": frozenset(TaskType),
    "complexity": frozenset(Complexity),
    "risk": frozenset(Risk),
}
EFFORT_DIMENSIONS = ("reasoning_depth", "scope_breadth", "domain_knowledge", "spec_completeness")
HARM_DIMENSIONS = ("security_surface", "data_sensitivity", "production_exposure", "reversal_cost")
DIMENSIONS = EFFORT_DIMENSIONS + HARM_DIMENSIONS
KEYS = frozenset({"text", *LABELS, *DIMENSIONS, "slice", "source", "lang"})

# The rubric's arithmetic: the labels must follow from the sub-dimensions.
EFFORT_WEIGHTS = (0.35, 0.30, 0.20, 0.15)  # the last one counts what is missing from the specification
HARM_WEIGHTS = (0.30, 0.20, 0.25, 0.25)
EFFORT_BANDS = ((0.33, "easy"), (0.60, "medium"), (2.0, "hard"))
HARM_BANDS = ((0.30, "low"), (0.55, "medium"), (2.0, "high"))

SHINGLE_LENGTH = 5  # characters: short prompts have too few words to compare by words
NEAR_DUPLICATE_SHARE = 0.7  # of shingles in common; a changed word or a polite preface stays above it
TERSE_WORDS_MAX = 8
LONG_WORDS_MIN = 120


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled prompt and where it stands."""

    place: str  # "terse.jsonl:12"
    row: Mapping[str, object]

    @property
    def text(self) -> str:
        return str(self.row["text"])

    @property
    def slice_name(self) -> str:
        return str(self.row["slice"])

    def values(self, dimensions: Iterable[str]) -> list[float]:
        return [float(str(self.row[name])) for name in dimensions]


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong (the data may not be used) and what is merely worth a look."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]


# --- reading -------------------------------------------------------------------------------


def read_lines(folder: Path) -> tuple[list[Line], list[str]]:
    """Every well-formed line of the folder's files, and what is wrong with the others."""
    lines: list[Line] = []
    errors: list[str] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            place = f"{path.name}:{number}"
            problem, row = _parse(raw)
            if problem:
                errors.append(f"{place}: {problem}")
            else:
                lines.append(Line(place, row))
    return lines, errors


def _parse(raw: str) -> tuple[str, Mapping[str, object]]:
    try:
        row = json.loads(raw)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg}", {}
    if not isinstance(row, dict) or row.keys() != KEYS:
        return f"needs exactly the keys {', '.join(sorted(KEYS))}", {}
    return next(_row_problems(row), ""), row


def _row_problems(row: Mapping[str, object]) -> Iterator[str]:
    for name in ("text", "slice", "source", "lang"):
        value = row[name]
        if not isinstance(value, str) or not value.strip():
            yield f"{name} is empty or not a text"
        elif any(unicodedata.category(mark) in {"Cs", "Cc"} and mark not in "\n\t" for mark in value):
            yield f"{name} contains control characters"
    for name, words in LABELS.items():
        if row[name] not in words:
            yield f"{name} is {row[name]!r}, not one of {', '.join(sorted(words))}"
    for name in DIMENSIONS:
        value = row[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            yield f"{name} is {value!r}, not a number from 0 to 1"


def read_test_slices(folder: Path) -> frozenset[str]:
    """The slices kept away from training."""
    return frozenset(json.loads((folder / SPLITS_FILE).read_text(encoding="utf-8"))["test_slices"])


# --- labels against sub-dimensions ----------------------------------------------------------


def complexity_of(values: Sequence[float]) -> str:
    """The complexity that reasoning, scope, domain and specification add up to."""
    reasoning, scope, domain, spec = values
    effort = sum(w * v for w, v in zip(EFFORT_WEIGHTS, (reasoning, scope, domain, 1 - spec), strict=True))
    return _band(effort, EFFORT_BANDS)


def risk_of(values: Sequence[float]) -> str:
    """The risk that security, data, exposure and reversal add up to, floors included."""
    security, _, exposure, reversal = values
    if exposure >= 1 or (reversal >= 1 and exposure >= 0.75) or (security >= 1 and exposure >= 0.5):
        return "high"
    return _band(sum(w * v for w, v in zip(HARM_WEIGHTS, values, strict=True)), HARM_BANDS)


def _band(value: float, bands: Sequence[tuple[float, str]]) -> str:
    return next(word for limit, word in bands if round(value, 6) < limit)


def _disagreements(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        complexity, risk = complexity_of(line.values(EFFORT_DIMENSIONS)), risk_of(line.values(HARM_DIMENSIONS))
        if complexity != line.row["complexity"]:
            yield f"{line.place}: labelled {line.row['complexity']}, its sub-dimensions say {complexity}"
        if risk != line.row["risk"]:
            yield f"{line.place}: labelled {line.row['risk']}, its sub-dimensions say {risk}"


# --- duplicates ----------------------------------------------------------------------------


def normalised(text: str) -> str:
    """The text as far as two prompts can be told apart: letters and digits, no case, single blanks."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", plain)) or plain.strip()


def shingles(text: str) -> frozenset[str]:
    """The overlapping character runs of a text."""
    plain = normalised(text)
    return frozenset(plain[at : at + SHINGLE_LENGTH] for at in range(max(1, len(plain) - SHINGLE_LENGTH + 1)))


def near_duplicates(texts: Sequence[str], share: float = NEAR_DUPLICATE_SHARE) -> Iterator[tuple[int, int, float]]:
    """Pairs of positions whose texts have at least ``share`` of their shingles in common.

    Two such sets must meet among their rarest shingles, so only those are looked up (prefix filtering).
    """
    sets = [shingles(text) for text in texts]
    frequency = Counter(shingle for found in sets for shingle in found)
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for at, found in enumerate(sets):
        rarest = sorted(found, key=lambda shingle: (frequency[shingle], shingle))
        prefix = rarest[: len(found) - int(share * len(found) + 0.999999) + 1]
        for other in sorted({other for shingle in prefix for other in seen[shingle]}):
            common = len(found & sets[other]) / len(found | sets[other])
            if common >= share:
                yield other, at, common
        for shingle in prefix:
            seen[shingle].append(at)


def _duplicates(lines: Sequence[Line], test_slices: frozenset[str]) -> Iterator[tuple[bool, str]]:
    """Each pair too alike: whether it forbids the data's use, and a sentence."""
    for first, second, common in near_duplicates([line.text for line in lines]):
        one, two = lines[first], lines[second]
        is_same = normalised(one.text) == normalised(two.text)
        is_across = (one.slice_name in test_slices) != (two.slice_name in test_slices)
        word = "the same as" if is_same else f"{common:.0%} like"
        where = " across training and test" if is_across else ""
        yield is_same or is_across, f"{two.place} is {word} {one.place}{where}"


# --- report --------------------------------------------------------------------------------


def check(folder: Path = KICKOFF_DIR) -> Findings:
    """Everything wrong or odd in the folder's files."""
    lines, errors = read_lines(folder)
    test_slices = read_test_slices(folder)
    errors += [
        f"{SPLITS_FILE}: no line belongs to slice {name}"
        for name in sorted(test_slices - {line.slice_name for line in lines})
    ]
    errors += _disagreements(lines)
    pairs = list(_duplicates(lines, test_slices))
    errors += [sentence for is_error, sentence in pairs if is_error]
    return Findings(tuple(errors), tuple(sentence for is_error, sentence in pairs if not is_error))


def distribution(folder: Path = KICKOFF_DIR) -> dict[str, dict[str, int]]:
    """How many lines carry each label, language, slice and length, and how many are kept for the test."""
    lines, _ = read_lines(folder)
    test_slices = read_test_slices(folder)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        counts["split"]["test" if line.slice_name in test_slices else "train"] += 1
        for name in (*LABELS, "lang", "slice", "source"):
            counts[name][str(line.row[name])] += 1
        counts["cell"]["/".join(str(line.row[name]) for name in LABELS)] += 1
        counts["length"][_length(line.text)] += 1
    return {name: dict(counter.most_common()) for name, counter in counts.items()}


def _length(text: str) -> str:
    words = len(text.split())
    if words <= TERSE_WORDS_MAX:
        return "terse"
    return "long" if words >= LONG_WORDS_MIN else "middling"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the distribution and the findings; 1 if the data may not be used."""
    parser = argparse.ArgumentParser(description="Check the kickoff training data.")
    parser.add_argument("folder", nargs="?", type=Path, default=KICKOFF_DIR)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    options = parser.parse_args(arguments)
    findings, counts = check(options.folder), distribution(options.folder)
    if options.json:
        report = {"errors": findings.errors, "warnings": findings.warnings, "distribution": counts}
        sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(_sentences(findings, counts))
    return 1 if findings.errors else 0


def _sentences(findings: Findings, counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for name, counter in counts.items():
        yield f"{name}: " + ", ".join(f"{word} {count}" for word, count in counter.items()) + "\n"
    for kind, found in (("warning", findings.warnings), ("error", findings.errors)):
        yield f"{len(found)} {kind}s\n"
        yield from (f"{kind}: {sentence}\n" for sentence in found)


if __name__ == "__main__":
    sys.exit(main())
