"""Events of a run: numbered without gaps, whoever writes them."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from runs.keeping.events import EventKind, NewEvent, add_events, list_events
from tests.runs.rows import make_run


def started(count: int) -> list[NewEvent]:
    return [NewEvent(EventKind.NODE_STARTED, node_key=f"task-{number}") for number in range(count)]


@pytest.mark.django_db
def test_events_are_numbered_from_one_in_the_order_in_which_they_were_added() -> None:
    run = make_run()
    assert add_events(run.pk, started(2)) == 2
    assert add_events(run.pk, [NewEvent(EventKind.RUN_COMPLETED, message="done", data={"ms": 5})]) == 3
    assert [(event.seq, event.node_key) for event in list_events(run.pk)] == [(1, "task-0"), (2, "task-1"), (3, "")]
    assert list_events(run.pk)[2].data == {"ms": 5}


@pytest.mark.django_db
def test_a_reader_goes_on_after_the_last_number_it_has() -> None:
    run = make_run()
    add_events(run.pk, started(5))
    assert [event.seq for event in list_events(run.pk, after=3)] == [4, 5]
    assert [event.seq for event in list_events(run.pk, after=1, most=2)] == [2, 3]


@pytest.mark.django_db
def test_no_events_change_nothing() -> None:
    run = make_run()
    assert add_events(run.pk, []) == 0
    run.refresh_from_db()
    assert run.event_count == 0


@pytest.mark.django_db
def test_a_message_that_is_too_long_is_cut_and_not_refused() -> None:
    run = make_run()
    add_events(run.pk, [NewEvent(EventKind.NODE_FAILED, message="x" * 5000)])
    assert len(list_events(run.pk)[0].message) == 1000


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_leave_neither_gap_nor_double_number() -> None:
    run = make_run()

    def write() -> None:
        try:
            for _ in range(5):
                with transaction.atomic():
                    add_events(run.pk, started(3))
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in list_events(run.pk)] == list(range(1, 61))
