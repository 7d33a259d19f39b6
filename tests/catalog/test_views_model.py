"""One model's page: every number opened to where it comes from."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.shapes import Category, Override
from catalog.views.model import family_of, open_scores, record_rows, siblings_of
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in, text_of
from tests.factories import HOSTILE_NAME, SHA, make_entry, make_facts, make_score, make_snapshot, publish_snapshot


@pytest.mark.django_db
def test_the_page_opens_each_score_to_its_parts_and_their_payloads() -> None:
    publish_snapshot()
    html = signed_in().get("/models/globex/beta-2/").content
    text = text_of(html)

    assert html.decode().count('class="score-card"') == len(Category)
    for shown in ("lmarena", ".text.", "1,300", "row-0", "4321 votes", "41 : 1,250 ± 60", "2026-07-01"):
        assert shown in text, shown
    assert f"/payloads/{SHA}/" in html.decode()


@pytest.mark.django_db
def test_the_page_sets_our_score_beside_the_base_line_and_the_prior() -> None:
    publish_snapshot(make_snapshot(make_entry("acme/alpha-1", value=60, parts=2)))
    text = text_of(signed_in().get("/models/acme/alpha-1/").content)

    assert "The plain base line (50 + 20 z, no intervals, no prior) says 63.0." in text
    assert "What price, provider and age predict, 52.0, makes up 30%." in text
    assert "Between 52.0 and 68.0 in four cases of five." in text


@pytest.mark.django_db
def test_a_score_without_measurements_says_so() -> None:
    publish_snapshot(make_snapshot(make_entry("acme/alpha-1", parts=0)))
    text = text_of(signed_in().get("/models/acme/alpha-1/").content)

    assert "not measured" in text
    assert "Nothing was measured for this category." in text


@pytest.mark.django_db
def test_prices_come_with_their_conditions_and_history() -> None:
    publish_snapshot()
    response = signed_in().get("/models/globex/beta-2/")
    text = text_of(response.content)

    assert "prompts of 200k tokens or more $2.50" in text
    assert "2026-05-01 00:00 $0.25 $1.00" in text
    assert response.context["price_figure"]["data"][0]["y"] == [0.25, 0.25, 0.25]


@pytest.mark.django_db
def test_what_strangers_wrote_stays_text() -> None:
    description = '<img src=x onerror=alert(1)> [click](javascript:alert(1)) {{ 7|add:7 }} {% now "Y" %}'
    facts = make_facts("evil/one", name=HOSTILE_NAME, description=description, hugging_face_id='x"/onload="y')
    publish_snapshot(make_snapshot(make_entry("evil/one", facts=facts)))
    html = signed_in().get("/models/evil/one/").content.decode()

    assert description in text_of(html.encode())
    assert "<img" not in html
    assert 'onload="' not in html
    assert 'href="javascript' not in html
    scripts = re.findall(r"<script\b[^>]*>", html)
    assert all(' src="/static/' in tag or 'type="application/json"' in tag for tag in scripts)


@pytest.mark.django_db
def test_a_correction_names_who_made_it_and_why() -> None:
    override = Override(
        model_id="acme/alpha-1",
        field="score.coding",
        value="90",
        by="ann",
        why="measured on our own tasks",
        at=datetime(2026, 7, 3, tzinfo=UTC),
    )
    entry = make_entry("acme/alpha-1", overrides=(override,))
    entry = replace(entry, scores={**entry.scores, Category.CODING: make_score(90, overridden=True)})
    publish_snapshot(make_snapshot(entry))
    text = text_of(signed_in().get("/models/acme/alpha-1/").content)

    assert "ann set this to 90 on 2026-07-03: measured on our own tasks" in text
    assert "corrected here" in text


@pytest.mark.django_db
def test_a_model_that_is_never_picked_says_why() -> None:
    publish_snapshot()
    text = text_of(signed_in().get("/models/router/auto/").content)

    assert "Not picked because: a router." in text
    assert "No score" in text


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/models/no/such/", "/models/a/b/c/", "/models/%00/", "/models/" + "x" * 500 + "/"])
def test_an_unknown_model_is_a_kind_404(path: str) -> None:
    publish_snapshot()
    response = signed_in().get(path)

    assert response.status_code == 404
    assert "There is nothing here" in text_of(response.content)


@pytest.mark.django_db
def test_only_admins_are_offered_a_correction() -> None:
    publish_snapshot()
    url = "/models/acme/alpha-1/"

    assert "Correct a number" not in text_of(signed_in(Role.MEMBER).get(url).content)
    assert "Correct a number" in text_of(signed_in(Role.ADMIN).get(url).content)


@pytest.mark.django_db
def test_the_page_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    publish_snapshot()
    client = signed_in()
    client.get("/models/acme/alpha-1/")
    with django_assert_max_num_queries(8):
        client.get("/models/acme/alpha-1/")


def test_parts_are_opened_heaviest_first_with_the_population_of_their_release() -> None:
    snapshot = make_snapshot(make_entry("acme/alpha-1", parts=3))
    entry = snapshot.entries[0]
    score = entry.scores[Category.CODING]
    heavy = replace(score.parts[2], weight_share=0.8)
    entry = replace(entry, scores={Category.CODING: replace(score, parts=(score.parts[0], heavy))})

    (opened,) = open_scores(entry, snapshot)

    assert [item.part.benchmark for item in opened.parts] == ["lmarena.text.topic_2", "lmarena.text.topic_0"]
    assert [item.stats.count if item.stats else None for item in opened.parts] == [None, 41]


def test_variants_of_one_model_find_each_other() -> None:
    base = make_entry("acme/alpha-1")
    free = make_entry("acme/alpha-1:free", base_id="acme/alpha-1")
    exact = make_entry("acme/alpha-1:exacto", base_id="acme/alpha-1")
    other = make_entry("acme/alpha-10")
    snapshot = make_snapshot(base, free, exact, other)

    assert family_of(base, snapshot) == [free, exact]
    assert family_of(free, snapshot) == [base, exact]
    assert family_of(other, snapshot) == []


def test_siblings_are_the_newest_other_models_of_the_house_without_variants() -> None:
    def listed(model_id: str, month: int, **changes: Any) -> Any:
        facts = make_facts(model_id, created_at=datetime(2026, month, 1, tzinfo=UTC))
        return make_entry(model_id, facts=facts, **changes)

    mine = listed("acme/a", 1)
    old, new = listed("acme/b", 2), listed("acme/c", 3)
    variant = listed("acme/c:free", 4, base_id="acme/c")
    router = listed("acme/auto", 5, is_candidate=False)
    stranger = listed("globex/d", 6)

    assert siblings_of(mine, make_snapshot(mine, old, new, variant, router, stranger)) == [new, old]


def test_a_row_taken_over_from_the_base_model_has_no_match_of_its_own() -> None:
    entry = make_entry("acme/alpha-1")

    assert [row.match for row in record_rows(entry)] == [entry.matches[0]]
    assert [row.match for row in record_rows(replace(entry, matches=()))] == [None]


@pytest.mark.django_db
def test_a_model_can_be_used_through_this_site_and_given_a_task() -> None:
    publish_snapshot()
    member = signed_in(Role.MEMBER).get("/models/acme/alpha-1/").content.decode()
    assert "/v1/chat/completions" in member.split("openrouter.ai/api/v1")[0]
    assert 'href="/runs/new/?model=acme/alpha-1"' in member
    assert "/runs/new/?model=" not in signed_in(Role.VIEWER).get("/models/acme/alpha-1/").content.decode()
