"""Overview, sources, payloads and changes: how fresh, from where, and what moved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from catalog.models import Change, RefreshRun, SourceState, StoredPayload, StoredSnapshot
from catalog.shapes import Source
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in, text_of
from tests.factories import SHA, make_snapshot, publish_snapshot

pytestmark = pytest.mark.django_db


def start_run(**changes: Any) -> RefreshRun:
    """A refresh that is under way, or has ended."""
    now = timezone.now()
    fields = {
        "trigger": "by hand (ann)",
        "actor": "ann",
        "state": "running",
        "queued_at": now,
        "lease_until": now + timedelta(minutes=5),
        "progress": {"openrouter": "fetched", "lmarena": "waiting"},
    }
    return RefreshRun.objects.create(**{**fields, **changes})


# --- overview --------------------------------------------------------------------------------


def test_the_overview_shows_leaders_changes_and_sources() -> None:
    publish_snapshot()
    response = signed_in().get("/")
    text = text_of(response.content)

    assert "1 added" in text
    assert "1 prices moved" in text
    assert "failing LMArena" in text
    # Of the models up to one dollar the eighth scores best, up to five the fortieth, up to twenty the last.
    leaders = {row.category: row.leaders for row in response.context["leader_rows"]}
    assert [leader.entry.facts.model_id for leader in leaders["general"]] == [
        "acme/free-1:free",
        "acme/alpha-40",
        "initech/gamma-60",
    ]


def test_a_budget_that_nothing_fits_says_so() -> None:
    snapshot = make_snapshot()
    publish_snapshot(make_snapshot(*[entry for entry in snapshot.entries if entry.facts.model_id == "acme/alpha-1"]))

    assert text_of(signed_in().get("/").content).count("nothing fits") == 7  # no category has one from two dollars on


def test_old_data_is_said_to_be_old_and_only_members_are_offered_a_refresh() -> None:
    snapshot = make_snapshot()
    old = [
        type(use)(source=use.source, fetched_at=use.fetched_at - timedelta(days=40), row_count=1, matched_count=1)
        for use in snapshot.sources
    ]
    publish_snapshot(make_snapshot(sources=tuple(old)))

    viewers, members = (text_of(signed_in(role).get("/").content) for role in (Role.VIEWER, Role.MEMBER))
    assert "The catalogue in use is from 40 days ago" in viewers
    assert "Ask a member to start a refresh" in viewers
    assert "Refresh from the sources" in members


def test_fresh_data_needs_no_warning() -> None:
    publish_snapshot()

    assert "The catalogue in use is from" not in text_of(signed_in().get("/").content)


def test_an_empty_site_says_what_to_do() -> None:
    text = text_of(signed_in(Role.MEMBER).get("/").content)

    assert "No models yet" in text
    assert "Fetch the models now" in text


def test_the_overview_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    publish_snapshot()
    client = signed_in()
    client.get("/")
    with django_assert_max_num_queries(8):
        client.get("/")


# --- sources ---------------------------------------------------------------------------------


def test_sources_are_told_by_words_as_well_as_by_colour() -> None:
    publish_snapshot()
    text = text_of(signed_in().get("/sources/").content)

    for words in ("failing The answer was cut off; the last good data is in use.", "fresh", "off"):
        assert words in text


def test_a_source_shows_licence_attribution_and_each_rejected_row() -> None:
    publish_snapshot()
    html = signed_in().get("/sources/lmarena/").content
    text = text_of(html)

    assert "CC-BY-4.0" in text
    assert "text 7 rating is not a number <b>n/a</b>" in text
    assert "<b>n/a</b>" not in html.decode()


@pytest.mark.parametrize("path", ["/sources/nosuch/", "/payloads/" + "0" * 64 + "/", "/payloads/..%2f..%2f/"])
def test_what_is_not_there_is_a_kind_404(path: str) -> None:
    publish_snapshot()

    assert signed_in().get(path).status_code == 404


def test_a_payload_page_says_where_when_and_whether_in_use() -> None:
    publish_snapshot()
    text = text_of(signed_in().get(f"/payloads/{SHA}/").content)

    for words in (SHA, "https://example.org/text.parquet", "yes, by the current snapshot"):
        assert words in text


def test_a_payloads_address_is_a_link_only_if_it_leads_to_the_web() -> None:
    publish_snapshot()
    StoredPayload.objects.update(url="javascript:alert(1)")
    html = signed_in().get(f"/payloads/{SHA}/").content.decode()

    assert "javascript:alert(1)" in html
    assert 'href="javascript' not in html


def test_progress_asks_for_itself_only_while_a_refresh_runs() -> None:
    publish_snapshot()
    run = start_run()
    client = signed_in(Role.MEMBER)

    running = client.get("/sources/_progress").content.decode()
    assert 'hx-trigger="every 1s"' in running
    assert "waiting" in text_of(running.encode())

    RefreshRun.objects.filter(pk=run.pk).update(state="done", slot=None, finished_at=timezone.now())
    ended = client.get("/sources/_progress").content.decode()
    assert "hx-trigger" not in ended
    assert "The last one was done" in text_of(ended.encode())


def test_a_refresh_that_read_nothing_is_not_called_done_and_left_at_that() -> None:
    publish_snapshot()
    # In the order that PostgreSQL gives them back in.
    steps = {"build": "scoring", "lmarena": "failed: it timed out", "openrouter": "failed: it cannot be reached"}
    start_run(state="done", slot=None, finished_at=timezone.now(), progress=steps)
    text = text_of(signed_in(Role.MEMBER).get("/sources/").content)

    assert "No source could be read: openrouter (it cannot be reached), lmarena (it timed out)." in text
    assert "2 of 2 sources failed" in text


def test_when_a_refresh_ends_the_whole_page_shows_what_it_brought() -> None:
    publish_snapshot()
    start_run(state="done", slot=None, finished_at=timezone.now())
    response = signed_in(Role.MEMBER).get("/sources/_progress", headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true"


def test_the_overview_leads_to_work_and_who_may_connect_to_that() -> None:
    publish_snapshot()
    for role, links in ((Role.VIEWER, 0), (Role.MEMBER, 1), (Role.ADMIN, 2)):
        steps = signed_in(role).get("/").content.decode().split('id="next"')[1]
        assert sum(f'href="{path}"' in steps for path in ("/runs/new/", "/connections/")) == links
        assert 'href="/route/"' in steps


def test_a_failed_refresh_shows_its_error_and_the_next_step() -> None:
    publish_snapshot()
    start_run(state="failed", slot=None, finished_at=timezone.now(), error="No source lists any model.")
    text = text_of(signed_in(Role.MEMBER).get("/sources/").content)

    assert "No source lists any model. The last good data stays in use." in text


def test_a_member_starts_a_refresh_and_sees_its_progress() -> None:
    publish_snapshot()
    client = signed_in(Role.MEMBER)

    response = client.post("/sources/_refresh")
    assert response.status_code == 200
    assert 'hx-trigger="every 1s"' in response.content.decode()
    assert RefreshRun.objects.get().trigger == "by hand (some-member)"

    again = client.post("/sources/_refresh")
    assert again.status_code == 409
    assert "already in progress" in text_of(again.content)


def test_without_scripts_a_refresh_starts_too() -> None:
    publish_snapshot()
    client = signed_in(Role.MEMBER)

    assert client.post("/sources/refresh/").status_code == 302
    assert "running already" in text_of(client.post("/sources/refresh/", follow=True).content)
    assert RefreshRun.objects.count() == 1


def test_a_key_needs_accepted_terms() -> None:
    publish_snapshot()
    client = signed_in(Role.ADMIN)

    refused = client.post("/sources/artificial-analysis/key/", {"api_key": "k-123456789012345"})
    assert refused.status_code == 422
    assert "terms" in text_of(refused.content)

    sent = {"api_key": "k-123456789012345", "accepts_terms": "on"}
    accepted = client.post("/sources/artificial-analysis/key/", sent, follow=True)
    assert "A key is stored. some-admin accepted the terms" in text_of(accepted.content)
    assert b"k-123456789012345" not in accepted.content
    assert "k-123456789012345" not in SourceState.objects.get(source=Source.ARTIFICIAL_ANALYSIS).api_key_sealed


def test_a_source_is_switched_off_and_its_key_forgotten() -> None:
    publish_snapshot()
    client = signed_in(Role.ADMIN)
    client.post("/sources/artificial-analysis/key/", {"api_key": "k-123456789012345", "accepts_terms": "on"})

    with patch("catalog.views.posting.rebuild_soon", return_value=True):
        client.post("/sources/lmarena/switch/", {"why": "too slow"})
        client.post("/sources/artificial-analysis/key/remove/", {"why": "left the company"})

    assert SourceState.objects.get(source=Source.LMARENA).is_enabled is False
    assert SourceState.objects.get(source=Source.ARTIFICIAL_ANALYSIS).api_key_sealed == ""


def test_a_source_without_its_key_cannot_be_switched_on() -> None:
    publish_snapshot()
    response = signed_in(Role.ADMIN).post("/sources/artificial-analysis/switch/", {"is_enabled": "on", "why": "x"})

    assert response.status_code == 422
    assert "needs an API key" in text_of(response.content)


def test_settings_are_shown_to_admins_only() -> None:
    publish_snapshot()
    path = "/sources/artificial-analysis/"

    assert "Store the key" not in text_of(signed_in(Role.MEMBER).get(path).content)
    assert "Store the key" in text_of(signed_in(Role.ADMIN).get(path).content)


@pytest.mark.parametrize("path", ["/sources/", "/sources/lmarena/", f"/payloads/{SHA}/", "/sources/_progress"])
def test_source_pages_cost_few_queries(path: str, django_assert_max_num_queries: Any) -> None:
    publish_snapshot()
    client = signed_in()
    client.get(path)
    with django_assert_max_num_queries(8):
        client.get(path)


# --- changes ---------------------------------------------------------------------------------


def test_changes_can_be_narrowed_to_a_kind_a_model_and_a_revision() -> None:
    stored = publish_snapshot()
    client = signed_in()
    everything = client.get("/changes/").context["page"].items

    assert len(everything) == 3
    for query, count in (
        ({"kind": "price"}, 1),
        ({"model": "acme/alpha-1"}, 3),
        ({"model": "acme/other"}, 0),
        ({"revision": stored.revision}, 3),
        ({"revision": stored.revision + 1}, 0),
        ({"kind": "score", "model": "acme/alpha-1"}, 1),
    ):
        assert len(client.get("/changes/", query).context["page"].items) == count, query


def test_a_fall_in_price_is_good_news_and_a_fall_in_score_is_not() -> None:
    publish_snapshot()
    html = signed_in().get("/changes/").content.decode()

    assert '<span class="up">−17%</span>' in html  # 1.5 to 1.25 dollars
    assert '<span class="up">+5.0</span>' in html
    Change.objects.filter(kind="score").update(before="60.0", after="55.0")
    assert '<span class="down">−5.0</span>' in signed_in().get("/changes/").content.decode()


def test_older_changes_follow_page_by_page_without_gap_or_repeat() -> None:
    stored = publish_snapshot()
    Change.objects.all().delete()
    Change.objects.bulk_create(
        Change(snapshot=stored, kind="added", model_id=f"acme/m-{index}") for index in range(250)
    )
    client, url, seen = signed_in(), "/changes/", []
    while url:
        context = client.get(url).context
        seen += [dated.difference.model_id for dated in context["page"].items]
        url = context["older_url"]

    assert seen == [f"acme/m-{index}" for index in reversed(range(250))]


def test_changes_that_cannot_be_read_are_refused_and_none_say_so() -> None:
    publish_snapshot()
    client = signed_in()

    assert client.get("/changes/", {"kind": "weather"}).status_code == 422
    assert client.get("/changes/", {"before": "yesterday"}).status_code == 422
    assert "Nothing of this kind" in text_of(client.get("/changes/", {"kind": "removed"}).content)
    StoredSnapshot.objects.get().changes.all().delete()
    assert "Nothing has moved yet" in text_of(client.get("/changes/").content)


def test_changes_cost_few_queries(django_assert_max_num_queries: Any) -> None:
    publish_snapshot()
    client = signed_in()
    client.get("/changes/")
    with django_assert_max_num_queries(8):
        client.get("/changes/")


def test_one_source_can_be_refreshed_alone() -> None:
    publish_snapshot()
    client = signed_in(Role.MEMBER)

    assert "Refresh this source alone" in text_of(client.get("/sources/lmarena/").content)
    client.post("/sources/refresh/", {"only": "lmarena"})
    assert RefreshRun.objects.get().only == ["lmarena"]
    assert client.post("/sources/refresh/", {"only": "somewhere"}).status_code == 404
