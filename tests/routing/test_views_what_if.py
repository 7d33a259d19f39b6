"""The time machine's pages."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from catalog.corrections import set_override
from catalog.load import load_embedded
from catalog.models import OverrideRow
from catalog.queries import current_snapshot
from catalog.shapes import Override
from routing.decide import pick
from routing.shapes import TaskRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Role
from tests.catalog.pages import signed_in, text_of
from tests.routing.conftest import entry, models
from tests.routing.test_what_if import publish_again


def decided_by(role: Role) -> str:
    signed_in(role)
    return pick(request=TaskRequest("coding"), actor=User.objects.get(username=f"some-{role}").as_actor()).decision_id


@pytest.mark.usefixtures("catalogue")
def test_what_the_last_refresh_changed_is_shown_at_once() -> None:
    decision = decided_by(Role.MEMBER)
    other = decided_by(Role.VIEWER)
    before = current_snapshot().revision
    after = publish_again(*models(), entry("x-ai/new", 91, "4"))
    page = signed_in(Role.MEMBER).get("/route/what-if/").content.decode()
    part = re.search(r'hx-get="(/route/what-if/[^"]+)"', page)
    assert part
    response = signed_in(Role.MEMBER).get(unescape(part.group(1)))
    assert f"From revision {before} to {after}" in text_of(response.content)
    assert "Decided differently 1 of 1" in text_of(response.content)
    assert f"/decisions/{decision}/" in response.content.decode()
    assert other not in response.content.decode()
    assert "Decided differently 2 of 2" in text_of(signed_in(Role.ADMIN).get("/route/what-if/_found").content)
    swapped = signed_in(Role.MEMBER).get(f"/route/what-if/?before={after}&after={before}&count=20&now=on")
    assert "−7.0" in text_of(swapped.content)


@pytest.mark.usefixtures("catalogue")
def test_wrong_wishes_are_told() -> None:
    client = signed_in()
    for query in ("count=3", "count=x", "before=first"):
        assert client.get(f"/route/what-if/?{query}").status_code == 422, query
        assert client.get(f"/route/what-if/_found?{query}").status_code == 422, query
    for address in ("?now=on&", "_found?"):
        assert "is not kept" in text_of(client.get(f"/route/what-if/{address}before=999999").content)
    assert "compared with itself" in text_of(client.get("/route/what-if/").content)


@pytest.mark.django_db
def test_before_the_first_snapshot_there_is_nothing_to_compare() -> None:
    assert "no snapshot yet" in text_of(signed_in().get("/route/what-if/").content)


@pytest.mark.django_db
def test_an_override_is_tried_from_its_form_and_saved_from_there() -> None:
    load_embedded(actor=COMMAND_LINE)
    decided_by(Role.ADMIN)
    client = signed_in(Role.ADMIN)
    assert 'formaction="/route/what-if/override/"' in client.get("/overrides/").content.decode()
    (chosen,) = pick(request=TaskRequest("coding"), actor=COMMAND_LINE).chosen
    said = {"model_id": chosen, "field": "score.coding", "value": "5", "why": "measured here"}
    page = client.post("/route/what-if/override/", said)
    assert "Would change 2 of 2" in text_of(page.content)
    assert OverrideRow.objects.count() == 0
    assert 'value="measured here"' in page.content.decode()
    assert client.get("/route/what-if/override/", said).status_code == 200
    row = set_override(actor=COMMAND_LINE, override=Override(model_id=chosen, field="score.coding", value="5", why="x"))
    page = client.get(f"/route/what-if/override/?remove={row.pk}")
    assert f"/overrides/{row.pk}/remove/" in page.content.decode()
    assert client.get("/route/what-if/override/?remove=999999").status_code == 404
    assert client.get("/route/what-if/override/?remove=x").status_code == 404


@pytest.mark.usefixtures("catalogue")
def test_an_override_that_could_not_be_saved_is_refused() -> None:
    client = signed_in(Role.ADMIN)
    for said in (
        {"model_id": "no/such", "field": "score.coding", "value": "5"},
        {"model_id": "openai/big", "field": "score.coding", "value": "500"},
        {"model_id": "openai/big", "field": "fame", "value": "5"},
        {"model_id": "openai/big", "field": "score.coding"},
        {"model_id": "openai/big", "field": "score.coding", "value": "5", "count": "3"},
        {"model_id": "openai/big", "field": "score.coding", "value": "5"},  # made up: nothing to build from
    ):
        assert client.get("/route/what-if/override/", said).status_code == 422, said
    assert client.get("/route/what-if/override/").status_code == 200


@pytest.mark.usefixtures("catalogue")
def test_a_page_asks_the_database_little(django_assert_max_num_queries: Any) -> None:
    decided_by(Role.ADMIN)
    before = current_snapshot().revision
    part = f"/route/what-if/_found?before={before}&after={publish_again(*models())}&count=20"
    client = signed_in(Role.ADMIN)
    for address in ("/route/what-if/", part, "/route/what-if/override/"):
        client.get(address)
        with django_assert_max_num_queries(8):
            client.get(address)
