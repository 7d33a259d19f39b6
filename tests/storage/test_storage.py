"""What is kept, what goes and what stays: the command, the schedule, the page."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from catalog.models import StoredPayload
from feedback.models import Spawn
from runs.keeping.events import EventKind, NewEvent, add_events
from runs.models import AlertDelivery, BudgetAlert, Event, LedgerEntry, RunKey
from runs.retention import keepings
from runs.shapes.alerts import DeliveryState
from smartspawn.access.models import User
from smartspawn.models import Pruning
from smartspawn.storage import measuring
from smartspawn.storage.measuring import measure_room, measure_tables
from smartspawn.storage.pruning import all_keepings, prune
from smartspawn.storage.tasks import prune_all
from tests.people import browse
from tests.runs.alerting.rows import make_alert, make_delivery, make_receiver
from tests.runs.rows import make_run

pytestmark = pytest.mark.django_db
NOW = timezone.now()
OLD = NOW - timedelta(days=31)


def make_spawn(user: User | None, **fields: Any) -> Spawn:
    given = {"model_id": "a/b", "category": "coding", "mode": "single", "is_estimate": True, "prompt_tokens": 1}
    return Spawn.objects.create(user=user, completion_tokens=1, **(given | fields))


def gone() -> dict[str, int | None]:
    return {pruned.key: pruned.count for pruned in prune(now=NOW) if pruned.count}


# --- what goes ------------------------------------------------------------------------------------------


def test_events_of_runs_that_ended_long_ago_go_but_for_their_last_word() -> None:
    ended, young, waiting = make_run(status="completed"), make_run(status="completed"), make_run(status="queued")
    for run in (ended, young, waiting):
        add_events(run.pk, [NewEvent(EventKind.RUN_STARTED)] * 3 + [NewEvent(EventKind.RUN_COMPLETED)])
    type(ended).objects.filter(pk__in=[ended.pk, waiting.pk]).update(finished_at=OLD)
    assert gone() == {"run-texts": 1, "events": 3}
    assert [(event.seq, event.kind) for event in Event.objects.filter(run=ended)] == [(4, "run.completed")]
    assert Event.objects.filter(run__in=[young, waiting]).count() == 8


def test_messages_go_once_they_have_ended_and_their_alerts_stay(alice: User) -> None:
    receiver, alert = make_receiver(alice), make_alert()
    make_delivery(receiver, state=DeliveryState.SENT, alert=alert, closed_at=OLD)
    make_delivery(receiver, state=DeliveryState.DEAD)
    make_delivery(receiver, created_at=OLD)
    assert gone() == {"alert-messages": 1}
    assert AlertDelivery.objects.count() == 2
    assert BudgetAlert.objects.count() == 1


def test_reports_without_a_name_go_and_those_of_people_stay(alice: User) -> None:
    make_spawn(None, at=OLD)
    make_spawn(None)
    make_spawn(alice, at=OLD)
    assert gone() == {"unnamed-reports": 1}


def test_answers_held_back_go_and_those_in_use_stay() -> None:
    for is_held_back in (True, False):
        StoredPayload.objects.create(
            source="openrouter",
            part=str(is_held_back),
            sha256="0" * 64,
            fetched_at=OLD,
            byte_count=1,
            body_compressed=b"x",
            is_current=not is_held_back,
            is_held_back=is_held_back,
        )
    assert gone() == {"held-back": 1}


def test_keys_of_repeated_requests_go_when_they_have_run_out() -> None:
    for expires_at in (NOW - timedelta(seconds=1), NOW + timedelta(hours=1)):
        RunKey.objects.create(
            scope="user:1", key=str(expires_at), request_sha256="0" * 64, run=make_run(), expires_at=expires_at
        )
    assert gone() == {"run-keys": 1}


def test_more_than_a_batch_goes_in_one_sweep(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.retention.BATCH_ROWS", 2)
    monkeypatch.setattr("feedback.retention.BATCH_ROWS", 2)
    receiver = make_receiver(alice)
    for _ in range(5):
        make_delivery(receiver, state=DeliveryState.SENT, closed_at=OLD)
        make_spawn(None, at=OLD)
    assert gone() == {"alert-messages": 5, "unnamed-reports": 5}


def test_with_a_setting_of_zero_things_are_kept_for_ever(alice: User, settings: Any) -> None:
    prunable = [keeping for keeping in all_keepings() if keeping.setting]
    for keeping in prunable:
        setattr(settings, keeping.setting, 0)
    make_delivery(make_receiver(alice), state=DeliveryState.SENT, closed_at=OLD)
    make_spawn(None, at=OLD)
    run = make_run(status="completed", finished_at=OLD)
    add_events(run.pk, [NewEvent(EventKind.RUN_STARTED)] * 2)
    assert gone() == {}


def test_the_ledger_has_no_way_to_go() -> None:
    for keeping in all_keepings():
        if LedgerEntry._meta.db_table in keeping.tables:
            assert keeping.prune is None
            assert keeping.kept_days == 0


# --- the command and the schedule -----------------------------------------------------------------------


def told(*words: str) -> str:
    said = StringIO()
    call_command("prune", *words, stdout=said)
    return said.getvalue()


def test_a_dry_run_counts_and_changes_nothing(alice: User) -> None:
    make_delivery(make_receiver(alice), state=DeliveryState.SENT, closed_at=OLD)
    assert "alert-messages   1 would go" in told("--dry-run")
    assert AlertDelivery.objects.count() == 1
    assert not Pruning.objects.exists()
    assert "alert-messages   1 gone" in told("alert-messages")
    assert Pruning.objects.get().key == "alert-messages"


def test_a_kind_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(CommandError, match=r"nothing called 'ledger'.*artifacts"):
        told("ledger")


def test_each_sweep_is_noted_with_what_went(alice: User) -> None:
    receiver = make_receiver(alice)
    for _ in range(2):
        make_delivery(receiver, state=DeliveryState.SENT, closed_at=OLD)
        prune_all()
    row = Pruning.objects.get(key="alert-messages")
    assert (row.gone_count, row.total_gone_count) == (1, 2)
    assert prune_all() == "nothing was too old"
    assert set(Pruning.objects.values_list("key", flat=True)) == {k.key for k in all_keepings() if k.prune}


# --- sizes ----------------------------------------------------------------------------------------------


def test_every_table_of_a_kind_is_there() -> None:
    there = {model._meta.db_table for model in apps.get_models()}
    assert {table for keeping in all_keepings() for table in keeping.tables} <= there
    assert len({keeping.key for keeping in all_keepings()}) == len(all_keepings())


def test_rows_and_bytes_are_told_for_each_table() -> None:
    for _ in range(5):
        make_spawn(None)
    tables = {table for keeping in all_keepings() for table in keeping.tables}
    sizes = measure_tables([*tables, "not_there"])
    assert set(sizes) == tables
    if connection.vendor == "sqlite":
        assert sizes["feedback_spawn"].row_count == 5
        assert (sizes["feedback_spawn"].byte_count or 0) >= 4096
    assert measure_room().database_bytes > 0


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite is sampled")
def test_a_large_file_is_sampled_instead_of_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        make_spawn(None, context_tags=["x" * 1000])
    monkeypatch.setattr(measuring, "_READ_WHOLE_BYTES", 0)
    size = measure_tables(["feedback_spawn"])["feedback_spawn"]
    assert 5_000 < (size.byte_count or 0) < 7_000


def test_the_page_shows_what_is_kept_and_how_it_is_set(alice: User, django_assert_max_num_queries: Any) -> None:
    prune_all()
    client = browse(alice)
    client.get("/storage/")
    with django_assert_max_num_queries(14):
        page = client.get("/storage/").content.decode()
    for keeping in keepings():
        assert keeping.title in page
    assert "ARTIFACT_RETENTION_DAYS" in page.replace("<wbr>", "")  # names wrap after their underscores
    assert "nearly full" not in page


def test_a_disk_that_is_nearly_full_is_said_on_the_page_and_to_probes(alice: User, settings: Any) -> None:
    from smartspawn.health import check_disk

    assert check_disk(NOW).is_ok
    settings.READYZ_DISK_FREE_MB = 10**9
    assert not check_disk(NOW).is_ok
    assert "nearly full" in browse(alice).get("/storage/").content.decode()
