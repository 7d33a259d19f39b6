"""What people say the right labels of a task are: kept for the next training, never a guess of the product's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from routing.classifier.heads import HEADS
from routing.models import Correction
from routing.shapes import Classification, Label
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam, NotAllowed

# Far more than the classifier reads; the rest of a pasted log teaches nothing.
TASK_KEPT_CHARS: Final = 8000
_ENGINE_CHARS: Final = 200


def correct_label(*, task: str, classification: Classification, head: str, right: str, actor: Actor) -> None:
    """Keep what this person says about one head; what the classifier says itself takes a correction back.

    Raises InvalidParam for a head or label that there is not, NotAllowed for callers that are no person.
    """
    predicted = _predicted(classification, head)
    if right not in HEADS[head]:
        raise InvalidParam(f"There is no {head} '{right[:40]}'. Use one of: {', '.join(HEADS[head])}")
    if right == predicted.value:
        undo_correction(task=task, head=head, actor=actor)
        return
    key: Mapping[str, Any] = {"task_sha256": sha256_of(task), "head": head, "user_id": _person(actor)}
    with transaction.atomic():
        before = Correction.objects.select_for_update().filter(**key).first()
        Correction.objects.update_or_create(
            **key,
            defaults={
                "task": task[:TASK_KEPT_CHARS],
                "predicted": predicted.value,
                "right": right,
                "engine": classification.engine[:_ENGINE_CHARS],
                "by": actor.label[:200],
                "at": timezone.now(),
            },
        )
        record(
            actor=actor,
            action="label.correct",
            subject=_subject(head, task),
            before={"right": before.right} if before else None,
            after={"predicted": predicted.value, "right": right, "engine": classification.engine},
        )


def undo_correction(*, task: str, head: str, actor: Actor) -> None:
    """Forget what this person said about one head; nothing happens where nothing was said."""
    with transaction.atomic():
        said = Correction.objects.filter(task_sha256=sha256_of(task), head=head, user_id=_person(actor)).first()
        if said is None:
            return
        said.delete()
        record(actor=actor, action="label.undo", subject=_subject(head, task), before={"right": said.right})


def find_corrections(task: str, *, actor: Actor) -> Mapping[str, str]:
    """The labels that this person set for this very task, by head."""
    if actor.user_id is None:
        return {}
    said = Correction.objects.filter(task_sha256=sha256_of(task), user_id=actor.user_id)
    return dict(said.values_list("head", "right"))


def sha256_of(task: str) -> str:
    """What tells one task from another: its fingerprint, as decisions keep it too."""
    return hashlib.sha256(task.encode()).hexdigest()


def _predicted(classification: Classification, head: str) -> Label:
    if head not in HEADS:
        raise InvalidParam(f"There is no head '{head[:40]}'. Use one of: {', '.join(HEADS)}")
    label: Label = getattr(classification, head)
    return label


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotAllowed("Only a person can say what the right label is.")
    return actor.user_id


def _subject(head: str, task: str) -> str:
    return f"{head} of task {sha256_of(task)[:12]}"
