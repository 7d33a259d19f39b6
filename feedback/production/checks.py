"""Evaluations of the classifier: asked for, made by the queue, kept, and read again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_q.tasks import async_task

from feedback.models import ClassifierCheck
from feedback.production.evaluate import Evaluation, Mistake, evaluate_feedback
from feedback.production.export import export_feedback
from routing.classifier.classify import classifier_status, configured_classifier
from routing.corrections_export import decisions_on, texts_of
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict

TASK: Final = "feedback.tasks.check_classifier"
# One is asked for at a time; what a killed worker left behind holds nobody up for longer.
GIVEN_UP_AFTER: Final = timedelta(minutes=15)
# One is a few kB: enough to see how bundles compare over a year of them.
KEPT_CHECKS: Final = 60
_FAULT_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class FoundMistake:
    """A mistake with its task as far as it is kept, and the newest decision on it."""

    mistake: Mistake
    text: str  # "": what was said of it has been taken back since
    decision_id: str  # "": there is none, or it is gone


@dataclass(frozen=True, slots=True)
class Check:
    """One evaluation as pages and the API show it."""

    asked_at: datetime
    asked_by: str
    ended_at: datetime | None
    fault: str
    engine: str
    engine_sha256: str
    result: Evaluation | None
    decision_ids: dict[str, str]  # by the fingerprint of the task

    @property
    def is_lost(self) -> bool:
        """Whether nobody will end it any more."""
        return self.ended_at is None and timezone.now() - self.asked_at > GIVEN_UP_AFTER

    @property
    def is_waiting(self) -> bool:
        return self.ended_at is None and not self.is_lost


class _Kept(msgspec.Struct, frozen=True):
    """What a row holds."""

    evaluation: Evaluation
    decision_ids: dict[str, str]


def ask_for_check(actor: Actor) -> Check:
    """Have the queue evaluate the classifier. Raises Conflict while an evaluation is under way."""
    with transaction.atomic():
        newest = _newest().select_for_update().first()
        if newest is not None and _check(newest).is_waiting:
            raise Conflict("An evaluation is under way already.")
        row = ClassifierCheck.objects.create(asked_by=actor.label[:200])
        async_task(TASK, row.pk, group="classifier")
        record(actor=actor, action="classifier.evaluate", subject="what people said of its labels")
    return _check(row)


def make_check(check_id: int) -> Check | None:
    """Evaluate the classifier for this request; None where that was done already.

    What goes wrong is kept for the page, and raised for the queue's own list of failures.
    """
    row = ClassifierCheck.objects.filter(pk=check_id, ended_at=None).first()
    if row is None:
        return None
    try:
        _evaluate(row)
    except Exception as error:
        row.fault = f"{type(error).__name__}: {error}"[:_FAULT_CHARS]
        raise
    finally:
        row.ended_at = timezone.now()
        row.save()
    old = _newest().values_list("pk", flat=True)[KEPT_CHECKS:]
    ClassifierCheck.objects.filter(pk__in=list(old)).delete()
    return _check(row)


def find_checks() -> tuple[Check | None, Check | None]:
    """The newest evaluation that has a result, and the newest of all; two queries."""
    done = _newest().filter(result__isnull=False).first()
    newest = _newest().first()
    return (None if done is None else _check(done)), (None if newest is None else _check(newest))


def find_mistakes(check: Check) -> tuple[FoundMistake, ...]:
    """The mistakes of this evaluation, with their tasks."""
    mistakes = check.result.mistakes if check.result else ()
    texts = texts_of({item.task_sha256 for item in mistakes})
    return tuple(
        FoundMistake(item, texts.get(item.task_sha256, ""), check.decision_ids.get(item.task_sha256, ""))
        for item in mistakes
    )


def _evaluate(row: ClassifierCheck) -> None:
    status = classifier_status()
    row.engine, row.engine_sha256 = status.engine, status.engine_sha256
    if not status.is_usable:
        row.fault = f"The bundle cannot be used, so words stand in for it: {status.fault}"[:_FAULT_CHARS]
        return
    found = evaluate_feedback(export_feedback(), configured_classifier().classify_uncached)
    decisions = decisions_on({item.task_sha256 for item in found.mistakes})
    kept = _Kept(found, {task: str(decision_id) for task, decision_id in decisions.items()})
    row.result = msgspec.to_builtins(kept)


def _newest() -> QuerySet[ClassifierCheck]:
    return ClassifierCheck.objects.order_by("-asked_at", "-pk")


def _check(row: ClassifierCheck) -> Check:
    kept = _read(row)
    return Check(
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        ended_at=row.ended_at,
        fault=row.fault,
        engine=row.engine,
        engine_sha256=row.engine_sha256,
        result=kept.evaluation if kept else None,
        decision_ids=kept.decision_ids if kept else {},
    )


def _read(row: ClassifierCheck) -> _Kept | None:
    """The result, or None where a release of another shape wrote it."""
    try:
        return None if row.result is None else msgspec.convert(row.result, _Kept)
    except msgspec.ValidationError:
        return None
