"""What people said of labels and of work, as lines of the training format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.utils import timezone

from feedback.learning import worth_of
from feedback.models import Rating
from feedback.record import said_of
from routing.corrections_export import export_lines
from runs.keeping.letting_go import due_runs
from runs.outcomes import find_tasks

_CHUNK: Final = 500


def export_feedback() -> Iterator[str]:
    """Corrections and overrides, then the tasks of rated runs with how the work was rated; a line of JSON each.

    A run whose text is past its time has no line, also where nobody has pruned it yet.
    """
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
    ids = [rating.run_id for rating in ratings if rating.run_id is not None]
    tasks, gone = find_tasks(ids), set(due_runs(timezone.now()).filter(pk__in=ids).values_list("pk", flat=True))
    for rating in ratings:
        known = tasks.get(rating.run_id) if rating.run_id and rating.run_id not in gone else None
        worth = worth_of(said_of(rating))
        if known is None or not known.task or worth is None:
            continue
        outcome = {"worth_share": worth, "verdict": rating.verdict, "score": rating.score, "is_weak": True}
        row: dict[str, Any] = {"text": known.task, "outcome": {**outcome, "chosen_for": known.category or None}}
        yield json.dumps(row, ensure_ascii=False) + "\n"
