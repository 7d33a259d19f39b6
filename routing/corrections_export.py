"""What people said, as labelled prompts: one line for each task, in the form that training and evaluation read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from routing.models import Correction, DecisionOverride


def export_lines() -> Iterator[str]:
    """Every corrected or overridden task as a line of JSON, the corrected ones first.

    A label is what most people said, the latest of equals; what others said is accepted too. An override says
    that a model was wrong, not which label: its task comes with it, without a label unless somebody set one.
    """
    overridden = _overrides_by_task()
    corrections = Correction.objects.order_by("task_sha256", "at", "pk").iterator(chunk_size=1000)
    for sha256, said in groupby(corrections, key=attrgetter("task_sha256")):
        yield _line(_labelled(list(said)), overridden.pop(sha256, ()))
    for overrides in overridden.values():
        yield _line({"text": overrides[0].decision.task}, overrides)


def count_corrected_tasks() -> int:
    """How many tasks carry a label that a person set."""
    return Correction.objects.values("task_sha256").distinct().count()


def _overrides_by_task() -> dict[str, list[DecisionOverride]]:
    found: dict[str, list[DecisionOverride]] = {}
    rows = DecisionOverride.objects.select_related("decision").defer("decision__basis", "decision__outcome")
    for row in rows.order_by("at", "pk"):
        found.setdefault(row.decision.task_sha256, []).append(row)
    return found


def _labelled(said: Sequence[Correction]) -> dict[str, Any]:
    """The task with a label for each head that was corrected."""
    row: dict[str, Any] = {"text": max((item.task for item in said), key=len)}
    by_head: dict[str, list[Correction]] = {}
    for item in said:
        by_head.setdefault(item.head, []).append(item)
    for head, items in sorted(by_head.items()):
        label, others = _most_said([item.right for item in items])
        row[head] = label
        if others:
            row[f"{head}_also_accept"] = others
    row["predicted"] = {head: items[-1].predicted for head, items in sorted(by_head.items())}
    row["engine"] = said[-1].engine
    return row


def _most_said(labels: Sequence[str]) -> tuple[str, list[str]]:
    """The label that most said, the latest of equals, and the others in order."""
    counted = Counter(labels)
    latest = {label: place for place, label in enumerate(labels)}
    label = max(counted, key=lambda word: (counted[word], latest[word]))
    return label, sorted(counted.keys() - {label})


def _line(row: Mapping[str, Any], overrides: Sequence[DecisionOverride]) -> str:
    told = [
        {"decided": item.decision.chosen[:1], "taken": item.model_id, "driver": item.driver, "why": item.why}
        for item in overrides
    ]
    return json.dumps({**row, **({"overrides": told} if told else {})}, ensure_ascii=False) + "\n"
