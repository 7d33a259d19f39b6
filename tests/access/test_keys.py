"""API keys: made, used, expired, revoked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from smartspawn.access.keys import MAX_KEYS_PER_PERSON, create_key, find_key_actor
from smartspawn.access.models import ApiKey, AuditEntry, User
from smartspawn.access.shapes import ANONYMOUS, Actor, Role, Scope
from smartspawn.lib.errors import NotAllowed
from tests.access.conftest import Browse, MakeKey, MakeUser

pytestmark = pytest.mark.django_db
READ, REFRESH, ADMIN = Scope.CATALOG_READ, Scope.CATALOG_REFRESH, Scope.CATALOG_ADMIN


def _ask(token: str, *, header: str = "Authorization", path: str = "/api/status", **extra: str) -> int:
    value = f"Bearer {token}" if header == "Authorization" else token
    return Client().get(path, headers={header: value}, **extra).status_code


@pytest.fixture
def _closed(settings: object) -> None:
    settings.OPEN_API = False


def test_a_key_is_found_by_its_prefix_and_stored_as_a_digest(make_user: MakeUser, make_key: MakeKey) -> None:
    token = make_key(make_user(), READ)
    stored = ApiKey.objects.get()
    assert re.fullmatch(r"ss_[0-9a-f]{8}_[\w-]{43}", token)
    assert stored.prefix == token[:11]
    assert re.fullmatch(r"[0-9a-f]{64}", stored.digest)
    assert token[12:] not in str(stored.__dict__)


def test_a_key_acts_for_its_owner_with_its_own_scopes_only(make_user: MakeUser, make_key: MakeKey) -> None:
    owner = make_user(role=Role.ADMIN)
    actor = find_key_actor(make_key(owner, READ, name="ci"), address="192.0.2.1")
    assert actor is not None
    assert (actor.user_id, actor.role, actor.scopes) == (owner.pk, None, frozenset({READ}))
    assert re.fullmatch(r"key ci \(ss_[0-9a-f]{8}\)", actor.label)
    assert actor.address == "192.0.2.1"


@pytest.mark.usefixtures("_closed")
def test_both_headers_open_the_closed_api(make_user: MakeUser, make_key: MakeKey) -> None:
    token = make_key(make_user(), READ)
    assert _ask(token) == 200
    assert _ask(token, header="X-API-Key") == 200


@pytest.mark.usefixtures("_closed")
@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: t + "A", lambda t: t[:12] + t[12:][::-1]])
def test_nearly_the_right_key_is_refused(spoil: Callable[[str], str], make_user: MakeUser, make_key: MakeKey) -> None:
    assert _ask(spoil(make_key(make_user(), READ))) == 401


@pytest.mark.usefixtures("_closed")
def test_two_keys_with_swapped_secrets_open_nothing(make_user: MakeUser, make_key: MakeKey) -> None:
    one, two = make_key(make_user(), READ), make_key(User.objects.get(), READ)
    assert _ask(one[:12] + two[12:]) == 401


@pytest.mark.usefixtures("_closed")
def test_an_expired_a_revoked_and_an_owners_key_who_was_shut_out_open_nothing(
    make_user: MakeUser, make_key: MakeKey
) -> None:
    owner = make_user()
    token = make_key(owner, READ, lifetime=timedelta(days=1))
    assert _ask(token) == 200
    ApiKey.objects.update(expires_at=timezone.now())
    assert _ask(token) == 401
    ApiKey.objects.update(expires_at=None, revoked_at=timezone.now())
    assert _ask(token) == 401
    ApiKey.objects.update(revoked_at=None)
    User.objects.update(is_active=False)
    assert _ask(token) == 401
    User.objects.update(is_active=True)
    assert _ask(token) == 200


def test_a_dead_key_is_told_so_even_where_no_key_is_needed(make_user: MakeUser, make_key: MakeKey) -> None:
    token = make_key(make_user(), READ)
    ApiKey.objects.update(revoked_at=timezone.now())
    response = Client().get("/api/status", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert json.loads(response.content)["error"]["code"] == "UNAUTHORIZED"
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_somebody_elses_token_on_the_open_api_is_let_through() -> None:
    assert _ask("sk-some-openai-habit") == 200


@pytest.mark.usefixtures("_closed")
def test_a_demoted_owners_key_reaches_no_further_than_the_new_role(make_user: MakeUser, make_key: MakeKey) -> None:
    owner = make_user(role=Role.ADMIN)
    token = make_key(owner, READ, ADMIN)
    User.objects.update(role=Role.VIEWER)
    actor = find_key_actor(token)
    assert actor is not None
    assert actor.scopes == {READ}


@pytest.mark.usefixtures("_closed")
def test_a_key_without_the_scope_is_refused_with_403(make_user: MakeUser, make_key: MakeKey) -> None:
    token = make_key(make_user(role=Role.MEMBER), REFRESH)
    assert _ask(token) == 403


def test_a_key_opens_no_page(make_user: MakeUser, make_key: MakeKey) -> None:
    token = make_key(make_user(role=Role.ADMIN), READ, ADMIN)
    assert _ask(token, path="/people/") == 302


def test_keys_survive_a_new_secret_key_that_names_the_old_one(
    make_user: MakeUser, make_key: MakeKey, settings: object
) -> None:
    token = make_key(make_user(), READ)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "quite another secret"
    assert find_key_actor(token) is not None
    settings.SECRET_KEY_FALLBACKS = []
    assert find_key_actor(token) is None


def test_the_use_of_a_key_is_written_down_once_a_minute(
    make_user: MakeUser, make_key: MakeKey, django_assert_num_queries: Callable[[int], object]
) -> None:
    token = make_key(make_user(), READ)
    find_key_actor(token)
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        find_key_actor(token)
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=1))
    find_key_actor(token)
    assert timezone.now() - ApiKey.objects.get().last_used_at < timedelta(seconds=5)


def test_dead_keys_are_limited_and_living_ones_at_that_address_go_on(
    make_user: MakeUser, make_key: MakeKey, limit: Callable[..., None]
) -> None:
    limit("KEY_FAILURE_RATE_LIMIT", 3, 60)
    token = make_key(make_user(), READ)
    assert [_ask(f"ss_0000000{place}_x") for place in range(5)] == [401, 401, 401, 429, 429]
    assert _ask(token) == 200
    assert _ask("ss_00000000_x", REMOTE_ADDR="192.0.2.9") == 401


@pytest.mark.usefixtures("_closed")
def test_unknown_tokens_at_a_closed_door_are_limited_too(limit: Callable[..., None]) -> None:
    limit("KEY_FAILURE_RATE_LIMIT", 2, 60)
    assert [_ask("guess") for _ in range(3)] == [401, 401, 429]


# --- the ancestor's refresh key ----------------------------------------------------------------


def test_the_refresh_key_of_the_environment_opens_the_refresh_and_no_more(settings: object) -> None:
    settings.REFRESH_API_KEY = "a-long-refresh-key"
    settings.OPEN_API = False
    wrong = Client().post("/api/refresh", headers={"Authorization": "Bearer a-long-refresh-kez"})
    assert wrong.status_code == 401
    assert Client().post("/api/refresh").status_code == 401
    right = Client().post("/api/refresh", headers={"Authorization": "Bearer a-long-refresh-key"})
    assert right.status_code not in (401, 403)
    assert _ask("a-long-refresh-key", path="/people/") == 302


def test_an_empty_refresh_key_opens_nothing(settings: object) -> None:
    settings.REFRESH_API_KEY = ""
    for value in ("Bearer ", "Bearer", ""):
        assert Client().post("/api/refresh", headers={"Authorization": value}).status_code == 401


# --- making and revoking -----------------------------------------------------------------------


def test_the_page_shows_a_new_key_once(make_user: MakeUser, browse: Browse) -> None:
    client = browse(make_user())
    made = client.post("/account/keys/", {"name": "laptop", "scopes": [READ.value], "lifetime": "30"})
    found = re.search(r"ss_[0-9a-f]{8}_[\w-]{43}", made.content.decode())
    assert found is not None
    assert made["Cache-Control"] == "no-store"
    assert find_key_actor(found[0]) is not None
    assert found[0] not in client.get("/account/keys/").content.decode()
    assert ApiKey.objects.get().expires_at - timezone.now() > timedelta(days=29)


def test_a_key_reaches_no_further_than_its_makers_role(make_user: MakeUser, browse: Browse) -> None:
    client = browse(make_user(role=Role.MEMBER))
    assert ADMIN.value not in client.get("/account/keys/").content.decode()
    response = client.post("/account/keys/", {"name": "x", "scopes": [ADMIN.value], "lifetime": "30"})
    assert response.status_code == 422
    assert "Your role does not reach catalog:admin" in response.content.decode()
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "", "scopes": ["catalog:read"]}, "Give the key a name."),
        ({"name": "x"}, "Choose at least one thing"),
        ({"name": "x", "scopes": ["catalog:everything"]}, "not a valid choice"),
        ({"name": "x", "scopes": ["catalog:read"], "lifetime": "36500"}, "not a valid choice"),
        ({"name": "x" * 61, "scopes": ["catalog:read"]}, "no more than 60 characters"),
    ],
)
def test_a_key_that_will_not_do_is_refused_with_the_reason(
    given: dict[str, object], words: str, make_user: MakeUser, browse: Browse
) -> None:
    response = browse(make_user()).post("/account/keys/", given)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not ApiKey.objects.exists()


def test_neither_a_key_nor_nobody_can_make_a_key(make_user: MakeUser) -> None:
    for actor in (ANONYMOUS, Actor(label="key", scopes=frozenset(Scope), user_id=make_user(f"u{0}").pk, key_id=1)):
        with pytest.raises(NotAllowed):
            create_key(actor=actor, name="x", scopes=frozenset({READ}), expires_at=None)
        User.objects.all().delete()


def test_the_number_of_keys_is_bounded(make_user: MakeUser, make_key: MakeKey) -> None:
    owner = make_user()
    template = {"owner": owner, "name": "x", "digest": "0" * 64, "scopes": [READ]}
    ApiKey.objects.bulk_create(ApiKey(prefix=f"ss_{place}", **template) for place in range(MAX_KEYS_PER_PERSON))
    with pytest.raises(NotAllowed, match="Revoke"):
        make_key(owner, READ)


def test_people_see_and_revoke_their_own_keys_and_admins_everybodys(
    make_user: MakeUser, make_key: MakeKey, browse: Browse
) -> None:
    alice, bob, boss = make_user("alice"), make_user("bob"), make_user("boss", Role.ADMIN)
    make_key(alice, READ, name="alices-key")
    key = ApiKey.objects.get()
    assert "alices-key" in browse(alice).get("/account/keys/").content.decode()
    assert "alices-key" not in browse(bob).get("/account/keys/").content.decode()
    assert "alices-key" in browse(boss).get("/account/keys/").content.decode()
    assert browse(bob).post(f"/account/keys/{key.pk}/revoke/").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None
    assert browse(boss).post(f"/account/keys/{key.pk}/revoke/").status_code == 302
    assert browse(alice).post(f"/account/keys/{key.pk}/revoke/").status_code == 302
    entries = AuditEntry.objects.filter(action="key.revoke")
    assert [entry.actor for entry in entries] == ["boss"]  # the second time changed nothing


def test_the_record_of_a_key_holds_no_secret(make_user: MakeUser, make_key: MakeKey) -> None:
    token = make_key(make_user(), READ)
    entry = AuditEntry.objects.get(action="key.create")
    assert token[12:] not in str(entry.__dict__)
    assert entry.subject == f"key {token[:11]}"


def test_many_keys_come_in_pages_at_a_constant_number_of_queries(
    make_user: MakeUser, browse: Browse, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    owner = make_user()
    client = browse(owner)
    template = {"owner": owner, "digest": "0" * 64, "scopes": [READ], "revoked_at": timezone.now()}
    ApiKey.objects.bulk_create(ApiKey(prefix=f"ss_{place}", name=f"old{place:03}", **template) for place in range(70))
    with django_assert_max_num_queries(8):
        first = client.get("/account/keys/").content.decode()
    assert first.count("Revoked") == 50
    assert client.get("/account/keys/?page=2").content.decode().count("Revoked") == 20


def test_the_page_names_scopes_in_the_spelling_of_all_pages(browse: Browse, make_user: MakeUser) -> None:
    page = browse(make_user(role=Role.MEMBER)).get("/account/keys/").content.decode()
    assert "Read the catalogue" in page
    assert "refresh of the catalogue" in page
