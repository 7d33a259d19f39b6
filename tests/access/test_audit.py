"""The audit log: complete, unchangeable, searchable, without secrets."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from smartspawn.access.audit import iterate_entries, list_entries, record
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import COMMAND_LINE, Actor, AuditCursor, AuditFilter, Role
from tests.access.conftest import Browse, MakeUser

pytestmark = pytest.mark.django_db
ALICE = Actor(label="alice", role=Role.ADMIN, user_id=7, key_id=None, address="192.0.2.1")
START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def _entries(count: int, *, step: timedelta = timedelta(minutes=1), **fields: object) -> None:
    values = {"actor": "alice", "action": "override.set", "subject": "model a/b"} | fields
    AuditEntry.objects.bulk_create(
        [AuditEntry(at=START + step * place, **values) for place in range(count)], batch_size=5000
    )


def test_an_entry_says_who_did_what_from_what_to_what_and_why() -> None:
    record(
        actor=ALICE,
        action="override.set",
        subject="model a/b",
        before={"price": Decimal("1.10")},
        after={"price": Decimal("2.20"), "at": START},
        why="typo upstream",
    )
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.user_id, entry.address, entry.action) == ("alice", 7, "192.0.2.1", "override.set")
    assert entry.before == {"price": "1.10"}
    assert entry.after == {"price": "2.20", "at": "2026-07-01T12:00:00Z"}
    assert (entry.subject, entry.why) == ("model a/b", "typo upstream")


def test_an_entry_falls_with_the_change_that_it_records() -> None:
    def change() -> None:
        with transaction.atomic():
            record(actor=ALICE, action="x.y", subject="z")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert not AuditEntry.objects.exists()


def test_secrets_are_left_out_wherever_they_stand() -> None:
    key = "ss_0123abcd_" + "s3cr3t" * 7
    record(
        actor=ALICE,
        action="source.configure",
        subject=f"source {key}",
        before={"api_key": "plain-secret-1", "nested": {"client_secret": "plain-secret-2"}},
        after={"password": "plain-secret-3", "note": ["use sk-or-v1-0123456789abcdef0123"], "token": "plain-secret-4"},
        why=f"rotated {key}",
    )
    entry = AuditEntry.objects.get()
    everything = str(entry.__dict__)
    assert "s3cr3t" not in everything
    assert "plain-secret" not in everything
    assert "sk-or-v1" not in everything
    assert entry.why == "rotated [not recorded]"


def test_ordinary_facts_are_not_mistaken_for_secrets() -> None:
    facts = {"max_output_tokens": 5, "key_id": 3, "prefix": "ss_0123abcd", "benchmark": "aa_long_context_reasoning"}
    record(actor=ALICE, action="x.y", subject="key ss_0123abcd", after=facts)
    assert AuditEntry.objects.get().after == facts


def test_nothing_in_the_code_or_the_database_changes_an_entry() -> None:
    record(actor=COMMAND_LINE, action="x.y", subject="z")
    entry = AuditEntry.objects.get()
    with pytest.raises(TypeError, match="append-only"):
        AuditEntry.objects.update(actor="mallory")
    with pytest.raises(TypeError, match="append-only"):
        AuditEntry.objects.filter(pk=entry.pk).delete()
    with pytest.raises(TypeError, match="append-only"):
        AuditEntry.objects.bulk_update([entry], ["actor"])
    with pytest.raises(TypeError, match="append-only"):
        entry.delete()
    entry.actor = "mallory"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entry.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE access_auditentry SET actor = 'mallory'")
    assert AuditEntry.objects.get().actor == "command line"


def test_paging_shows_every_entry_once_even_when_many_share_a_moment() -> None:
    _entries(30, step=timedelta(0))
    _entries(30)
    seen: list[int] = []
    after = None
    for _ in range(9):  # 60 entries by 7
        page = list_entries(AuditFilter(), after=after, count=7)
        seen += [entry.pk for entry in page]
        after = AuditCursor(at=page[-1].at, entry_id=page[-1].pk)
    assert seen == [entry.pk for entry in sorted(AuditEntry.objects.all(), key=lambda e: (e.at, e.pk), reverse=True)]
    assert [entry.pk for entry in iterate_entries(AuditFilter())] == seen


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (AuditFilter(), 9),
        (AuditFilter(actor="alice"), 6),
        (AuditFilter(actor="ali"), 0),
        (AuditFilter(action="key.revoke"), 3),
        (AuditFilter(subject="model c/d"), 3),
        (AuditFilter(actor="alice", subject="model c/d"), 3),
        (AuditFilter(since=date(2026, 7, 2)), 6),
        (AuditFilter(until=date(2026, 7, 1)), 3),
        (AuditFilter(since=date(2026, 7, 2), until=date(2026, 7, 2)), 3),
        (AuditFilter(since=date(2026, 7, 3), actor="bob"), 1),
    ],
)
def test_filters_restrict_exactly(wanted: AuditFilter, count: int) -> None:
    day = timedelta(days=1)
    _entries(3, step=day)
    _entries(3, step=day, subject="model c/d")
    _entries(3, step=day, actor="bob", action="key.revoke", subject="key x")
    assert len(list_entries(wanted, after=None, count=100)) == count


def test_the_page_filters_pages_and_links_to_its_file(make_user: MakeUser, browse: Browse) -> None:
    _entries(60)
    _entries(3, actor="bob")
    admin = browse(make_user("boss", Role.ADMIN))
    first = admin.get("/audit/?actor=alice&action=override.set").content.decode()
    assert first.count("<tr>") == 51
    assert "/audit.csv?actor=alice&amp;action=override.set" in first
    older = re.search(r'rel="next" href="\?([^"]+)"', first)
    assert older is not None
    second = admin.get("/audit/?" + older[1].replace("&amp;", "&")).content.decode()
    assert second.count("<tr>") == 11
    assert "Older entries" not in second


@pytest.mark.parametrize("query", ["since=yesterday", "after=x", "after=1-2-3", "after=99999999999999999999-1"])
def test_a_filter_that_cannot_be_read_is_refused_with_words(query: str, make_user: MakeUser, browse: Browse) -> None:
    assert browse(make_user("boss", Role.ADMIN)).get(f"/audit/?{query}").status_code == 422


def test_values_in_the_log_are_shown_inert(make_user: MakeUser, browse: Browse) -> None:
    record(actor=ALICE, action="x.y", subject="<script>alert(1)</script>", after={"<b>": "<img src=x>"}, why="<i>")
    page = browse(make_user("boss", Role.ADMIN)).get("/audit/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;" in page


def test_the_file_holds_what_the_filter_lets_through_and_runs_no_formula(make_user: MakeUser, browse: Browse) -> None:
    _entries(2500)
    record(actor=ALICE, action="x.y", subject='=HYPERLINK("http://evil.example")', after={"a": 'ü, "q"'}, why="-1+1")
    admin = browse(make_user("boss", Role.ADMIN))
    response = admin.get("/audit.csv")
    assert response["Content-Disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode())))
    assert len(rows) == 2501
    assert rows[0]["subject"] == '\'=HYPERLINK("http://evil.example")'
    assert rows[0]["why"] == "'-1+1"
    assert rows[0]["after"] == '{"a": "ü, \\"q\\""}'
    assert len({row["at"] for row in rows}) == 2501
    only = admin.get("/audit.csv?action=x.y")
    assert len(b"".join(only).splitlines()) == 2
    assert admin.get("/audit.csv?since=yesterday").status_code == 400


def test_no_page_of_a_long_log_reads_more_than_itself() -> None:
    """The plan must be a walk along one index, without sorting, for every way to filter."""
    _entries(50)
    for wanted in (AuditFilter(), AuditFilter(actor="a"), AuditFilter(action="a"), AuditFilter(subject="a")):
        plan = _plan(wanted)
        assert re.search(r"audit_by_\w+", plan), plan
        assert "TEMP B-TREE" not in plan.upper()


def _plan(wanted: AuditFilter) -> str:
    from smartspawn.access.audit import _beyond, _matching

    if connection.vendor != "sqlite":
        pytest.skip("the planner of PostgreSQL rightly scans a table of fifty rows")
    cursor = AuditCursor(at=START + timedelta(minutes=20), entry_id=20)
    return _beyond(_matching(wanted), cursor)[:50].explain()
