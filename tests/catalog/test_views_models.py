"""The models table as a page, a part and a download."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest

from smartspawn.access.shapes import Role
from tests.catalog.pages import model_ids, signed_in, text_of
from tests.factories import HOSTILE_NAME, make_entry, make_snapshot, publish_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot() -> Any:
    return publish_snapshot()


@pytest.mark.usefixtures("snapshot")
def test_the_first_page_shows_fifty_models_best_first() -> None:
    ids = model_ids(signed_in().get("/models/").content)

    assert len(ids) == 50
    assert ids[0] == "initech/gamma-60"  # the factory's scores rise with the number


@pytest.mark.usefixtures("snapshot")
def test_a_misspelt_name_leads_to_the_one_that_was_meant() -> None:
    page = signed_in().get("/models/", {"q": "gama 12", "tier": "premium"}).content
    assert "Did you mean “gamma 12”?" in text_of(page)
    assert 'href="/models/?q=gamma+12"' in page.decode()
    lost = text_of(signed_in().get("/models/", {"q": "xyzzy"}).content)
    assert "No model is called that" in lost
    assert "Did you mean" not in lost


@pytest.mark.usefixtures("snapshot")
def test_the_second_page_goes_on_where_the_first_ended() -> None:
    client = signed_in()
    first, second = (model_ids(client.get("/models/", {"page": page}).content) for page in (1, 2))

    assert set(first).isdisjoint(second)
    assert len(second) == 12  # 62 candidates


@pytest.mark.usefixtures("snapshot")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "gamma 12"}, {"initech/gamma-12"}),
        ({"provider": "hostile"}, {"hostile/one"}),
        ({"max_price": "0.25"}, {"acme/alpha-1", "globex/beta-2", "acme/free-1:free"}),
        ({"q": "router", "every": "on"}, {"router/auto"}),
        ({"q": "router"}, set()),
        ({"q": "gamma12"}, {"initech/gamma-12"}),
        ({"min_context": "1000000"}, set()),
        ({"tier": "budget", "q": "gamma-3"}, {"initech/gamma-3"}),
        ({"q": "alpha-1", "can": ["vision", "reasoning"], "max_price": "1"}, {"acme/alpha-1"}),
    ],
)
def test_a_filter_leaves_what_fits(query: dict[str, Any], expected: set[str]) -> None:
    assert set(model_ids(signed_in().get("/models/", query).content)) == expected


@pytest.mark.usefixtures("snapshot")
def test_sorting_by_price_starts_with_the_cheapest_and_turns_round() -> None:
    client = signed_in()

    assert model_ids(client.get("/models/", {"sort": "cost"}).content)[0] == "acme/free-1:free"
    assert model_ids(client.get("/models/", {"sort": "cost", "reverse": "on"}).content)[0] == "initech/gamma-60"


@pytest.mark.usefixtures("snapshot")
def test_headings_say_how_the_table_is_sorted_and_link_to_the_opposite() -> None:
    html = signed_in().get("/models/", {"sort": "cost", "q": "alpha"}).content.decode()

    assert 'aria-sort="ascending"' in html
    assert "/models/?q=alpha&amp;sort=cost&amp;reverse=on" in html


@pytest.mark.usefixtures("snapshot")
def test_the_part_tells_the_browser_the_address_of_the_page() -> None:
    response = signed_in().get("/models/_results", {"q": "alpha", "category": "coding", "page": "1"})

    assert response["HX-Push-Url"] == "/models/?q=alpha&category=coding"
    assert b"<html" not in response.content


@pytest.mark.usefixtures("snapshot")
def test_ticked_models_stay_ticked_when_the_table_changes() -> None:
    html = signed_in().get("/models/_results", {"q": "beta-2", "models": ["globex/beta-2", "acme/alpha-1"]}).content

    ticked = re.findall(r'value="([^"]+)"[^>]*\schecked\b', html.decode())
    assert set(ticked) == {"globex/beta-2", "acme/alpha-1"}  # the second has no row of its own any more


@pytest.mark.usefixtures("snapshot")
@pytest.mark.parametrize(
    "query", [{"max_price": "cheap"}, {"tier": "gold"}, {"page": "0"}, {"min_context": "-1"}, {"sort": "luck"}]
)
def test_what_cannot_be_read_is_said_and_left_out(query: dict[str, str]) -> None:
    response = signed_in().get("/models/", query)

    assert response.status_code == 422
    assert len(model_ids(response.content)) == 50
    assert "could not be read" in text_of(response.content)


@pytest.mark.usefixtures("snapshot")
def test_nothing_found_says_what_to_do() -> None:
    text = text_of(signed_in().get("/models/", {"q": "no such thing", "tier": "premium"}).content)

    assert "No model fits all of this" in text
    assert "Show every model" in text


@pytest.mark.usefixtures("snapshot")
def test_a_hostile_name_is_shown_letter_by_letter() -> None:
    html = signed_in().get("/models/", {"provider": "hostile"}).content

    assert HOSTILE_NAME in text_of(html)
    assert b"<script>alert" not in html


@pytest.mark.usefixtures("snapshot")
def test_the_csv_holds_every_row_that_was_found_in_the_same_order() -> None:
    response = signed_in().get("/models/_download.csv", {"sort": "cost", "category": "coding"})
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))

    assert response["Content-Disposition"] == 'attachment; filename="models.csv"'
    assert len(rows) == 62
    assert [row["id"] for row in rows[:2]] == ["acme/free-1:free", "acme/alpha-1"]
    assert rows[1]["category"] == "coding"
    assert float(rows[1]["score_lower"]) < float(rows[1]["score"]) < float(rows[1]["score_upper"])


def test_a_csv_cell_cannot_start_a_formula() -> None:
    publish_snapshot(make_snapshot(make_entry("acme/alpha-1", name='=HYPERLINK("http://x")')))
    rows = list(csv.DictReader(io.StringIO(signed_in().get("/models/_download.csv").content.decode())))

    assert rows[0]["name"] == '\'=HYPERLINK("http://x")'


@pytest.mark.usefixtures("snapshot")
@pytest.mark.parametrize("kind", ["xml", "csv%0Ax", "."])
def test_there_is_no_other_kind_of_download(kind: str) -> None:
    assert signed_in().get(f"/models/_download.{kind}").status_code == 404


@pytest.mark.usefixtures("snapshot")
@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("query", ["max_price=cheap", "category=poetry", "sort=luck", "can=fly", "min_context=-1"])
def test_a_download_with_a_filter_that_there_is_not_is_refused(kind: str, query: str) -> None:
    response = signed_in().get(f"/models/_download.{kind}?{query}")
    assert response.status_code == 400
    assert f"{query.partition('=')[0]}: " in text_of(response.content)


@pytest.mark.usefixtures("snapshot")
def test_the_json_download_speaks_the_dialect_of_the_api() -> None:
    client = signed_in()
    download = client.get("/models/_download.json", {"q": "alpha-1", "max_price": "0.2"}).json()
    api = client.get("/api/models", {"search": "alpha-1", "limit": "500"}).json()

    assert download["data"] == [model for model in api["data"] if model["id"] == "acme/alpha-1"]


def test_an_unknown_price_or_context_is_said_to_be_unknown_and_never_passes_a_limit() -> None:
    unknown = make_entry("acme/mystery", prompt_usd=None, completion_usd=None)
    publish_snapshot(make_snapshot(unknown, make_entry("acme/known", prompt_usd=Decimal(1))))
    client = signed_in()

    assert "unknown" in text_of(client.get("/models/").content)
    assert model_ids(client.get("/models/", {"max_price": "100"}).content) == ["acme/known"]


def test_a_corrected_model_carries_its_mark() -> None:
    from catalog.shapes import Override

    override = Override(model_id="acme/alpha-1", field="score.coding", value="9", by="ann", why="measured here")
    publish_snapshot(make_snapshot(make_entry("acme/alpha-1", overrides=(override,))))

    assert "corrected" in text_of(signed_in().get("/models/").content)


def test_without_a_snapshot_the_page_says_so() -> None:
    response = signed_in(Role.ADMIN).get("/models/")

    assert response.status_code == 404
    assert "The catalogue is empty" in text_of(response.content)


@pytest.mark.usefixtures("snapshot")
def test_a_page_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    client = signed_in()
    client.get("/models/")
    with django_assert_max_num_queries(8):
        client.get("/models/", {"category": "coding", "sort": "efficiency"})


@pytest.mark.usefixtures("snapshot")
def test_what_costs_nothing_is_called_free_and_estimates_are_explained() -> None:
    page = signed_in().get("/models/", {"q": "free-1"}).content
    assert "free</td>" in re.sub(r"\s+", "", page.decode())
    assert "unknown" not in text_of(page).split("Score per $", 1)[1].split("Compare ticked")[0]
    assert "hollow mark is an estimate" in text_of(page)
