"""A quick commit keeps what it was given, waits for nothing, and leaves the connection as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from routing.models import LimitsRow, RoutingRevision
from routing.quick_commit import insert_rows, quick_commit


def durability() -> object:
    setting = "PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW synchronous_commit"
    with connection.cursor() as cursor:
        cursor.execute(setting)
        return cursor.fetchone()[0]


def store_twice() -> None:
    with quick_commit():
        RoutingRevision.objects.create(pk=1)
        RoutingRevision.objects.bulk_create([RoutingRevision(pk=1)])


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_nothing_and_leaves_the_connection_as_it_was() -> None:
    usual = durability()
    with quick_commit():
        assert durability() in (1, "off")
        RoutingRevision.objects.create(pk=1)
    assert durability() == usual != 1
    assert RoutingRevision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_fails_is_not_kept_and_the_connection_is_as_it_was() -> None:
    usual = durability()
    with pytest.raises(IntegrityError):
        store_twice()
    assert durability() == usual
    assert not RoutingRevision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_within_another_transaction_it_is_part_of_that_one() -> None:
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries, quick_commit():
            RoutingRevision.objects.create(pk=1)
        assert not any("synchronous" in query["sql"] for query in queries.captured_queries)
        transaction.set_rollback(True)
    assert not RoutingRevision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_all_kept() -> None:
    def store(number: int) -> None:
        try:
            with quick_commit():
                insert_rows([LimitsRow(scope=f"key:{number}", by="ann", at=timezone.now(), valid_from=number)])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(store, range(64)))
    assert sorted(LimitsRow.objects.values_list("valid_from", flat=True)) == list(range(64))
