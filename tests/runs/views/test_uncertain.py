"""The page and the API of charges that nobody knows to be right."""

from __future__ import annotations

import pytest
from django.test import Client

from runs.ledger import run_money
from runs.models import Node
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in
from tests.runs.correcting.test_book import lose
from tests.runs.fakes import make_run, spec
from tests.runs.ledger.calls import CENT

pytestmark = pytest.mark.django_db


def test_an_admin_books_a_bill_on_the_page_and_the_run_follows() -> None:
    run_id = make_run([spec("a"), spec("b")])
    asked, _ = lose(run_id, "a", "b")
    admin = signed_in(Role.ADMIN)
    assert f"/caps/uncertain/?run={run_id}" in admin.get(f"/runs/{run_id}/").content.decode()
    page = admin.get(f"/caps/uncertain/?run={run_id}").content.decode()
    assert "$0.02</strong> for 2 calls" in page
    said = {"call": str(asked.call_id), "costUsd": "0.004", "why": "", "of": str(run_id)}
    answer = admin.post("/caps/uncertain/correct/", said, follow=True)
    assert answer.redirect_chain == [(f"/caps/uncertain/?run={run_id}", 302)]
    assert "Put right: 1 call, $0.004 in place of $0.01." in answer.content.decode()
    assert run_money([run_id])[run_id].spent_nano_usd == CENT + 4_000_000
    assert Node.objects.get(run_id=run_id, key="a").cost_nano_usd == 4_000_000


def test_nothing_was_billed_is_one_click_beside_an_empty_field() -> None:
    run_id = make_run([spec("a"), spec("b")])
    lose(run_id, "a", "b")
    body = f"run={run_id}&costUsd=&why=&of=&costUsd=0"  # the field, then the button that was pressed
    answer = signed_in(Role.ADMIN).post(
        "/caps/uncertain/correct/", body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 302
    assert run_money([run_id])[run_id].spent_nano_usd == 0


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"costUsd": "1"}, "Name the call"),
        ({"costUsd": "lots", "call": "5e6f3a0e-0000-4000-8000-000000000000"}, "costUsd"),
        ({"costUsd": "-1", "call": "5e6f3a0e-0000-4000-8000-000000000000"}, "costUsd"),
        ({"costUsd": "1", "call": "5e6f3a0e-0000-4000-8000-000000000000"}, "no line of call"),
    ],
)
def test_a_bad_correction_is_refused_in_words(said: dict[str, str], words: str) -> None:
    answer = signed_in(Role.ADMIN).post("/caps/uncertain/correct/", said)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_who_does_not_administer_sees_their_own_and_no_form() -> None:
    lose(make_run([spec("a")]), "a")  # somebody else's
    page = signed_in(Role.MEMBER).get("/caps/uncertain/").content.decode()
    assert "Nothing is uncertain" in page
    assert signed_in(Role.MEMBER).post("/caps/uncertain/correct/", {}).status_code == 403


def test_the_api_lists_and_puts_right(django_assert_max_num_queries: object) -> None:
    run_id = make_run([spec("a"), spec("b"), spec("c")])
    quotes = lose(run_id, "a", "b", "c")
    admin = signed_in(Role.ADMIN)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        listed = admin.get("/api/uncertain").json()
    assert listed["total"] == {"calls": 3, "chargedUsd": 0.03}
    assert {charge["node"] for charge in listed["data"]} == {"a", "b", "c"}
    assert listed["data"][0]["isAsked"] is False
    oldest = listed["data"][-1]["id"]
    assert admin.get(f"/api/uncertain?before={oldest}").json()["data"] == []
    one = {"call": str(quotes[0].call_id), "costUsd": "0.001", "why": "page of the provider"}
    told = admin.post("/api/uncertain", one, content_type="application/json").json()["data"]
    assert (told[0]["beforeUsd"], told[0]["afterUsd"]) == (0.01, 0.001)
    both = {"run": str(run_id), "costUsd": 0}
    assert len(admin.post("/api/uncertain", both, content_type="application/json").json()["data"]) == 2
    again = admin.post("/api/uncertain", both, content_type="application/json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "CONFLICT")


def test_strange_addresses_are_told_apart_from_empty_lists() -> None:
    admin: Client = signed_in(Role.ADMIN)
    assert admin.get("/caps/uncertain/?before=no").status_code == 422
    assert admin.get("/caps/uncertain/?run=5e6f3a0e-0000-4000-8000-000000000000").status_code == 404
    assert admin.get("/api/uncertain?run=x").status_code == 400
