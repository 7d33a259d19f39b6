"""Links that sign in once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from smartspawn.access.models import AuditEntry, SigninLink, User
from smartspawn.access.shapes import Role
from smartspawn.access.signin import consume_signin_link, create_signin_link
from smartspawn.lib.errors import NotFound, NotSignedIn
from tests.access.conftest import PASSWORD, MakeUser

pytestmark = pytest.mark.django_db


def _path(link: str) -> str:
    return urlsplit(link).path


def _token(link: str) -> str:
    return _path(link).rstrip("/").rsplit("/", 1)[1]


def test_on_an_empty_site_the_command_makes_the_first_admin_and_lets_them_in() -> None:
    out = StringIO()
    call_command("signin_link", stdout=out)
    user = User.objects.get()
    assert (user.username, user.role, user.has_usable_password()) == ("admin", Role.ADMIN, False)
    client = Client()
    page = client.get(_path(out.getvalue().strip()))
    assert "Sign in as admin" in page.content.decode()
    assert client.post(_path(out.getvalue().strip()))["Location"] == "/account/"
    assert client.get("/people/").status_code == 200


def test_the_link_is_an_address_of_this_site(settings: object) -> None:
    settings.SITE_URL = "https://models.example/"
    assert create_signin_link().startswith("https://models.example/sign-in/link/")


def test_only_a_digest_is_stored() -> None:
    token = _token(create_signin_link())
    stored = " ".join(str(value) for value in SigninLink.objects.values_list("digest", flat=True))
    log = " ".join(str(entry.__dict__) for entry in AuditEntry.objects.all())
    assert len(token) >= 43
    assert token not in stored + log


def test_looking_at_a_link_does_not_use_it_up() -> None:
    path = _path(create_signin_link())
    for _ in range(3):
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200
    assert Client().post(path).status_code == 302


def test_a_link_works_once() -> None:
    path = _path(create_signin_link())
    assert Client().post(path).status_code == 302
    late = Client()
    assert late.post(path).status_code == 410
    assert "no longer works" in late.get(path).content.decode()
    assert late.get("/account/").status_code == 302


def test_a_link_expires(make_user: MakeUser) -> None:
    make_user(role=Role.ADMIN)
    path = _path(create_signin_link(lifetime=timedelta(minutes=15)))
    assert Client().get(path).status_code == 200
    SigninLink.objects.update(expires_at=timezone.now())
    assert Client().get(path).status_code == 410
    assert Client().post(path).status_code == 410


def test_a_link_lasts_fifteen_minutes_unless_told_otherwise() -> None:
    create_signin_link()
    link = SigninLink.objects.get()
    assert link.expires_at - link.created_at == timedelta(minutes=15)


def test_a_link_of_somebody_shut_out_does_not_let_in(make_user: MakeUser) -> None:
    make_user("bob")
    path = _path(create_signin_link(username="bob"))
    User.objects.filter(username="bob").update(is_active=False)
    assert Client().post(path).status_code == 410


def test_a_made_up_link_does_not_let_in() -> None:
    create_signin_link()
    assert Client().post("/sign-in/link/made-up/").status_code == 410
    digest = SigninLink.objects.get().digest
    assert Client().post(f"/sign-in/link/{digest}/").status_code == 410


def test_trying_links_is_limited(limit: Callable[..., None]) -> None:
    limit("SIGNIN_RATE_LIMIT", 2, 300)
    assert [Client().post(f"/sign-in/link/guess{place}/").status_code for place in range(3)] == [410, 410, 429]


def test_without_a_name_the_first_active_admin_is_meant(make_user: MakeUser) -> None:
    make_user("viewer")
    make_user("gone", Role.ADMIN)
    make_user("boss", Role.ADMIN)
    User.objects.filter(username="gone").update(is_active=False)
    assert consume_signin_link(token=_token(create_signin_link())).username == "boss"


def test_a_name_that_is_not_there_is_refused(make_user: MakeUser) -> None:
    make_user("viewer")
    with pytest.raises(NotFound, match="user named nobody"):
        create_signin_link(username="nobody")
    with pytest.raises(CommandError, match="no active admin"):
        call_command("signin_link")


def test_after_a_link_the_forgotten_password_is_not_asked_for(make_user: MakeUser) -> None:
    make_user("bob", password=PASSWORD)
    client = Client()
    client.post(_path(create_signin_link(username="bob")))
    assert "Present password" not in client.get("/account/").content.decode()
    new = "another quiet passphrase"
    assert client.post("/account/", {"new": new, "again": new}).status_code == 302
    assert "Present password" in client.get("/account/").content.decode()


def test_old_links_are_cleared_away() -> None:
    create_signin_link()
    SigninLink.objects.update(expires_at=timezone.now() - timedelta(days=2))
    create_signin_link()
    assert SigninLink.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_uses_at_once_one_succeeds() -> None:
    token = _token(create_signin_link())

    def use() -> bool:
        try:
            consume_signin_link(token=token)
        except NotSignedIn:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(future.result() for future in [pool.submit(use) for _ in range(8)]) == 1
    assert AuditEntry.objects.filter(action="signin_link.use").count() == 1


def test_the_first_password_leads_to_where_the_person_wanted_to_go(make_user: MakeUser) -> None:
    make_user("bob")
    client = Client()
    wanted = "/runs/?status=failed"
    path = _path(create_signin_link(username="bob"))
    page = client.get(path, {"next": wanted}).content.decode()
    assert f'name="next" value="{wanted}"' in page
    account = client.post(path, {"next": wanted})["Location"]
    page = client.get(account).content.decode()
    assert f'name="next" value="{wanted}"' in page
    new = "river stone 92 lamp"
    assert client.post("/account/", {"new": new, "again": new, "next": wanted})["Location"] == wanted


@pytest.mark.parametrize("wanted", ["", "https://evil.example/"])
def test_the_first_password_leads_to_the_overview_otherwise(make_user: MakeUser, wanted: str) -> None:
    make_user("bob")
    client = Client()
    assert client.post(_path(create_signin_link(username="bob")), {"next": wanted})["Location"] == "/account/"
    new = "river stone 92 lamp"
    response = client.post("/account/", {"new": new, "again": new, "next": wanted}, follow=True)
    assert response.redirect_chain[0][0] == "/"
    assert "Your password is set. Sign in as bob" in response.content.decode()
