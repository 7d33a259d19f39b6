"""An answer that was not believed: kept aside, looked at, and believed by a person after all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog import queries
from catalog.models import RefreshRun, StoredPayload
from catalog.payloads import held_back_payloads
from catalog.preview import preview_accepted
from catalog.queries.sources import SourceLight
from catalog.refresh import accept_held_back, rebuild_catalog, refresh_catalog
from catalog.shapes import Source
from routing.decide import pick
from routing.shapes import TaskRequest
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import COMMAND_LINE, Role
from smartspawn.lib.errors import NotFound
from tests.catalog.pages import signed_in, text_of
from tests.upstreams import Upstreams

pytestmark = pytest.mark.django_db


def refresh() -> int:
    return refresh_catalog(actor=COMMAND_LINE, trigger="test").revision


def make_all_dearer(upstreams: Upstreams, factor: int) -> None:
    for row in upstreams.openrouter:
        for key in ("prompt", "completion"):
            row["pricing"][key] = str(Decimal(row["pricing"][key]) * factor)


def some_price() -> tuple[str, Decimal]:
    entry = next(item for item in queries.current_snapshot().entries if item.facts.pricing.prompt_usd_per_mtok)
    price = entry.facts.pricing.prompt_usd_per_mtok
    assert price is not None
    return entry.facts.model_id, price


def light(source: Source) -> SourceLight:
    return next(report.light for report in queries.list_sources() if report.info.key == source)


def test_what_is_not_believed_is_kept_aside_and_can_be_looked_at(upstreams: Upstreams) -> None:
    first = refresh()
    assert queries.list_held_back() == frozenset()
    model_id, price = some_price()
    make_all_dearer(upstreams, 100)
    assert refresh() == first
    assert queries.list_held_back() == {Source.OPENROUTER}
    assert queries.find_held_back(Source.OPENROUTER) is not None
    seen = {entry.facts.model_id: entry for entry in preview_accepted(Source.OPENROUTER).entries}
    assert seen[model_id].facts.pricing.prompt_usd_per_mtok == price * 100
    assert queries.entries_by_id()[model_id].facts.pricing.prompt_usd_per_mtok == price
    rebuild_catalog(actor=COMMAND_LINE, trigger="test")
    assert queries.list_held_back() == {Source.OPENROUTER}  # a rebuild asks nobody
    assert queries.entries_by_id()[model_id].facts.pricing.prompt_usd_per_mtok == price


def test_what_a_person_believes_is_published_and_is_the_measure_from_then_on(upstreams: Upstreams) -> None:
    first = refresh()
    model_id, price = some_price()
    make_all_dearer(upstreams, 100)
    refresh()
    seen = preview_accepted(Source.OPENROUTER)
    outcome = accept_held_back(actor=COMMAND_LINE, source=Source.OPENROUTER, why="the unit was wrong before")
    assert outcome.revision > first
    assert queries.entries_by_id()[model_id].facts.pricing.prompt_usd_per_mtok == price * 100
    made = {entry.facts.model_id: entry.facts for entry in queries.current_snapshot().entries}
    assert {entry.facts.model_id: entry.facts for entry in seen.entries} == made
    assert light(Source.OPENROUTER) is not SourceLight.RED
    assert queries.list_held_back() == frozenset()
    entry = AuditEntry.objects.get(action="source.accept")
    assert (entry.subject, entry.why) == ("openrouter", "the unit was wrong before")
    assert refresh() == outcome.revision  # the same answer again is nothing new
    with pytest.raises(NotFound):
        accept_held_back(actor=COMMAND_LINE, source=Source.OPENROUTER, why="twice")


def test_only_the_newest_is_kept_and_an_answer_that_is_believed_clears_it(upstreams: Upstreams) -> None:
    refresh()
    make_all_dearer(upstreams, 100)
    refresh()
    make_all_dearer(upstreams, 10)
    refresh()
    assert len(held_back_payloads(Source.OPENROUTER)) == 1
    for row in upstreams.openrouter:
        for key in ("prompt", "completion"):
            row["pricing"][key] = str(Decimal(row["pricing"][key]) / 1000)
    refresh()
    assert not StoredPayload.objects.filter(is_held_back=True).exists()
    with pytest.raises(NotFound):
        preview_accepted(Source.OPENROUTER)


def test_what_cannot_be_true_by_itself_is_not_kept(upstreams: Upstreams) -> None:
    refresh()
    del upstreams.openrouter[3:]  # even a small list has more
    refresh()
    assert queries.list_held_back() == frozenset()
    with pytest.raises(NotFound):
        accept_held_back(actor=COMMAND_LINE, source=Source.OPENROUTER, why="no")
    assert not RefreshRun.objects.filter(slot__isnull=False).exists()


def test_an_answer_that_is_held_back_is_tried_and_then_believed(upstreams: Upstreams) -> None:
    refresh()
    chosen = pick(request=TaskRequest("coding"), actor=COMMAND_LINE).chosen
    client = signed_in(Role.ADMIN)
    assert client.get("/route/what-if/held-back/openrouter/").status_code == 404
    assert client.get("/api/route/what-if/held-back/openrouter").json()["data"]["isHeldBack"] is False
    make_all_dearer(upstreams, 100)
    refresh()
    assert "An answer is held back" in text_of(client.get("/sources/openrouter/").content)
    assert "An answer of openrouter is held back" in text_of(client.get("/route/what-if/").content)
    page = text_of(client.get("/route/what-if/held-back/openrouter/").content)
    assert "Would change 1 of 1" in page
    told = client.get("/api/route/what-if/held-back/openrouter?count=20").json()["data"]
    assert (told["isHeldBack"], told["changed"]) == (True, 1)
    assert client.get("/route/what-if/held-back/openrouter/?count=3").status_code == 422
    assert client.get("/route/what-if/held-back/nobody/").status_code == 404
    response = client.post("/sources/openrouter/accept/", {"why": "they told so"}, follow=True)
    assert "It is believed" in text_of(response.content)
    assert pick(request=TaskRequest("coding"), actor=COMMAND_LINE).chosen != chosen
    assert "Nothing of openrouter" in text_of(client.post("/sources/openrouter/accept/", {"why": "again"}).content)
    assert signed_in(Role.MEMBER).post("/sources/openrouter/accept/", {"why": "x"}).status_code == 403
