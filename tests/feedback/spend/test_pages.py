"""The pages and the API of spend, as those who spend and those who should not look at it ask for them."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import PriceFact
from catalog.queries import history
from runs.ledger.caps import set_cap
from runs.ledger.windows import day_of
from runs.money import to_usd
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Role, Scope
from tests.factories import HOSTILE_NAME
from tests.feedback.spend.books import line, write
from tests.runs.rows import make_user

pytestmark = pytest.mark.django_db
PAGES = ("/spend/", "/spend/savings/", "/spend/cascade/", "/spend/forecast/", "/spend/calls/")
FILES = ("/spend/rows.csv", "/spend/calls.csv", "/spend/savings.csv", "/spend/cascade.csv")


@pytest.fixture
def boss(catalogue: None) -> User:
    return make_user("boss", Role.ADMIN)


@pytest.fixture
def spent(ann: User, boss: User) -> None:
    """Two people's calls of this week and the one before; one pretended, one lost, one under a hostile name."""
    today = day_of(timezone.now())
    for number, user in ((1, ann), (2, boss)):
        write(
            *(
                line(today - timedelta(day), 1_000_000 * number, user_id=user.pk, model_id="openai/big")
                for day in range(9)
            ),
            line(today, 5_000 * number, user_id=user.pk, purpose="judge", mode="cascade", key_id=4),
            line(today, 9_000, user_id=user.pk, mode="cascade", category=""),
            line(today, 70_000, user_id=user.pk, status="uncertain", is_estimated=True, latency_ms=None),
            line(today, 10**12, user_id=user.pk, is_simulated=True),
            line(today, 300, user_id=user.pk, model_id=f"=evil/{HOSTILE_NAME}", provider="-1+1"),
        )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def total_of(client: Client, **query: str) -> float:
    return float(client.get("/api/spend", query).json()["data"]["total"]["usd"])


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_the_database_at_most_eight_times(
    path: str, boss: User, spent: None, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fact in {fact.model_id: fact for fact in PriceFact.objects.all()}.values():  # that cuts the days in two
        changed_at = timezone.now() - timedelta(days=2)
        PriceFact.objects.create(model_id=fact.model_id, valid_from=changed_at, prompt_usd_per_mtok=9)
    monkeypatch.setattr(history, "_held_prices", None)
    client = signed_in(boss)
    client.get(path)
    narrow = (f"?user={boss.pk}", "?key=4", f"?user={boss.pk}&key=4")
    for query in ("", "?range=90d&by=mode", "?by=key&category=coding", *narrow):
        with django_assert_max_num_queries(8):
            assert client.get(path + query).status_code == 200


def test_a_person_sees_their_own_spend_and_an_admin_everybodys(ann: User, boss: User, spent: None) -> None:
    own, all_of_it = total_of(signed_in(ann), range="7d"), total_of(signed_in(boss), range="7d")
    assert own == pytest.approx((7 * 1_000_000 + 5_000 + 9_000 + 70_000 + 300) / 1e9)
    assert all_of_it == pytest.approx(own + (14 * 1_000_000 + 10_000 + 9_000 + 70_000 + 300) / 1e9)
    assert total_of(signed_in(boss), range="7d", user=str(ann.pk)) == pytest.approx(own)


@pytest.mark.parametrize("path", [*PAGES, *FILES, "/api/spend", "/api/spend/calls", "/api/spend/cascade"])
def test_nobody_sees_what_others_spent(path: str, ann: User, boss: User, spent: None) -> None:
    client = signed_in(ann)
    assert client.get(path, {"user": str(boss.pk)}).status_code == 403
    assert client.get(path, {"by": "user"}).status_code == 403
    answer = client.get(path, {"range": "7d", "key": "4"})
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert answer.status_code == 200
    assert b"boss" not in body


def test_a_key_sees_what_its_owner_sees(ann: User, boss: User, spent: None) -> None:
    token = create_key(actor=ann.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_READ}), expires_at=None).token
    asked = {"headers": {"authorization": f"Bearer {token}"}}
    assert Client().get("/api/spend", **asked).json()["data"]["user"] == ann.pk  # type: ignore[arg-type]
    assert Client().get(f"/api/spend?user={boss.pk}", **asked).status_code == 403  # type: ignore[arg-type]
    assert Client().get("/api/spend").status_code == 401


def test_pretended_calls_are_in_no_sum_and_have_a_look_of_their_own(boss: User, spent: None) -> None:
    client = signed_in(boss)
    assert total_of(client, range="7d") < 1
    assert total_of(client, range="7d", simulated="on") == 2000.0
    lines = client.get("/api/spend/calls", {"range": "7d", "simulated": "on"}).json()["data"]["calls"]
    assert [item["isSimulated"] for item in lines] == [True, True]


def test_the_calls_behind_each_bar_and_row_come_to_exactly_what_it_shows(boss: User, spent: None) -> None:
    client = signed_in(boss)
    shown = client.get("/api/spend", {"range": "7d", "by": "model"}).json()["data"]
    for row in shown["rows"]:
        behind = client.get("/api/spend/calls", {"range": "7d", "model": row["value"], "limit": "500"}).json()["data"]
        assert behind["total"]["usd"] == row["usd"]
        assert sum(item["usd"] for item in behind["calls"]) == pytest.approx(row["usd"], abs=1e-12)
    for bar in shown["course"]:
        days = {"from": bar["from"], "to": bar["to"]}
        for part in bar["parts"]:
            behind = client.get("/api/spend/calls", {**days, "model": part["value"]}).json()["data"]
            assert behind["total"]["usd"] == part["usd"]


def test_every_link_of_the_overview_leads_somewhere(boss: User, spent: None) -> None:
    client = signed_in(boss)
    page = client.get("/spend/?range=7d&by=category").content.decode()
    found = {href.replace("&amp;", "&") for href in re.findall(r'href="(/(?:api/)?spend/?[^"]*)"', page)}
    assert len(found) > 20
    assert {client.get(href).status_code for href in found} == {200}


@pytest.mark.parametrize(
    "query",
    [
        {"by": "colour"},
        {"range": "century"},
        {"from": "2026-02-30", "to": "2026-03-01"},
        {"from": "2026-03-01"},
        {"from": "1969-01-01", "to": "2026-01-01"},
        {"from": "2026-03-02", "to": "2026-03-01"},
        {"from": "2020-01-01", "to": "2026-01-01"},
        {"status": "great"},
        {"category": "cooking"},
        {"key": "1; DROP TABLE"},
        {"key": "9" * 40},
        {"model": "x" * 201},
        {"model": "\x00"},
        {"simulated": "maybe"},
        {"modle": "a/a"},
        {"range": "365d", "mode": "single"},
    ],
)
@pytest.mark.parametrize("path", ["/spend/", "/api/spend"])
def test_what_cannot_be_asked_is_refused_in_words(path: str, query: dict[str, str], boss: User) -> None:
    answer = signed_in(boss).get(f"{path}?{urlencode(query)}")
    assert answer.status_code == 400
    if path == "/api/spend":
        assert answer.json()["error"]["code"] in ("INVALID_PARAM", "MISSING_PARAM")


@pytest.mark.parametrize("query", [{"after": "yesterday"}, {"after": "2026-11-01_x"}, {"limit": "0"}, {"limit": "501"}])
def test_a_place_in_the_list_that_is_none_is_refused(query: dict[str, str], boss: User) -> None:
    assert signed_in(boss).get("/api/spend/calls", query).status_code == 400


def test_the_list_of_calls_goes_on_where_it_stopped(ann: User, spent: None) -> None:
    client, seen, after = signed_in(ann), [], {}
    while True:
        data = client.get("/api/spend/calls", {"range": "30d", "limit": "4", **after}).json()["data"]
        seen += [item["id"] for item in data["calls"]]
        if data["next"] is None:
            break
        after = {"after": data["next"]}
    assert len(seen) == len(set(seen)) == 13


def test_downloads_are_exact_and_start_no_formula(ann: User, spent: None) -> None:
    client = signed_in(ann)
    rows = _csv(client, "/spend/rows.csv?range=7d")
    lines = _csv(client, "/spend/calls.csv?range=7d")
    assert {row["value"] for row in rows} == {"openai/big", "acme/alpha-1", f"'=evil/{HOSTILE_NAME}"}
    assert {item["provider"] for item in lines} == {"openrouter", "'-1+1"}
    cost = sum(round(float(item["usd"]) * 1e9) for item in lines)
    assert cost == sum(round(float(row["usd"]) * 1e9) for row in rows)
    assert to_usd(cost) == to_usd(round(total_of(client, range="7d") * 1e9))


def test_what_was_given_back_is_a_number_in_the_file(ann: User, spent: None) -> None:
    client = signed_in(ann)
    before = sum(float(item["usd"]) for item in _csv(client, "/spend/calls.csv?range=7d"))
    write(line(day_of(timezone.now()), -40_000, user_id=ann.pk, model_id="openai/big", kind="correction", call_count=0))

    given_back = [item for item in _csv(client, "/spend/calls.csv?range=7d") if item["kind"] == "correction"]

    assert [item["usd"] for item in given_back] == ["-0.00004"]
    after = sum(float(item["usd"]) for item in _csv(client, "/spend/calls.csv?range=7d"))
    assert after - before == pytest.approx(-0.00004)


def test_savings_and_cascades_are_downloads_and_the_api_says_the_same(boss: User, spent: None) -> None:
    client = signed_in(boss)
    saved = _csv(client, "/spend/savings.csv?range=7d&baseline=openai/big")
    told = client.get("/api/spend/savings", {"range": "7d", "baseline": "openai/big"}).json()["data"]["baselines"]
    assert [row["baseline"] for row in saved] == [item["baseline"] for item in told]
    assert [float(row["saved_usd"]) for row in saved] == [item["savedUsd"] for item in told]
    assert any(item["savedUsd"] < 0 for item in told)
    tried = _csv(client, "/spend/cascade.csv?range=7d")
    data = client.get("/api/spend/cascade", {"range": "7d"}).json()["data"]
    assert [(row["category"], int(row["tried"]), float(row["usd"])) for row in tried] == [
        (item["category"], item["tried"], item["usd"]) for item in data["rows"]
    ]
    assert (data["total"]["tried"], data["total"]["usd"]) == (2, pytest.approx((2 * 9_000 + 5_000 + 10_000) / 1e9))


def test_a_kind_of_task_in_cascades_leads_to_its_calls(boss: User, spent: None) -> None:
    client = signed_in(boss)
    page = client.get("/spend/cascade/?range=7d").content.decode()
    links = re.findall(r'<th scope="row"><a href="([^"]*)">([^<]*)</a>', page)
    assert {name for _, name in links} == {"coding", "no kind (model named)"}
    for url, name in links:
        asked = url.replace("&amp;", "&")
        assert client.get(asked).status_code == 200
        found = client.get(asked.replace("/spend/calls/", "/api/spend/calls")).json()["data"]["calls"]
        kinds = {(item["mode"], item["category"] or "no kind (model named)") for item in found}
        assert (len(found), kinds) == (2, {("cascade", name)})


def _csv(client: Client, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(body)))


def test_names_of_strangers_are_shown_letter_by_letter(boss: User, spent: None) -> None:
    page = signed_in(boss).get("/spend/?range=7d").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_savings_name_a_model_of_ones_own_choice_if_the_catalogue_has_it(boss: User, spent: None) -> None:
    client = signed_in(boss)
    data = client.get("/api/spend/savings", {"range": "7d", "baseline": "openai/big"}).json()["data"]
    assert [item["baseline"] for item in data["baselines"]] == ["premium", "pool", "cheapest", "before"]
    assert set(data["baselines"][-1]["models"].values()) == {"openai/big"}
    assert data["answers"] == 18
    assert client.get("/api/spend/savings", {"baseline": "no/such"}).status_code == 400


def test_the_forecast_stands_beside_the_cap_of_the_month(boss: User, spent: None) -> None:
    set_cap(actor=COMMAND_LINE, scope="site", kind="month", cap_nano_usd=1)
    page = signed_in(boss).get("/spend/forecast/").content.decode()
    assert "expected to be reached on" in page
    assert "This site" in page


def test_days_without_calls_say_what_to_do(ann: User) -> None:
    client = signed_in(ann)
    assert "No calls in these days" in client.get("/spend/").content.decode()
    assert "No work to compare" in client.get("/spend/savings/").content.decode()
    assert "No cascade in these days" in client.get("/spend/cascade/").content.decode()
    assert "No call fits" in client.get("/spend/calls/").content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_of_a_key_of_somebody_else_neither_name_nor_cap_is_told(path: str, ann: User, boss: User, spent: None) -> None:
    made = create_key(
        actor=boss.as_actor(), name="deploy-of-boss", scopes=frozenset({Scope.RUNS_READ}), expires_at=None
    )
    set_cap(actor=COMMAND_LINE, scope=f"key:{made.key_id}", kind="month", cap_nano_usd=77 * 10**9)
    page = signed_in(ann).get(path, {"key": str(made.key_id)})
    assert page.status_code == 200
    assert "$77" not in page.content.decode()
    assert "deploy-of-boss" not in page.content.decode()
    theirs = signed_in(boss).get(path, {"key": str(made.key_id)}).content.decode()
    assert "deploy-of-boss" in theirs
    assert ("$77" in theirs) is (path == "/spend/forecast/")


def test_what_is_narrowed_down_says_how_many_days_can_be_looked_at_wherever_it_is_asked(
    boss: User, spent: None
) -> None:
    client = signed_in(boss)
    assert "62 days" not in client.get("/spend/?range=365d").content.decode()
    for path in ("/spend/", "/spend/savings/", "/spend/cascade/"):
        assert "at most 62 days" in client.get(f"{path}?category=coding").content.decode()
        assert "at most 62 days" not in client.get(f"{path}?key=4").content.decode()
    for path in ("/api/spend", "/api/spend/savings"):
        assert client.get(f"{path}?category=coding").json()["data"]["mostDays"] == 62
        assert client.get(f"{path}?key=4").json()["data"]["mostDays"] is None
    wide = "?category=coding&range=90d"
    refusing = ("/spend/", "/api/spend", "/api/spend/savings", "/api/spend/cascade", *FILES[:1], *FILES[2:])
    for path in refusing:  # refused, never cut short
        answer = client.get(path + wide)
        assert answer.status_code == 400
        assert "at most 62 days" in answer.content.decode()
