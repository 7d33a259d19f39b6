"""What people say the right labels are."""

from __future__ import annotations

import pytest

from routing.corrections import TASK_KEPT_CHARS, correct_label, find_corrections, undo_correction
from routing.keywords import classify_by_keywords
from routing.models import Correction
from routing.shapes import Classification
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import ANONYMOUS, Actor, Role
from smartspawn.lib.errors import InvalidParam, NotAllowed

pytestmark = pytest.mark.django_db

ANN = Actor(label="ann", role=Role.MEMBER, user_id=1)
BEN = Actor(label="ben", role=Role.MEMBER, user_id=2)
TASK = "Fix the crash in the login form"


@pytest.fixture
def said() -> Classification:
    classification = classify_by_keywords(TASK)
    assert classification.task_type.value == "bugfix"
    return classification


def correct(right: str, said: Classification, *, head: str = "task_type", actor: Actor = ANN, task: str = TASK) -> None:
    correct_label(task=task, classification=said, head=head, right=right, actor=actor)


def test_a_correction_is_kept_with_what_was_predicted_and_by_whom(said: Classification) -> None:
    correct("refactor", said)

    row = Correction.objects.get()
    assert (row.task, row.head, row.predicted, row.right) == (TASK, "task_type", "bugfix", "refactor")
    assert (row.by, row.user_id, row.engine) == ("ann", 1, said.engine)
    assert find_corrections(TASK, actor=ANN) == {"task_type": "refactor"}


def test_every_person_and_every_head_has_one_correction_of_a_task(said: Classification) -> None:
    correct("refactor", said)
    correct("test", said)
    correct("feature", said, actor=BEN)
    correct("easy", said, head="complexity")

    assert find_corrections(TASK, actor=ANN) == {"task_type": "test", "complexity": "easy"}
    assert find_corrections(TASK, actor=BEN) == {"task_type": "feature"}
    assert find_corrections(TASK, actor=ANONYMOUS) == {}
    assert find_corrections("something else", actor=ANN) == {}


def test_undoing_forgets_it_and_so_does_agreeing_with_the_classifier(said: Classification) -> None:
    correct("refactor", said)
    undo_correction(task=TASK, head="task_type", actor=ANN)
    assert not Correction.objects.exists()

    correct("refactor", said)
    correct("bugfix", said)
    assert not Correction.objects.exists()


def test_every_change_is_in_the_audit_log_without_the_task(said: Classification) -> None:
    correct("refactor", said)
    correct("test", said)
    undo_correction(task=TASK, head="task_type", actor=ANN)
    undo_correction(task=TASK, head="task_type", actor=ANN)  # nothing to undo: nothing to record

    entries = list(AuditEntry.objects.order_by("pk"))
    assert [entry.action for entry in entries] == ["label.correct", "label.correct", "label.undo"]
    assert entries[0].before is None
    assert entries[1].before == {"right": "refactor"}
    assert entries[1].after["right"] == "test"
    assert all("login" not in f"{entry.subject}{entry.before}{entry.after}" for entry in entries)


def test_only_people_and_only_known_labels_are_heard(said: Classification) -> None:
    with pytest.raises(InvalidParam, match="no task_type 'nonsense'"):
        correct("nonsense", said)
    with pytest.raises(InvalidParam, match="no head 'engine'"):
        correct("bugfix", said, head="engine")
    with pytest.raises(NotAllowed):
        correct("test", said, actor=Actor(label="key ci"))
    assert not Correction.objects.exists()


def test_of_a_very_long_task_the_beginning_is_kept_and_the_whole_told_apart(said: Classification) -> None:
    long = "Fix it. " + "x" * 20_000
    correct("test", said, task=long)

    assert len(Correction.objects.get().task) == TASK_KEPT_CHARS
    assert find_corrections(long, actor=ANN) == {"task_type": "test"}
    assert find_corrections(long + "y", actor=ANN) == {}
