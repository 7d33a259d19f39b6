"""Comparing models, and price against quality."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from catalog.shapes import Override
from tests.catalog.pages import signed_in, text_of
from tests.factories import make_entry, make_facts, make_snapshot, publish_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _snapshot() -> None:
    publish_snapshot()


def test_two_models_stand_side_by_side_with_the_cost_of_the_month() -> None:
    query = {"models": "acme/alpha-1,globex/beta-2", "prompt_mtok": "100", "completion_mtok": "10"}
    text = text_of(signed_in().get("/compare/", query).content)

    # 100 x 0.125 + 10 x 0.50, and 100 x 0.25 + 10 x 1
    assert "My month $17.50 $35.00" in text


def test_ids_sent_one_by_one_lead_to_the_address_that_can_be_passed_on() -> None:
    response = signed_in().get("/compare/", {"models": ["acme/alpha-1", "globex/beta-2", "acme/alpha-1"]})

    assert response.status_code == 302
    assert response["Location"] == "/compare/?models=acme/alpha-1,globex/beta-2"


def test_adding_a_model_keeps_the_month() -> None:
    query = {"models": ["acme/alpha-1,globex/beta-2", "initech/gamma-3"], "prompt_mtok": "7", "completion_mtok": "1.5"}
    response = signed_in().get("/compare/", query)

    assert response["Location"] == (
        "/compare/?models=acme/alpha-1,globex/beta-2,initech/gamma-3&prompt_mtok=7&completion_mtok=1.5"
    )


def test_each_model_can_be_taken_out() -> None:
    html = signed_in().get("/compare/", {"models": "acme/alpha-1,globex/beta-2,initech/gamma-3"}).content.decode()

    assert "/compare/?models=acme/alpha-1,initech/gamma-3" in html


def test_a_free_variants_id_survives_the_way_through_the_address() -> None:
    text = text_of(signed_in().get("/compare/?models=acme/free-1:free,acme/alpha-1").content)

    assert "acme/free-1:free" in text
    assert "Nothing to compare" not in text


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ("", "Nothing to compare yet"),
        ("acme/alpha-1", "One more model is needed"),
        ("acme/alpha-1,acme/alpha-1", "One more model is needed"),
        ("no/such,acme/alpha-1", "One more model is needed"),
    ],
)
def test_too_few_models_are_met_with_the_next_step(models: str, words: str) -> None:
    response = signed_in().get("/compare/", {"models": models})

    assert response.status_code == 200
    assert words in text_of(response.content)


def test_more_than_six_are_cut_and_named() -> None:
    ids = [f"{('acme', 'globex', 'initech')[i % 3]}/{('alpha', 'beta', 'gamma')[i % 3]}-{i + 1}" for i in range(8)]
    text = text_of(signed_in().get("/compare/", {"models": ",".join(ids)}).content)

    assert "Only the first 6 are shown. Left out: Alpha 7, Beta 8." in text


def test_an_unknown_id_is_named_with_what_it_may_have_meant() -> None:
    text = text_of(signed_in().get("/compare/", {"models": "acme/alpha-01,globex/beta-2"}).content)

    assert "The catalogue has no acme/alpha-01 . Did you mean acme/alpha-1" in text


def test_a_month_that_is_no_number_is_refused_beside_its_field() -> None:
    query = {"models": "acme/alpha-1,globex/beta-2", "prompt_mtok": "lots"}
    response = signed_in().get("/compare/", query)

    assert response.status_code == 422
    assert "A valid number is required." in text_of(response.content)


def test_a_hostile_id_stays_text() -> None:
    html = signed_in().get("/compare/", {"models": '"><script>alert(1)</script>,acme/alpha-1'}).content

    assert b"<script>alert" not in html


def test_an_unknown_price_makes_the_month_unknown() -> None:
    facts = make_facts("acme/mystery", prompt=None, completion=None)
    publish_snapshot(
        make_snapshot(make_entry("acme/mystery", facts=facts), make_entry("acme/known", prompt_usd=Decimal(1)))
    )
    text = text_of(signed_in().get("/compare/", {"models": "acme/mystery,acme/known"}).content)

    assert "My month unknown $20.00" in text  # 10 x 1 + 2 x 5


def test_comparing_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    client = signed_in()
    client.get("/compare/")
    with django_assert_max_num_queries(8):
        client.get("/compare/", {"models": "acme/alpha-1,globex/beta-2"})


def test_the_frontier_lists_only_models_that_nobody_beats_on_both() -> None:
    response = signed_in().get("/frontier/", {"category": "coding"})
    prices = [point.price_usd for point in response.context["frontier"]]
    scores = [point.score.value for point in response.context["frontier"]]

    assert prices == sorted(prices)
    assert scores == sorted(set(scores))


def test_an_unknown_category_is_refused_and_the_general_one_shown() -> None:
    response = signed_in().get("/frontier/", {"category": "cooking"})

    assert response.status_code == 422
    assert response.context["category"] == "general"


def test_the_frontier_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    client = signed_in()
    client.get("/frontier/")
    with django_assert_max_num_queries(8):
        client.get("/frontier/")


def test_a_corrected_model_carries_its_mark_wherever_its_numbers_show() -> None:
    override = Override(model_id="acme/alpha-1", field="score.coding", value="99", by="ann", why="measured here")
    corrected = make_entry("acme/alpha-1", value=99, overrides=(override,))
    publish_snapshot(make_snapshot(corrected, make_entry("acme/beta-1", value=30)))
    client = signed_in()

    for path in ("/", "/models/", "/frontier/", "/compare/?models=acme/alpha-1,acme/beta-1", "/models/acme/beta-1/"):
        text = text_of(client.get(path).content)
        assert "Alpha 1 corrected" in text, path
