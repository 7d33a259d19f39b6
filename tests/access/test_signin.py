"""Coming in by password, and going out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import identify_hasher, make_password
from django.test import Client, override_settings

from smartspawn.access.models import User
from tests.access.conftest import PASSWORD, Browse, MakeUser


def _sign_in(client: Client, name: str = "alice", password: str = PASSWORD, **more: str) -> object:
    return client.post("/sign-in/", {"username": name, "password": password, **more})


def test_passwords_are_hashed_with_argon2() -> None:
    from smartspawn import settings  # noqa: TID251 - the tests run with a quicker hasher

    with override_settings(PASSWORD_HASHERS=settings.PASSWORD_HASHERS):
        assert identify_hasher(make_password("x")).algorithm == "argon2"


def test_the_right_password_lets_in_and_changes_the_session(make_user: MakeUser) -> None:
    make_user(password=PASSWORD)
    client = Client()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = "chosen-by-an-attacker"
    response = _sign_in(client, next="/account/")
    assert (response.status_code, response["Location"]) == (302, "/account/")
    assert client.cookies[django_settings.SESSION_COOKIE_NAME].value != "chosen-by-an-attacker"
    assert client.get("/account/").status_code == 200


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(make_user: MakeUser) -> None:
    make_user(password=PASSWORD)
    make_user("shut-out", password=PASSWORD)
    User.objects.filter(username="shut-out").update(is_active=False)
    answers = {
        _sign_in(Client(), name=name, password=password).content.decode().split("<h1>")[1].split("<form")[0]
        for name, password in [("alice", "wrong"), ("nobody", "wrong"), ("shut-out", PASSWORD)]
    }
    assert len(answers) == 1
    assert "wrong, or the account is not active" in answers.pop()


def test_a_person_without_a_password_cannot_sign_in_with_one(make_user: MakeUser) -> None:
    make_user()
    assert _sign_in(Client(), password="").status_code == 422
    assert _sign_in(Client(), password="!").status_code == 422


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///x"]
)
def test_the_way_back_never_leaves_this_site(elsewhere: str, make_user: MakeUser) -> None:
    make_user(password=PASSWORD)
    assert _sign_in(Client(), next=elsewhere)["Location"] == "/"


def test_missing_fields_are_named_at_the_fields(db: None) -> None:
    page = Client().post("/sign-in/", {"username": "", "password": ""})
    assert page.status_code == 422
    content = page.content.decode()
    assert "Enter your name." in content
    assert 'aria-describedby="field-username-error"' in content
    assert 'id="field-username-error"' in content


def test_guessing_from_one_address_is_stopped_with_the_wait(make_user: MakeUser, limit: Callable[..., None]) -> None:
    limit("SIGNIN_RATE_LIMIT", 3, 300)
    make_user(password=PASSWORD)
    codes = [_sign_in(Client(), name=f"guess{place}", password="x").status_code for place in range(3)]
    refused = _sign_in(Client())
    assert codes == [422, 422, 422]
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 300
    assert "Too many attempts" in refused.content.decode()


def test_guessing_one_name_from_many_addresses_is_stopped_too(make_user: MakeUser, limit: Callable[..., None]) -> None:
    limit("SIGNIN_RATE_LIMIT", 3, 300)
    make_user(password=PASSWORD)
    codes = [
        _sign_in(Client(REMOTE_ADDR=f"192.0.2.{place}"), name="Alice" if place % 2 else "alice", password="x")
        for place in range(4)
    ]
    assert [code.status_code for code in codes] == [422, 422, 422, 429]


def test_signing_in_gives_the_name_its_attempts_back(make_user: MakeUser, limit: Callable[..., None]) -> None:
    limit("SIGNIN_RATE_LIMIT", 3, 300)
    make_user(password=PASSWORD)
    for place in range(6):
        password = PASSWORD if place % 2 else "wrong"
        code = _sign_in(Client(REMOTE_ADDR=f"192.0.2.{place}"), password=password).status_code
        assert code == (302 if place % 2 else 422)


def test_signing_out_needs_a_post_and_ends_the_session(make_user: MakeUser, browse: Browse) -> None:
    client = browse(make_user())
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/account/").status_code == 302


def test_whoever_is_signed_in_need_not_sign_in(make_user: MakeUser, browse: Browse) -> None:
    assert browse(make_user()).get("/sign-in/?next=/account/")["Location"] == "/account/"


def test_a_page_sends_to_sign_in_and_back(db: None) -> None:
    response = Client().get("/account/?x=1")
    assert response["Location"] == "/sign-in/?next=/account/%3Fx%3D1"


def test_htmx_is_told_to_leave_the_page(db: None) -> None:
    response = Client().get(
        "/account/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/models/?q=a"}
    )
    assert response["HX-Redirect"] == "/sign-in/?next=/models/%3Fq%3Da"


def test_a_form_of_somebody_signed_out_leads_back_to_its_page_not_to_the_action(db: None) -> None:
    response = Client().post("/account/keys/", headers={"Referer": "http://testserver/account/keys/?a=b"})
    assert response["Location"] == "/sign-in/?next=/account/keys/%3Fa%3Db"
    elsewhere = Client().post("/account/keys/", headers={"Referer": "https://evil.example/account/"})
    assert elsewhere["Location"] == "/sign-in/?next=/"


def test_a_shut_out_person_loses_the_session_at_once(make_user: MakeUser, browse: Browse) -> None:
    user = make_user()
    client = browse(user)
    assert client.get("/account/").status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/account/").status_code == 302


# --- the password ------------------------------------------------------------------------------

NEW = "another quiet passphrase"


def test_changing_the_password_ends_the_other_sessions_only(make_user: MakeUser, browse: Browse) -> None:
    user = make_user(password=PASSWORD)
    here, there = browse(user), browse(user)
    response = here.post("/account/", {"current": PASSWORD, "new": NEW, "again": NEW})
    assert response.status_code == 302
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302
    assert _sign_in(Client(), password=NEW).status_code == 302


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"current": "wrong", "new": NEW, "again": NEW}, "not your present password"),
        ({"current": "", "new": NEW, "again": NEW}, "Enter your present password"),
        ({"current": PASSWORD, "new": NEW, "again": NEW + "x"}, "differ"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "too short"),
        ({"current": PASSWORD, "new": "1234567890123", "again": "1234567890123"}, "entirely numeric"),
        ({"current": PASSWORD, "new": "alexandria1", "again": "alexandria1"}, "too similar"),
        ({"current": PASSWORD}, "required"),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_the_reason(
    given: dict[str, str], words: str, make_user: MakeUser, browse: Browse
) -> None:
    user = make_user("alexandria", password=PASSWORD)
    response = browse(user).post("/account/", given)
    assert response.status_code == 422
    assert words in response.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_guessing_the_present_password_in_a_stolen_session_is_limited(
    make_user: MakeUser, browse: Browse, limit: Callable[..., None]
) -> None:
    limit("SIGNIN_RATE_LIMIT", 2, 300)
    client = browse(make_user(password=PASSWORD))
    codes = [client.post("/account/", {"current": "guess", "new": NEW, "again": NEW}).status_code for _ in range(3)]
    assert codes == [422, 422, 429]
