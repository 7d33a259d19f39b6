"""Several who rate at the same moment: real connections, a file or a server behind them."""

from __future__ import annotations

from functools import partial

import pytest

from catalog.shapes import Category
from feedback.models import LessonRow, Rating, Spawn
from feedback.record import rate, record_outcome
from feedback.shapes import OutcomeNote, Said, Subject
from routing.adjustments import find_mark, read_learned
from routing.shapes import Evidence
from tests.factories import make_snapshot, publish_snapshot
from tests.feedback.work import finished
from tests.routing.conftest import models
from tests.runs.ledger.test_at_once import at_once
from tests.runs.rows import make_user

THREADS = 8


@pytest.fixture(autouse=True)
def _real_transactions(transactional_db: None) -> None:
    """Threads see what others have committed."""
    publish_snapshot(make_snapshot(*models()))


def test_as_many_ratings_at_once_are_all_counted() -> None:
    ann = make_user()
    runs = [finished(ann) for _ in range(24)]
    work = [partial(rate, subject=Subject(run.pk), said=Said(5), actor=ann.as_actor()) for run in runs]

    at_once(work, THREADS)

    (personal,) = read_learned(find_mark(), ann.pk).of("openai/big", Category.CODING, ())
    assert (personal.evidence, personal.sample_count) == (Evidence.PERSONAL, 24.0)


def test_one_thing_rated_twice_at_once_has_one_rating() -> None:
    ann = make_user()
    subject = Subject(finished(ann).pk)
    work = [partial(rate, subject=subject, said=Said(score), actor=ann.as_actor()) for score in (1, 2, 3, 4, 5) * 3]

    at_once(work, THREADS)

    (rating,) = Rating.objects.all()
    assert LessonRow.objects.get().rating_id == rating.pk
    assert Spawn.objects.count() == 1


def test_one_key_sent_at_once_is_one_outcome() -> None:
    ann = make_user()
    note = OutcomeNote("openai/big", Category.CODING, 5)
    work = [partial(record_outcome, note=note, actor=ann.as_actor(), key="again")] * 16

    answers = at_once(work, THREADS)

    assert len({item.pk for item in answers}) == 1  # type: ignore[attr-defined]  # ratings
    assert LessonRow.objects.count() == 1


def test_two_people_who_rate_at_once_do_not_wait_in_a_circle() -> None:
    people = [make_user(f"person-{number}") for number in range(4)]
    work = [
        partial(rate, subject=Subject(finished(one).pk), said=Said(4), actor=one.as_actor())
        for one in people
        for _ in range(6)
    ]

    at_once(work, THREADS)

    assert Rating.objects.count() == 24
