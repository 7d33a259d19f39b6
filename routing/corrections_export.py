"""What people said, as labelled prompts: one line for each task, in the form that training and evaluation read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from routing.classifier.heads import HEADS
from routing.models import Correction, DecisionOverride, StoredDecision
from routing.page_queries import read_basis


def export_lines() -> Iterator[str]:
    """Every corrected or overridden task as a line of JSON, the corrected ones first.

    A label is what most people said, the latest of equals; what others said is accepted too. An override says
    that a model was wrong, not which label: its task comes with the labels it was taken for then, and without one of
    its own unless somebody set it. Tasks whose text is not kept have no line.
    """
    overridden = _overrides_by_task()
    corrections = Correction.objects.order_by("task_sha256", "at", "pk").iterator(chunk_size=1000)
    for sha256, said in groupby(corrections, key=attrgetter("task_sha256")):
        yield _line(_labelled(list(said)), overridden.pop(sha256, ()))
    for overrides in overridden.values():
        decision = overrides[0].decision
        if decision.task:
            yield _line({"text": decision.task, "task_sha256": decision.task_sha256}, overrides)


def count_corrected_tasks() -> int:
    """How many tasks carry a label that a person set."""
    return Correction.objects.values("task_sha256").distinct().count()


def _overrides_by_task() -> dict[str, list[DecisionOverride]]:
    found: dict[str, list[DecisionOverride]] = {}
    rows = DecisionOverride.objects.select_related("decision").defer("decision__outcome")
    for row in rows.order_by("at", "pk"):
        found.setdefault(row.decision.task_sha256, []).append(row)
    return found


def _labelled(said: Sequence[Correction]) -> dict[str, Any]:
    """The task with a label for each head that was corrected."""
    row: dict[str, Any] = {"text": max((item.task for item in said), key=len), "task_sha256": said[0].task_sha256}
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
        {
            "decided": item.decision.chosen[:1],
            "labels": _labels(item.decision),
            "taken": item.model_id,
            "driver": item.driver,
            "why": item.why,
        }
        for item in overrides
    ]
    return json.dumps({**row, **({"overrides": told} if told else {})}, ensure_ascii=False) + "\n"


def _labels(decision: StoredDecision) -> dict[str, str]:
    """The labels that the decision was made with, by head; none where no classifier was asked."""
    basis = read_basis(decision)
    if basis is None or not basis.features.classification.task_type.value:
        return {}
    return {head: str(getattr(basis.features.classification, head).value) for head in HEADS}


def texts_of(tasks_sha256: Collection[str]) -> Mapping[str, str]:
    """The corrected tasks with these fingerprints."""
    return dict(Correction.objects.filter(task_sha256__in=tasks_sha256).values_list("task_sha256", "task"))


def decisions_on(tasks_sha256: Collection[str]) -> Mapping[str, UUID]:
    """The newest decision on each of these tasks; it looks through all decisions, so nobody should wait for it."""
    found = StoredDecision.objects.filter(task_sha256__in=tasks_sha256).order_by("made_at")
    return dict(found.values_list("task_sha256", "pk"))
