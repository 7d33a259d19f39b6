"""A quick commit keeps what it was given, waits for nothing, and leaves the connection as it was."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from routing.models import RoutingRevision
from routing.quick_commit import quick_commit


def durability() -> object:
    setting = "PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW synchronous_commit"
    with connection.cursor() as cursor:
        cursor.execute(setting)
        return cursor.fetchone()[0]


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
    with pytest.raises(RuntimeError), quick_commit():
        RoutingRevision.objects.create(pk=1)
        raise RuntimeError
    assert durability() == usual
    assert not RoutingRevision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_within_another_transaction_it_is_part_of_that_one() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        with CaptureQueriesContext(connection) as queries, quick_commit():
            RoutingRevision.objects.create(pk=1)
        assert not any("synchronous" in query["sql"] for query in queries.captured_queries)
        raise RuntimeError
    assert not RoutingRevision.objects.exists()
