"""Notices and the page of budgets: who sees what, and what is put away stays away."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from runs.ledger import reserve, settle
from runs.ledger.caps import set_cap
from runs.shapes import Payer
from runs.shapes.alerts import AlertKind
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Role
from tests.people import browse
from tests.runs.alerting.rows import CENT, make_alert
from tests.runs.ledger.calls import quote, settlement

pytestmark = pytest.mark.django_db


def notices(client: Client) -> str:
    return client.get("/budgets/_notices").content.decode()


def test_a_notice_names_the_highest_and_goes_for_one_person_alone(alice: User, bob: User) -> None:
    carol = User.objects.create(username="carol", role=Role.ADMIN)
    make_alert(scope="site", percent=50)
    alert = make_alert(scope="site", percent=80)
    make_alert(scope="site", percent=50, window="2020-01-01")
    make_alert(scope=f"user:{bob.pk}", user_id=bob.pk)
    client = browse(alice)
    page = notices(client)
    assert "This site: 80 % of the budget" in page
    assert "50 % of the budget" not in page
    assert "bob:" not in page  # an admin finds other people's on the page of budgets
    answer = client.post(f"/budgets/{alert.pk}/seen/", headers={"Referer": "http://testserver/account/"})
    assert answer.headers["Location"] == "http://testserver/account/"
    assert notices(client).strip() == ""
    assert "This site: 80 %" in notices(browse(carol))
    make_alert(scope="site", percent=100)
    assert "This site: the budget of" in notices(client)


def test_every_page_asks_for_notices(alice: User) -> None:
    assert 'hx-get="/budgets/_notices"' in browse(alice).get("/account/").content.decode()


def test_a_member_sees_and_puts_away_own_notices_alone(alice: User, bob: User) -> None:
    of_site = make_alert(scope="site")
    own = make_alert(scope=f"user:{bob.pk}", user_id=bob.pk, kind=AlertKind.REFUSED, percent=100)
    client = browse(bob)
    page = client.get("/budgets/").content.decode()
    assert "bob: a call was refused" in page
    assert "This site" not in page
    assert client.post(f"/budgets/{of_site.pk}/seen/").status_code == 404
    left = client.post(f"/budgets/{own.pk}/_seen").content.decode()
    assert "a call was refused" not in left
    assert "What was told" in client.get("/budgets/").content.decode()


def test_nobody_is_led_elsewhere_by_putting_a_notice_away(alice: User) -> None:
    alert = make_alert()
    answer = browse(alice).post(f"/budgets/{alert.pk}/seen/", headers={"Referer": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/budgets/"


def test_the_list_goes_on_where_its_page_ended(alice: User) -> None:
    alerts = [make_alert(scope=f"user:{number}", percent=50) for number in range(1, 41)]
    client = browse(alice)
    page = client.get("/budgets/").content.decode()
    assert "user 40: 50 %" in page
    assert "user 10: 50 %" not in page
    older = client.get(f"/budgets/?before={alerts[10].pk}").content.decode()
    assert "user 10: 50 %" in older
    assert client.get("/budgets/?before=nonsense").status_code == 422
    assert client.get("/budgets/?before=00000000-0000-4000-8000-000000000000").status_code == 422


def test_the_page_asks_the_database_as_often_for_many_as_for_few(
    alice: User, django_assert_max_num_queries: Any
) -> None:
    client = browse(alice)
    for number in range(12):
        user = User.objects.create(username=f"user-{number}")
        set_cap(actor=COMMAND_LINE, scope=f"user:{user.pk}", kind="day", cap_nano_usd=CENT)
        make_alert(scope=f"user:{user.pk}", user_id=user.pk)
    client.get("/budgets/")
    with django_assert_max_num_queries(20):
        client.get("/budgets/")


def test_the_api_tells_what_the_page_shows(alice: User) -> None:
    set_cap(actor=COMMAND_LINE, scope="site", kind="day", cap_nano_usd=100 * CENT)
    alert = make_alert()
    client = browse(alice)
    (day,) = client.get("/api/budgets").json()["data"]
    assert (day["scope"], day["capUsd"], day["reachedPercent"]) == ("site", 1.0, 0)
    assert [told["id"] for told in day["alerts"]] == [str(alert.pk)]
    (told,) = client.get("/api/alerts?limit=1").json()["data"]
    assert (told["thresholdPercent"], told["spentUsd"]) == (80, 0.8)
    assert client.get("/api/alerts?limit=0").status_code == 400
    assert client.get("/api/alerts?page=2").status_code == 400


def test_what_has_a_limit_stands_alone_and_what_has_none_is_folded_away(alice: User, bob: User) -> None:
    set_cap(actor=COMMAND_LINE, scope="site", kind="day", cap_nano_usd=100 * CENT)
    call = quote(Payer(user_id=bob.pk))
    reserve([call])
    settle([settlement(call.call_id)])

    shown, folded = browse(alice).get("/budgets/").content.decode().split("<details>")

    rows = re.compile(r'class="cap-who">([^<]*)<')
    assert rows.findall(shown) == ["This site"]
    assert "Spent without a limit: 3 rows" in folded
    assert rows.findall(folded) == ["This site", "bob", "bob"]
