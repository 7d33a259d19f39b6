"""How a classifier does on what people said of its labels and of the work that followed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from feedback.posterior import beta_quantile
from routing.classifier.evaluate import Classify, Judged, LabelledPrompt, evaluation_payload, label_of, read_prompt
from routing.classifier.heads import HEADS
from routing.shapes import Classification

# Below so many labels the interval of a head is wider than any difference between two bundles.
LEAST_LABELS: Final = 30
# A worker reads about 200 tasks a second: of more than this, the rest would keep it from runs for minutes.
MOST_TASKS: Final = 20_000
MOST_MISTAKES: Final = 20
_TAIL: Final = 0.1  # eight of ten, like the site's other intervals
_JEFFREYS: Final = 0.5
_GOOD_WORTH: Final = 0.5
SELECTION: Final = (
    "Only labels that somebody found wrong are reported. So the share is of reported mistakes that the present "
    "bundle does not make; it is no accuracy over all tasks, and where it made them itself it is near 0 by itself."
)


class WeakKind(StrEnum):
    """Evidence that says something of a choice and little of a label."""

    GOOD = "good"
    BAD = "bad"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, slots=True)
class HeadResult:
    """How one head does on the labels that people set."""

    head: str
    label_count: int
    right_count: int
    lower: float
    upper: float
    ece: float  # how far its confidence is from how often it is right

    @property
    def title(self) -> str:
        return self.head.replace("_", " ")

    @property
    def is_enough(self) -> bool:
        return self.label_count >= LEAST_LABELS

    @property
    def right_share(self) -> float:
        return self.right_count / self.label_count


@dataclass(frozen=True, slots=True)
class Confusion:
    """Of one head, how often each label that people set was answered with each label."""

    head: str
    labels: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]  # by the label that people set, then by the one that was said

    @property
    def title(self) -> str:
        return self.head.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A label that the classifier is sure of and a person called wrong. The text stays where it is kept."""

    task_sha256: str
    head: str
    said: str
    right: str
    confidence_prob: float

    @property
    def title(self) -> str:
        return self.head.replace("_", " ")


@dataclass(frozen=True, slots=True)
class WeakResult:
    """In how many tasks of one kind the classifier says today what it was taken for then."""

    kind: WeakKind
    task_count: int
    same_count: int
    lower: float
    upper: float

    @property
    def same_share(self) -> float:
        return self.same_count / self.task_count


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that one evaluation found."""

    task_count: int
    left_out_count: int  # beyond what one evaluation reads
    corrected_count: int
    overridden_count: int
    rated_count: int
    heads: tuple[HeadResult, ...]
    worst: Confusion | None
    mistakes: tuple[Mistake, ...]  # the surest first
    weak: tuple[WeakResult, ...]


def evaluate_feedback(lines: Iterable[str], classify: Classify) -> Evaluation:
    """How the classifier does on the lines of an export."""
    kinds: Counter[str] = Counter()
    judged: list[Judged] = []
    mistakes: list[Mistake] = []
    same: Counter[tuple[WeakKind, bool]] = Counter()
    for line in lines:
        kinds["all"] += 1
        if kinds["all"] > MOST_TASKS:
            continue
        row = json.loads(line)
        answer = classify(row["text"])
        prompt = read_prompt(row)
        if prompt.labels:
            judged.append(Judged(prompt, answer, {}, 0.0))
            mistakes += _mistakes(row.get("task_sha256", ""), judged[-1])
        kinds.update(name for name, is_one in _kinds(row, prompt).items() if is_one)
        same.update(_compared(row, answer))
    heads = evaluate_heads(judged)
    return Evaluation(
        task_count=kinds["all"],
        left_out_count=max(0, kinds["all"] - MOST_TASKS),
        corrected_count=kinds["corrected"],
        overridden_count=kinds["overridden"],
        rated_count=kinds["rated"],
        heads=heads,
        worst=_confusion(min(heads, key=_worst_first).head, judged) if heads else None,
        mistakes=tuple(sorted(mistakes, key=lambda item: -item.confidence_prob)[:MOST_MISTAKES]),
        weak=tuple(_weak(kind, same) for kind in WeakKind if same[kind, True] + same[kind, False]),
    )


def evaluate_heads(judged: Sequence[Judged]) -> tuple[HeadResult, ...]:
    """How the classifier does on these, head by head; heads of which nobody said anything are left out."""
    if not judged:
        return ()
    found: Mapping[str, Mapping[str, Any]] = evaluation_payload(judged)["heads"]
    results = []
    for head in found:
        said = [item.is_right(head) for item in judged if head in item.prompt.labels]
        lower, upper = _likely(sum(said), len(said))
        results.append(HeadResult(head, len(said), sum(said), lower, upper, found[head]["ece"]))
    return tuple(results)


def evaluation_lines(found: Evaluation) -> Iterator[str]:
    """The results for a reader, with what one must not read into them."""
    if not found.heads:
        yield "Nobody has set a label yet: there is nothing to evaluate."
    for item in found.heads:
        between = f"{item.lower:.0%} to {item.upper:.0%}"
        told = f"{item.head}: {item.right_share:.0%} as people said ({between}), n = {item.label_count}"
        told = f"{told}, calibration error {item.ece:.2f}"
        yield told if item.is_enough else f"{told}: too few to tell, {LEAST_LABELS} are needed"
    if found.heads:
        yield SELECTION
    for weak in found.weak:
        yield f"{WEAK_WORDS[weak.kind]}: {weak.same_share:.0%} as it was taken for then, n = {weak.task_count} (weak)"


WEAK_WORDS: Final[Mapping[WeakKind, str]] = {
    WeakKind.GOOD: "Work rated good",
    WeakKind.BAD: "Work rated bad",
    WeakKind.OVERRIDDEN: "Choices that were overridden",
}


def _kinds(row: Mapping[str, Any], prompt: LabelledPrompt) -> Mapping[str, bool]:
    return {"corrected": bool(prompt.labels), "overridden": "overrides" in row, "rated": "outcome" in row}


def _compared(row: Mapping[str, Any], answer: Classification) -> Iterator[tuple[WeakKind, bool]]:
    """Whether the answer is what the task was taken for then, where that is known."""
    outcome: Mapping[str, Any] = row.get("outcome") or {}
    if outcome.get("chosen_for"):
        kind = WeakKind.GOOD if outcome["worth_share"] >= _GOOD_WORTH else WeakKind.BAD
        yield kind, label_of(answer, "category").value == outcome["chosen_for"]
    for override in (row.get("overrides") or ())[-1:]:  # the last word on it
        if labels := override.get("labels"):
            yield WeakKind.OVERRIDDEN, all(label_of(answer, head).value == labels[head] for head in labels)


def _weak(kind: WeakKind, same: Mapping[tuple[WeakKind, bool], int]) -> WeakResult:
    same_count, count = same[kind, True], same[kind, True] + same[kind, False]
    return WeakResult(kind, count, same_count, *_likely(same_count, count))


def _likely(count: int, of_count: int) -> tuple[float, float]:
    """Between which shares the truth lies in eight of ten cases."""
    good, bad = count + _JEFFREYS, of_count - count + _JEFFREYS
    return beta_quantile(_TAIL, good, bad), beta_quantile(1 - _TAIL, good, bad)


def _worst_first(result: HeadResult) -> tuple[bool, float, int]:
    """Heads with labels enough to tell come before others, whatever their share."""
    return not result.is_enough, result.right_share, -result.label_count


def _confusion(head: str, judged: Sequence[Judged]) -> Confusion:
    rows = [item for item in judged if head in item.prompt.labels]
    counts = Counter((item.prompt.labels[head], label_of(item.answer, head).value) for item in rows)
    labels = tuple(HEADS[head])
    return Confusion(head, labels, tuple(tuple(counts[right, said] for said in labels) for right in labels))


def _mistakes(task_sha256: str, item: Judged) -> Iterator[Mistake]:
    for head, right in item.prompt.labels.items():
        if not item.is_right(head, leniently=True):
            said = label_of(item.answer, head)
            yield Mistake(task_sha256, head, said.value, right, said.confidence_prob)
