"""Owners hold themselves and their keys back, below what an admin set; nobody else's caps are theirs to change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from runs.ledger import caps
from runs.ledger.cap_rules import CapStanding, cap_after, refusal_of
from runs.ledger.caps import remove_cap, set_cap
from runs.models import Balance, Cap
from smartspawn.access.keys import create_key
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import ANONYMOUS, COMMAND_LINE, Actor, Role, Scope, scopes_within
from smartspawn.lib.errors import Conflict, NotAllowed, NotFound
from tests.runs.ledger.calls import CENT

BOB = Actor(label="bob", role=Role.MEMBER, scopes=scopes_within(Role.MEMBER), user_id=5)
OWN, OWN_KEY = CapStanding("user:5"), CapStanding("key:7", owner_id=5)


@pytest.mark.parametrize(
    ("actor", "standing", "words"),
    [
        (BOB, OWN, ""),
        (BOB, OWN_KEY, ""),
        (BOB, CapStanding("key:7", owner_id=6), "your own keys alone"),
        (BOB, CapStanding("key:7"), "your own keys alone"),
        (BOB, CapStanding("user:6"), "for yourself"),
        (BOB, CapStanding("user:55"), "for yourself"),
        (BOB, CapStanding("site"), "for yourself"),
        (Actor(label="v", role=Role.VIEWER, user_id=5), OWN, "for yourself"),
        (Actor(label="key", scopes=frozenset({Scope.RUNS_WRITE}), user_id=5, key_id=7), OWN_KEY, "runs:admin"),
        (Actor(label="key", scopes=frozenset({Scope.RUNS_ADMIN}), user_id=5, key_id=7), CapStanding("site"), ""),
        (ANONYMOUS, CapStanding("key:7"), "for yourself"),
        (COMMAND_LINE, CapStanding("site", 5, 5), ""),
    ],
)
def test_whose_caps_somebody_may_change(actor: Actor, standing: CapStanding, words: str) -> None:
    for wanted in (0, None):
        refusal = refusal_of(actor, standing, wanted)
        assert words in refusal
        assert bool(words) == bool(refusal)


@given(
    most=st.none() | st.integers(0, 9),
    steps=st.lists(st.tuples(st.booleans(), st.none() | st.integers(0, 9)), max_size=12),
)
def test_whatever_owner_and_admin_do_the_admins_cap_stays_above(
    most: int | None, steps: list[tuple[bool, int | None]]
) -> None:
    standing = CapStanding("user:5", most, most)
    for is_admin, wanted in steps:
        actor = COMMAND_LINE if is_admin else BOB
        if refusal_of(actor, standing, wanted):
            assert not is_admin
            continue
        held, most_then = cap_after(actor, standing, wanted)
        assert is_admin or most_then == standing.admin_cap_nano_usd
        assert most_then is None or (held is not None and held <= most_then)
        standing = CapStanding("user:5", held, most_then)


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create(username="bob", role=Role.MEMBER)


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create(username="ann", role=Role.MEMBER)


def key_of(user: User) -> str:
    made = create_key(actor=user.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_WRITE}), expires_at=None)
    return f"key:{made.key_id}"


def held(scope: str) -> list[tuple[int, int | None, str]]:
    return list(Cap.objects.filter(scope=scope).values_list("cap_nano_usd", "admin_cap_nano_usd", "set_by"))


def test_an_owner_lowers_an_admins_cap_and_goes_back_to_it_and_no_further(bob: User) -> None:
    scope, actor = f"user:{bob.pk}", bob.as_actor()
    set_cap(actor=COMMAND_LINE, scope=scope, kind="day", cap_nano_usd=9 * CENT)
    set_cap(actor=actor, scope=scope, kind="day", cap_nano_usd=2 * CENT, why="enough")
    assert held(scope) == [(2 * CENT, 9 * CENT, "bob")]
    assert set(Balance.objects.filter(scope=scope).values_list("cap_nano_usd", flat=True)) == {2 * CENT}
    set_cap(actor=actor, scope=scope, kind="day", cap_nano_usd=9 * CENT)
    with pytest.raises(NotAllowed, match=r"An admin set \$0\.09"):
        set_cap(actor=actor, scope=scope, kind="day", cap_nano_usd=9 * CENT + 1)
    set_cap(actor=actor, scope=scope, kind="day", cap_nano_usd=CENT)
    remove_cap(actor=actor, scope=scope, kind="day")
    assert held(scope) == [(9 * CENT, 9 * CENT, "bob (back to an admin's)")]
    with pytest.raises(NotAllowed, match="only an admin lifts it"):
        remove_cap(actor=actor, scope=scope, kind="day")
    set_cap(actor=COMMAND_LINE, scope=scope, kind="day", cap_nano_usd=4 * CENT)
    assert held(scope) == [(4 * CENT, 4 * CENT, "command line")]


def test_an_owner_caps_a_key_and_lifts_it_and_both_are_in_the_audit_log(bob: User) -> None:
    scope = key_of(bob)
    set_cap(actor=bob.as_actor(), scope=scope, kind="month", cap_nano_usd=CENT, why="trial")
    assert held(scope) == [(CENT, None, "bob")]
    remove_cap(actor=bob.as_actor(), scope=scope, kind="month")
    told = AuditEntry.objects.filter(action__startswith="cap.").order_by("pk")
    assert list(told.values_list("actor", "action", "why")) == [("bob", "cap.set", "trial"), ("bob", "cap.remove", "")]
    with pytest.raises(NotFound):
        remove_cap(actor=bob.as_actor(), scope=scope, kind="month")


def test_the_caps_of_others_are_neither_set_nor_lifted_nor_told(ann: User, bob: User) -> None:
    scopes = (key_of(ann), f"user:{ann.pk}", "site")
    for scope in (*scopes, "key:no-number", "key:", "nobody"):
        with pytest.raises(NotAllowed):
            remove_cap(actor=bob.as_actor(), scope=scope, kind="day")
    for scope in scopes:
        with pytest.raises(NotAllowed):
            set_cap(actor=bob.as_actor(), scope=scope, kind="day", cap_nano_usd=0)
    assert not Cap.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="cap.").exists()


def test_a_cap_that_an_admin_sets_in_the_same_moment_is_not_written_over(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope, real = f"user:{bob.pk}", caps.refusal_of

    def admin_comes_between(*asked: Any) -> str:
        Cap.objects.create(scope=scope, window="day", cap_nano_usd=0, admin_cap_nano_usd=0, set_by="ann")
        return real(*asked)

    monkeypatch.setattr(caps, "refusal_of", admin_comes_between)
    with pytest.raises(Conflict):
        set_cap(actor=bob.as_actor(), scope=scope, kind="day", cap_nano_usd=CENT)


def put(client: Client, scope: str, cap_usd: float, **headers: Any) -> Any:
    body = json.dumps({"scope": scope, "window": "day", "capUsd": cap_usd})
    return client.put("/api/me/caps", body, content_type="application/json", **headers)


def test_the_api_sets_lists_and_lifts_ones_own_and_refuses_anothers(ann: User, bob: User) -> None:
    client, scope, other = Client(), key_of(bob), key_of(ann)
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    set_cap(actor=COMMAND_LINE, scope=scope, kind="day", cap_nano_usd=5 * CENT)
    (line,) = put(client, scope, 0.02).json()["data"]
    assert (line["capUsd"], line["adminCapUsd"], line["setBy"]) == (0.02, 0.05, "bob")
    assert {line["scope"] for line in client.get("/api/me/caps").json()["data"]} == {f"user:{bob.pk}", scope}
    for wanted, cap_usd in ((other, 0), (scope, 1), ("site", 0)):
        answer = put(client, wanted, cap_usd)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
    (line,) = client.delete(f"/api/me/caps?scope={scope}&window=day").json()["data"]
    assert (line["capUsd"], line["adminCapUsd"]) == (0.05, 0.05)


def test_a_key_does_not_let_itself_go(bob: User) -> None:
    made = create_key(actor=bob.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_WRITE}), expires_at=None)
    set_cap(actor=bob.as_actor(), scope=f"key:{made.key_id}", kind="day", cap_nano_usd=CENT)
    answer = put(Client(), f"key:{made.key_id}", 100, headers={"Authorization": f"Bearer {made.token}"})
    assert answer.status_code == 403
    assert "A key without the scope runs:admin" in answer.json()["error"]["message"]
    assert held(f"key:{made.key_id}") == [(CENT, None, "bob")]


def test_the_page_offers_ones_own_and_says_why_more_is_refused(ann: User, bob: User) -> None:
    client, scope, other = Client(), key_of(bob), key_of(ann)
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    set_cap(actor=COMMAND_LINE, scope=scope, kind="day", cap_nano_usd=5 * CENT)
    page = client.get("/caps/").content.decode()
    assert "Hold yourself or a key back" in page
    assert f'value="{scope}"' in page
    assert f'value="{other}"' not in page
    assert "Lift the" not in page
    answer = client.post("/caps/save/", {"scope": scope, "window": "day", "capUsd": "1"})
    assert answer.status_code == 422
    assert "An admin set $0.05 here" in answer.content.decode()
    for wanted in (scope, other):
        client.post("/caps/save/", {"scope": wanted, "window": "day", "capUsd": "0.01"})
    assert list(Cap.objects.values_list("scope", "cap_nano_usd")) == [(scope, CENT)]
    assert "Lift the day" in client.get("/caps/").content.decode()
    assert "Lift the day" in client.get("/caps/_mine").content.decode()
    client.post("/caps/remove/", {"scope": scope, "window": "day"})
    assert held(scope) == [(5 * CENT, 5 * CENT, "bob (back to an admin's)")]


def test_who_only_reads_sets_nothing(bob: User) -> None:
    User.objects.update(role=Role.VIEWER)
    client = Client()
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/caps/").content.decode()
    assert "Hold yourself" not in page
    assert client.post("/caps/save/", {"scope": f"user:{bob.pk}", "window": "day", "capUsd": "1"}).status_code == 403
