"""Setting how far others may be tried, over HTTP and on its page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from routing.exploring.settings import find_held
from routing.exploring.shapes import OWN_TERMS, SITE_TERMS, Terms, merge_terms
from smartspawn.access.keys import create_key
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import Scope
from tests.routing.exploring.conftest import WIDE

pytestmark = pytest.mark.django_db
OFF = {"on": False, "sharePercent": 0.0, "maxExtraUsdPerPick": 0.0, "maxExtraUsdPerDay": 0.0}


def signed_in(role: str = "member", name: str = "") -> tuple[Client, User]:
    person = User.objects.create_user(name or role, role=role)
    client = Client()
    client.force_login(person)
    return client, person


def put(client: Client, address: str, body: object, status: int = 200, **headers: str) -> Any:
    data = body if isinstance(body, str) else json.dumps(body)
    response = client.put(f"/api/exploration/{address}", data=data, content_type="application/json", headers=headers)
    assert response.status_code == status, response.content[:300]
    return json.loads(response.content)


def effective(client: Client, **headers: str) -> dict[str, Any]:
    return client.get("/api/exploration", headers=headers).json()["data"]["effective"]  # type: ignore[no-any-return]


def test_it_is_off_until_a_person_switches_it_on_for_themselves() -> None:
    (client, _), (other, _) = signed_in(), signed_in(name="other")
    assert effective(client) == OFF
    answer = put(client, "me", {"on": True})
    assert answer["data"]["exploration"]["sharePercent"] == 5.0
    assert effective(client) == {"on": True, "sharePercent": 5.0, "maxExtraUsdPerPick": 0.01, "maxExtraUsdPerDay": 0.1}
    assert effective(other) == OFF


def test_the_site_s_word_holds_for_everybody_and_only_takes_away() -> None:
    admin, _ = signed_in("admin")
    client, _ = signed_in()
    put(client, "me", {"on": True, "sharePercent": 10, "maxExtraUsdPerPick": 5, "maxExtraUsdPerDay": 9})
    put(admin, "site", {"on": True, "sharePercent": 2.5, "maxExtraUsdPerPick": 0.004})
    assert effective(client) == {"on": True, "sharePercent": 2.5, "maxExtraUsdPerPick": 0.004, "maxExtraUsdPerDay": 1.0}
    put(admin, "site", {"on": False, "why": "audit week"})
    assert effective(client) == OFF
    assert effective(admin) == OFF


def test_a_key_may_refuse_and_never_sets_anything_itself() -> None:
    client, person = signed_in()
    put(client, "me", {"on": True})
    key = create_key(actor=person.as_actor(), name="k", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)
    bearer = {"authorization": f"Bearer {key.token}"}
    assert effective(Client(), **bearer)["on"]
    put(Client(), "me", {"on": False}, 400, **bearer)
    put(client, f"keys/{key.key_id}", {"on": False})
    assert effective(Client(), **bearer) == OFF
    assert effective(client)["on"]


def test_nobody_sets_another_s_key_or_the_site_without_being_an_admin() -> None:
    _, person = signed_in()
    key = create_key(actor=person.as_actor(), name="k", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)
    stranger, _ = signed_in(name="stranger")
    put(stranger, f"keys/{key.key_id}", {"on": False}, 404)
    put(stranger, "site", {"on": False}, 403)
    assert find_held("site").terms == SITE_TERMS


HOSTILE = [
    '{"on": true, "sharePercent": NaN}',
    '{"on": true, "sharePercent": Infinity}',
    {"on": True, "sharePercent": "NaN"},
    {"on": True, "sharePercent": 200},
    {"on": True, "sharePercent": 10.1},
    {"on": True, "sharePercent": -1},
    {"on": True, "sharePercent": 0},
    {"on": True, "sharePercent": 5.55},
    {"on": True, "sharePercent": "1e400"},
    {"on": True, "sharePercent": [5]},
    {"on": True, "maxExtraUsdPerPick": -0.01},
    {"on": True, "maxExtraUsdPerPick": "Infinity"},
    {"on": True, "maxExtraUsdPerDay": 1e12},
    {"on": True, "maxExtraUsdPerDay": "-0.000001"},
    {"on": "perhaps"},
    {"on": True, "share": 5},
    {},
    [],
    "true",
]


@pytest.mark.parametrize("body", HOSTILE, ids=map(str, HOSTILE))
def test_what_is_no_setting_is_refused_and_changes_nothing(body: object) -> None:
    client, person = signed_in()
    put(client, "me", body, 400)
    assert find_held(f"user:{person.pk}").terms == OWN_TERMS
    assert not AuditEntry.objects.filter(action="exploration.set").exists()


def test_every_change_is_audited_with_what_it_was_before() -> None:
    client, person = signed_in()
    put(client, "me", {"on": True, "sharePercent": 3})
    put(client, "me", {"on": False, "why": "enough"})
    first, second = AuditEntry.objects.filter(action="exploration.set").order_by("pk")
    assert first.subject == second.subject == f"exploration of user:{person.pk}"
    assert (first.before, first.after["share_permille"]) == (None, 30)
    assert (second.before["is_on"], second.after["is_on"], second.why) == (True, False, "enough")


def test_terms_that_hold_together_are_the_narrowest_of_each() -> None:
    wide = Terms(True, 1000, 5, 7)
    assert merge_terms(wide, Terms(True, 90, 6, 3)) == Terms(True, 90, 5, 3)
    assert merge_terms(wide).share_permille == 100  # nobody's picks are tried more often, whatever a row says
    assert not merge_terms(wide, Terms(False, 90, 6, 3)).is_on
    assert not merge_terms().is_on


# --- the page --------------------------------------------------------------------------------------


def test_the_page_sets_one_s_own_terms_and_shows_what_holds() -> None:
    client, person = signed_in()
    assert "Every pick takes its leader." in client.get("/exploration/").content.decode()
    said = {"on": "on", "sharePercent": "2,5 %", "maxExtraUsdPerPick": "$0.02", "maxExtraUsdPerDay": "0.3", "base": "0"}
    response = client.post("/exploration/save/", said, follow=True)
    assert find_held(f"user:{person.pk}").terms == Terms(True, 25, 20_000_000, 300_000_000)
    text = response.content.decode()
    assert "At most 1 of 40 eligible picks tries another model, for up to $0.02 more each and $0.3 more a day." in text


def test_the_page_tells_what_is_wrong_and_keeps_what_was_typed() -> None:
    client, person = signed_in()
    said = {"on": "on", "sharePercent": "200", "maxExtraUsdPerPick": "-3", "maxExtraUsdPerDay": "0.3"}
    response = client.post("/exploration/save/", said)
    assert response.status_code == 422
    assert 'value="200"' in response.content.decode()
    assert find_held(f"user:{person.pk}").terms == OWN_TERMS


def test_of_two_who_save_at_once_the_second_is_told() -> None:
    admin, _ = signed_in("admin")
    said = {"on": "on", "sharePercent": "4", "maxExtraUsdPerPick": "1", "maxExtraUsdPerDay": "1", "base": "0"}
    assert admin.post("/exploration/site/save/", said).status_code == 302
    response = admin.post("/exploration/site/save/", {**said, "sharePercent": "1"})
    assert response.status_code == 409
    assert "Somebody was faster" in response.content.decode()
    assert find_held("site").terms.share_permille == 40


def test_a_member_sees_the_site_s_word_and_cannot_change_it() -> None:
    client, _ = signed_in()
    text = client.get("/exploration/").content.decode()
    assert "At most 10.0 % of anybody" in text
    assert "/exploration/site/save/" not in text
    assert client.post("/exploration/site/save/", {"on": "on"}).status_code == 403


def test_keys_that_keep_their_leaders_are_ticked_and_others_left_alone() -> None:
    client, person = signed_in()
    scopes = frozenset({Scope.CATALOG_READ})
    one, two = (create_key(actor=person.as_actor(), name=name, scopes=scopes, expires_at=None) for name in ("a", "b"))
    _, stranger = signed_in(name="stranger")
    theirs = create_key(actor=stranger.as_actor(), name="c", scopes=scopes, expires_at=None)
    client.post("/exploration/keys/save/", {"refuses": [one.key_id, theirs.key_id]})
    held = [find_held(f"key:{key.key_id}").terms.is_on for key in (one, two, theirs)]
    assert held == [False, True, True]
    client.post("/exploration/keys/save/", {})
    assert find_held(f"key:{one.key_id}").terms.is_on


def test_own_terms_hold_beside_the_site_s_in_words() -> None:
    assert [WIDE.share_words, Terms(True, 50, 0, 0).share_words, Terms(True, 30, 0, 0).share_words] == [
        "1 of 10",
        "1 of 20",
        "3 of 100",
    ]
