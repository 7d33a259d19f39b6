"""The classifier in production: what people said of its labels and of the work that followed, and how it does on that.

A label counts only where a person set it. How work was rated says whether a choice was good, and only weakly whether
its label was right: it is exported beside the text, marked as weak, and never as a label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from feedback.learning import worth_of
from feedback.models import Rating
from feedback.posterior import beta_quantile
from feedback.record import said_of
from routing.classifier.evaluate import Classify, LabelledPrompt, label_of
from routing.classifier.heads import HEADS
from routing.corrections_export import export_lines
from runs.outcomes import find_tasks

# Below so many labels the interval of a head is wider than any difference between two bundles.
LEAST_LABELS: Final = 30
_TAIL: Final = 0.1  # eight of ten, like the site's other intervals
_JEFFREYS: Final = 0.5
_CHUNK: Final = 500
SELECTION: Final = (
    "Only labels that somebody found wrong are reported. So the share is of reported mistakes that the present "
    "bundle does not make; it is no accuracy over all tasks, and where it made them itself it is near 0 by itself."
)


@dataclass(frozen=True, slots=True)
class HeadResult:
    """How one head does on the labels that people set."""

    head: str
    label_count: int
    right_count: int
    lower: float
    upper: float

    @property
    def is_enough(self) -> bool:
        return self.label_count >= LEAST_LABELS


def export_feedback() -> Iterator[str]:
    """Corrections and overrides, then the tasks of rated runs with how the work was rated; a line of JSON each."""
    yield from export_lines()
    rated = Rating.objects.filter(run_id__isnull=False, node_key="").order_by("pk").iterator(chunk_size=_CHUNK)
    some: list[Rating] = []
    for rating in rated:
        some.append(rating)
        if len(some) == _CHUNK:
            yield from _outcome_lines(some)
            some = []
    yield from _outcome_lines(some)


def _outcome_lines(ratings: Sequence[Rating]) -> Iterator[str]:
    tasks = find_tasks([rating.run_id for rating in ratings if rating.run_id is not None])
    for rating in ratings:
        known = tasks.get(rating.run_id) if rating.run_id else None
        worth = worth_of(said_of(rating))
        if known is None or worth is None:
            continue
        outcome = {"worth_share": worth, "verdict": rating.verdict, "score": rating.score, "is_weak": True}
        row: dict[str, Any] = {"text": known.task, "outcome": {**outcome, "chosen_for": known.category or None}}
        yield json.dumps(row, ensure_ascii=False) + "\n"


def evaluate_heads(prompts: Sequence[LabelledPrompt], classify: Classify) -> tuple[HeadResult, ...]:
    """How the classifier does on these, head by head; heads of which nobody said anything are left out."""
    answers = [(prompt, classify(prompt.text)) for prompt in prompts if prompt.labels]
    results = []
    for head in HEADS:
        said = [(prompt, label_of(answer, head).value) for prompt, answer in answers if head in prompt.labels]
        if said:
            right = sum(value == prompt.labels[head] for prompt, value in said)
            results.append(_result(head, len(said), right))
    return tuple(results)


def evaluation_lines(results: Sequence[HeadResult]) -> Iterator[str]:
    """The results for a reader, with what one must not read into them."""
    if not results:
        yield "Nobody has set a label yet: there is nothing to evaluate."
        return
    for item in results:
        share = item.right_count / item.label_count
        told = f"{item.head}: {share:.0%} as people said ({item.lower:.0%} to {item.upper:.0%}), n = {item.label_count}"
        yield told if item.is_enough else f"{told}: too few to tell, {LEAST_LABELS} are needed"
    yield SELECTION


def _result(head: str, count: int, right: int) -> HeadResult:
    good, bad = right + _JEFFREYS, count - right + _JEFFREYS
    return HeadResult(head, count, right, beta_quantile(_TAIL, good, bad), beta_quantile(1 - _TAIL, good, bad))
