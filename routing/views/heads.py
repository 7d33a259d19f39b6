"""The classifier's answer as the pages show it: each head with its labels, and what a person said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from routing.classifier.heads import COMPLEXITY_SUBS, HEADS, RISK_SUBS
from routing.shapes import Classification, Label

HEAD_TITLES: Final = {"category": "Category", "task_type": "Task type", "complexity": "Complexity", "risk": "Risk"}
_SUBS: Final = {"complexity": COMPLEXITY_SUBS, "risk": RISK_SUBS}


@dataclass(frozen=True, slots=True)
class HeadRow:
    """One label that the head may answer."""

    value: str
    prob: float | None
    is_predicted: bool
    is_right: bool  # a person said so

    @property
    def bar_width(self) -> str:
        """The probability as a width of 100."""
        return f"{100 * min(max(self.prob or 0.0, 0.0), 1.0):.1f}"


@dataclass(frozen=True, slots=True)
class Head:
    """One head's answer with all its labels, likeliest first."""

    name: str
    title: str
    label: Label
    rows: tuple[HeadRow, ...]
    subs: tuple[tuple[str, float], ...]
    corrected: str  # the label that a person set, or ""


def heads_of(classification: Classification, corrections: Mapping[str, str]) -> tuple[Head, ...]:
    """The heads that answered; none where the category was given by name."""
    found = ((name, getattr(classification, name)) for name in HEAD_TITLES)
    if not classification.task_type.value:
        return ()
    return tuple(_head(name, label, classification, corrections.get(name, "")) for name, label in found)


def _head(name: str, label: Label, classification: Classification, corrected: str) -> Head:
    rows = [HeadRow(value, label.probs.get(value), value == label.value, value == corrected) for value in HEADS[name]]
    rows.sort(key=lambda row: (not row.is_predicted, -(row.prob or 0.0)))
    known = classification.sub_dimensions
    subs = tuple((sub.replace("_", " "), known[sub]) for sub in _SUBS.get(name, ()) if sub in known)
    return Head(name, HEAD_TITLES[name], label, tuple(rows), subs, corrected)
