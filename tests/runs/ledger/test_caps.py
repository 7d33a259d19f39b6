"""Caps: who may set them, that they hold at once, and what the faces say of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from runs.caps.usage import usage_of
from runs.ledger import Refusal, reserve, settle
from runs.ledger.caps import list_caps, remove_cap, set_cap
from runs.ledger.wishes import RunWish, find_wish, set_wish
from runs.models import Balance, Cap
from runs.shapes import CallQuote, Endpoint, Grant, Payer
from smartspawn.access.keys import create_key, revoke_key
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import ANONYMOUS, COMMAND_LINE, Actor, Scope
from smartspawn.access.tokens import key_prefix
from smartspawn.lib.errors import InvalidParam, NotFound
from tests.people import browse
from tests.runs.ledger.calls import CENT, ENDPOINT, NOON, SIMULATED, assert_books_agree, open_run, quote, settlement

pytestmark = pytest.mark.django_db


def passes(payer: Payer, amount: int = CENT) -> bool:
    return isinstance(reserve([quote(payer, amount)])[0], Grant)


def spend(payer: Payer, amount: int, endpoint: Endpoint = ENDPOINT) -> CallQuote:
    asked = quote(payer, amount, endpoint=endpoint)
    reserve([asked])
    settle([settlement(asked.call_id, amount)])
    return asked


@pytest.mark.parametrize("kind", ["day", "month"])
def test_a_cap_holds_at_once_in_the_window_that_is_running(kind: str, bob: User) -> None:
    payer, scope = Payer(user_id=bob.pk), f"user:{bob.pk}"
    spend(payer, 3 * CENT)
    set_cap(actor=COMMAND_LINE, scope=scope, kind=kind, cap_nano_usd=3 * CENT)
    assert not passes(payer)
    set_cap(actor=COMMAND_LINE, scope=scope, kind=kind, cap_nano_usd=4 * CENT)
    assert passes(payer)
    assert not passes(payer)
    remove_cap(actor=COMMAND_LINE, scope=scope, kind=kind)
    assert passes(payer, 100 * CENT)
    assert not Cap.objects.exists()
    assert_books_agree()


def test_a_cap_also_holds_in_the_windows_to_come() -> None:
    set_cap(actor=COMMAND_LINE, scope="site", kind="day", cap_nano_usd=CENT)
    tomorrow = timezone.now() + timedelta(days=1)
    answers = reserve([quote(Payer()), quote(Payer())], at=tomorrow)
    assert [type(answer) for answer in answers] == [Grant, Refusal]


def test_a_cap_set_just_before_midnight_holds_just_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    late = NOON.replace(hour=23, minute=59, second=30)
    monkeypatch.setattr("runs.ledger.caps.timezone.now", lambda: late)
    set_cap(actor=COMMAND_LINE, scope="site", kind="day", cap_nano_usd=CENT)
    caps = dict(Balance.objects.values_list("window", "cap_nano_usd"))
    assert caps == {"2026-11-21": CENT, "2026-11-22": CENT}


def test_every_change_of_a_cap_is_in_the_audit_log() -> None:
    set_cap(actor=COMMAND_LINE, scope="site", kind="month", cap_nano_usd=CENT, why="trial")
    set_cap(actor=COMMAND_LINE, scope="site", kind="month", cap_nano_usd=2 * CENT)
    remove_cap(actor=COMMAND_LINE, scope="site", kind="month")
    told = list(AuditEntry.objects.order_by("pk").values_list("action", "before", "after", "why"))
    assert told == [
        ("cap.set", None, {"cap_usd": "0.01"}, "trial"),
        ("cap.set", {"cap_usd": "0.01"}, {"cap_usd": "0.02"}, ""),
        ("cap.remove", {"cap_usd": "0.02"}, None, ""),
    ]


@pytest.mark.parametrize(
    ("scope", "kind", "cap", "error"),
    [
        ("everybody", "day", 1, InvalidParam),
        ("user:0", "day", 1, InvalidParam),
        ("run:1", "day", 1, InvalidParam),
        ("site", "year", 1, InvalidParam),
        ("site", "day", -1, InvalidParam),
        ("user:999999", "day", 1, NotFound),
        ("key:999999", "month", 1, NotFound),
    ],
)
def test_what_cannot_be_capped_is_refused(scope: str, kind: str, cap: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        set_cap(actor=COMMAND_LINE, scope=scope, kind=kind, cap_nano_usd=cap)
    assert not Cap.objects.exists()


def test_the_list_shows_caps_and_spenders_by_name(alice: User, bob: User) -> None:
    key = create_key(actor=bob.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_READ}), expires_at=None)
    spend(Payer(user_id=bob.pk, key_id=key.key_id), CENT)
    spend(Payer(user_id=123456), CENT)  # somebody who is gone
    set_cap(actor=COMMAND_LINE, scope=f"user:{alice.pk}", kind="month", cap_nano_usd=0)
    lines = {(line.title.partition(" (")[0], line.kind): line for line in list_caps()}
    assert list(lines) == [
        ("This site", "day"),
        ("This site", "month"),
        ("alice", "month"),
        ("bob", "day"),
        ("bob", "month"),
        ("ci", "day"),
        ("ci", "month"),
    ]
    assert lines["This site", "day"].spent_nano_usd == 2 * CENT
    assert lines["alice", "month"].is_used_up
    assert (lines["alice", "month"].used_share, lines["bob", "day"].used_share) == (1.0, 0.0)


def test_ones_own_usage_is_ones_own_and_the_dearest_model_comes_first(alice: User, bob: User) -> None:
    token = create_key(actor=bob.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_READ}), expires_at=None)
    cheap = Endpoint(**{name: getattr(ENDPOINT, name) for name in Endpoint.__slots__} | {"model_id": "acme/small"})
    spend(Payer(user_id=bob.pk), 3 * CENT)
    spend(Payer(user_id=bob.pk, key_id=token.key_id), CENT, endpoint=cheap)
    spend(Payer(user_id=alice.pk), 50 * CENT)
    spend(Payer(user_id=bob.pk, run_id=open_run()), 70 * CENT, endpoint=SIMULATED)

    person = usage_of(bob.as_actor())
    assert [(spend.model_id, spend.cost_nano_usd, spend.token_count) for spend in person.models] == [
        ("acme/alpha-1", 3 * CENT, 120),
        ("acme/small", CENT, 120),
    ]
    assert [(line.kind, line.spent_nano_usd) for line in person.lines] == [
        ("day", 4 * CENT),
        ("month", 4 * CENT),
        ("day", CENT),
        ("month", CENT),
    ]
    key = usage_of(Actor(label="key", user_id=bob.pk, key_id=token.key_id))
    assert [spend.model_id for spend in key.models] == ["acme/small"]
    assert (person.call_count, key.call_count) == (2, 1)
    revoke_key(actor=bob.as_actor(), key_id=token.key_id)
    assert len(usage_of(bob.as_actor()).lines) == 2
    assert usage_of(ANONYMOUS).lines == ()


def test_wishes_are_kept_for_people_and_refused_to_keys(bob: User) -> None:
    assert find_wish(None) == find_wish(bob.pk) == RunWish()
    set_wish(actor=bob.as_actor(), wish=RunWish(0, 5 * CENT))
    assert find_wish(bob.pk) == RunWish(0, 5 * CENT)
    with pytest.raises(InvalidParam):
        set_wish(actor=Actor(label="key", user_id=bob.pk, key_id=1), wish=RunWish())


# --- faces ----------------------------------------------------------------------------------------------


def test_the_api_sets_lists_and_lifts_caps(alice: User, bob: User) -> None:
    token = create_key(actor=alice.as_actor(), name="ops", scopes=frozenset({Scope.RUNS_ADMIN}), expires_at=None).token
    headers = {"Authorization": f"Bearer {token}"}
    scope = f"user:{bob.pk}"
    spend(Payer(user_id=bob.pk), CENT // 2)
    wish = {"scope": scope, "window": "day", "capUsd": 0.01, "why": "trial"}
    answer = Client().put("/api/caps", wish, content_type="application/json", headers=headers)
    (line,) = answer.json()["data"]
    assert line | {"setAt": ""} == {
        "scope": scope,
        "title": "bob",
        "window": "day",
        "period": timezone.now().date().isoformat(),
        "capUsd": 0.01,
        "spentUsd": 0.005,
        "reservedUsd": 0.0,
        "freeUsd": 0.005,
        "adminCapUsd": 0.01,
        "setBy": f"key ops ({key_prefix(token)})",
        "setAt": "",
    }
    listed = Client().get("/api/caps", headers=headers).json()["data"]
    assert [line["scope"] for line in listed if line["capUsd"] is not None] == [scope]
    gone = Client().delete(f"/api/caps?scope={scope}&window=day", headers=headers)
    assert gone.json()["data"][0]["capUsd"] is None
    assert Client().delete(f"/api/caps?scope={scope}&window=day", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "site", "window": "day"},
        {"scope": "site", "window": "day", "capUsd": -1},
        {"scope": "site", "window": "day", "capUsd": "lots"},
        {"scope": "site", "window": "day", "capUsd": 1e12},
        {"scope": "site", "window": "week", "capUsd": 1},
        {"scope": "site", "window": "day", "capUSD": 1},
        {"scope": "nobody", "window": "day", "capUsd": 1},
        ["site"],
    ],
)
def test_the_api_refuses_what_is_no_cap(body: Any, alice: User) -> None:
    token = create_key(actor=alice.as_actor(), name="ops", scopes=frozenset({Scope.RUNS_ADMIN}), expires_at=None).token
    headers = {"Authorization": f"Bearer {token}"}
    answer = Client().put("/api/caps", body, content_type="application/json", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert not Cap.objects.exists()


def test_a_key_reads_its_own_usage_over_the_api(bob: User) -> None:
    made = create_key(actor=bob.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_READ}), expires_at=None)
    spend(Payer(user_id=bob.pk, key_id=made.key_id), CENT)
    answer = Client().get("/api/me/usage", headers={"Authorization": f"Bearer {made.token}"})
    data = answer.json()["data"]
    assert [(line["scope"], line["window"], line["spentUsd"]) for line in data["windows"]] == [
        (f"user:{bob.pk}", "day", 0.01),
        (f"user:{bob.pk}", "month", 0.01),
        (f"key:{made.key_id}", "day", 0.01),
        (f"key:{made.key_id}", "month", 0.01),
    ]
    assert data["month"]["models"] == [{"model": "acme/alpha-1", "calls": 1, "tokens": 120, "usd": 0.01}]
    assert data["runPreference"] == {"approveAboveUsd": None, "defaultCapUsd": None}


def test_a_person_sets_wishes_over_the_api_and_a_key_does_not(bob: User) -> None:
    client = browse(bob)
    client.get("/caps/")
    answer = client.put(
        "/api/me/run-preference", {"approveAboveUsd": 0.25, "defaultCapUsd": None}, content_type="application/json"
    )
    assert answer.json() == {"data": {"approveAboveUsd": 0.25, "defaultCapUsd": None}}
    made = create_key(actor=bob.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_WRITE}), expires_at=None)
    headers = {"Authorization": f"Bearer {made.token}"}
    refused = Client().put("/api/me/run-preference", {}, content_type="application/json", headers=headers)
    assert refused.status_code == 400
    assert find_wish(bob.pk) == RunWish(25 * CENT, None)


def test_an_admin_sets_and_lifts_a_cap_on_the_page(alice: User) -> None:
    client = browse(alice)
    wish = {"scope": "site", "window": "month", "capUsd": "12.50", "why": ""}
    page = client.post("/caps/save/", wish, follow=True).content.decode()
    assert "The cap is set" in page
    assert "$12.50" in page
    assert "Lift the month's cap of This site" in page
    client.post("/caps/remove/", {"scope": "site", "window": "month"}, follow=True)
    assert not Cap.objects.exists()


def test_a_form_that_cannot_be_meant_comes_back_with_what_was_said(alice: User) -> None:
    client = browse(alice)
    answer = client.post("/caps/save/", {"scope": "site", "window": "month", "capUsd": "-3"})
    assert answer.status_code == 422
    assert 'value="-3"' in answer.content.decode()
    answer = client.post("/caps/asked/save/", {"approveAboveUsd": "often"})
    assert answer.status_code == 422
    assert "Not kept." in answer.content.decode()


def test_a_member_sees_own_usage_and_wishes_and_no_caps_of_others(alice: User, bob: User) -> None:
    spend(Payer(user_id=alice.pk), CENT)
    client = browse(bob)
    page = client.get("/caps/").content.decode()
    assert "Your usage" in page
    assert "Set a cap" not in page
    assert "alice" not in page
    client.post("/caps/asked/save/", {"approveAboveUsd": "0", "defaultCapUsd": ""})
    assert find_wish(bob.pk) == RunWish(0, None)
    assert 'value="0"' in client.get("/caps/").content.decode()
    assert "Nothing spent this month" in client.get("/caps/_mine").content.decode()


def test_the_page_asks_the_database_as_often_for_many_as_for_few(
    alice: User, django_assert_max_num_queries: Any
) -> None:
    client = browse(alice)
    for number in range(12):
        user = User.objects.create(username=f"user-{number}")
        set_cap(actor=COMMAND_LINE, scope=f"user:{user.pk}", kind="day", cap_nano_usd=number)
        spend(Payer(user_id=user.pk), 0)
    client.get("/caps/")
    with django_assert_max_num_queries(26):
        client.get("/caps/")
