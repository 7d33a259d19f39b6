"""People: added, given roles, shut out; one active admin always remains."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import COMMAND_LINE, Role
from smartspawn.access.users import change_role, set_active
from smartspawn.lib.errors import Conflict
from tests.access.conftest import Browse, MakeUser

pytestmark = pytest.mark.django_db


def test_a_new_person_comes_in_by_a_link_that_is_shown_once(make_user: MakeUser, browse: Browse) -> None:
    admin = browse(make_user("boss", Role.ADMIN))
    page = admin.post("/people/", {"username": "carol", "role": "member"}).content.decode()
    found = re.search(r"http://testserver(/sign-in/link/[\w-]+/)", page)
    assert found is not None
    assert found[1] not in admin.get("/people/").content.decode()
    carol = Client()
    assert carol.post(found[1])["Location"] == "/account/"
    assert User.objects.get(username="carol").role == Role.MEMBER


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"username": "boss", "role": "viewer"}, 409, "already a user named boss"),
        ({"username": "", "role": "viewer"}, 422, "Enter a name."),
        ({"username": "two words", "role": "viewer"}, 422, "valid username"),
        ({"username": "carol", "role": "root"}, 422, "not a valid choice"),
    ],
)
def test_a_person_that_will_not_do_is_refused_with_the_reason(
    given: dict[str, str], status: int, words: str, make_user: MakeUser, browse: Browse
) -> None:
    response = browse(make_user("boss", Role.ADMIN)).post("/people/", given)
    assert response.status_code == status
    assert words in response.content.decode()
    assert User.objects.count() == 1


def test_a_new_role_holds_at_once_and_is_recorded_with_the_reason(make_user: MakeUser, browse: Browse) -> None:
    admin, bob = browse(make_user("boss", Role.ADMIN)), make_user("bob")
    bobs = browse(bob)
    assert bobs.get("/people/").status_code == 403
    admin.post(f"/people/{bob.pk}/role/", {"role": "admin", "why": "on call"})
    assert bobs.get("/people/").status_code == 200
    entry = AuditEntry.objects.get(action="user.change_role")
    assert (entry.actor, entry.subject, entry.before, entry.after, entry.why) == (
        "boss", "user bob", {"role": "viewer"}, {"role": "admin"}, "on call",
    )  # fmt: skip
    assert entry.address == "127.0.0.1"


def test_shutting_out_and_letting_in_again(make_user: MakeUser, browse: Browse) -> None:
    admin, bob = browse(make_user("boss", Role.ADMIN)), make_user("bob")
    assert admin.post(f"/people/{bob.pk}/active/", {"active": "no"}).status_code == 302
    assert not User.objects.get(pk=bob.pk).is_active
    refused = admin.post(f"/people/{bob.pk}/link/")
    assert refused.status_code == 409
    assert "/sign-in/link/" not in refused.content.decode()
    assert admin.post(f"/people/{bob.pk}/active/", {"active": "yes"}).status_code == 302
    assert User.objects.get(pk=bob.pk).is_active


def test_a_link_for_somebody_who_forgot_the_password(make_user: MakeUser, browse: Browse) -> None:
    admin, bob = browse(make_user("boss", Role.ADMIN)), make_user("bob")
    page = admin.post(f"/people/{bob.pk}/link/").content.decode()
    link = re.search(r"http://testserver/sign-in/link/[\w-]+/", page)
    assert link is not None
    assert Client().post(urlsplit(link[0]).path).status_code == 302
    assert AuditEntry.objects.filter(action="signin_link.create", actor="boss", subject="user bob").exists()


def test_the_last_active_admin_stays(make_user: MakeUser, browse: Browse) -> None:
    boss = make_user("boss", Role.ADMIN)
    make_user("former", Role.ADMIN)
    User.objects.filter(username="former").update(is_active=False)
    admin = browse(boss)
    for path, given in [("role", {"role": "member"}), ("active", {"active": "no"})]:
        response = admin.post(f"/people/{boss.pk}/{path}/", given)
        assert response.status_code == 409
        assert "boss is the last active admin" in response.content.decode()
    boss.refresh_from_db()
    assert (boss.role, boss.is_active) == (Role.ADMIN, True)
    assert not AuditEntry.objects.exists()


def test_an_admin_may_step_down_while_another_remains(make_user: MakeUser) -> None:
    boss = make_user("boss", Role.ADMIN)
    make_user("deputy", Role.ADMIN)
    change_role(actor=COMMAND_LINE, user_id=boss.pk, role=Role.VIEWER)
    with pytest.raises(Conflict):
        set_active(actor=COMMAND_LINE, user_id=User.objects.get(username="deputy").pk, is_active=False)


@pytest.mark.parametrize("given", [{}, {"role": "root"}])
def test_a_form_that_was_tampered_with_gets_a_page_that_says_so(
    given: dict[str, str], make_user: MakeUser, browse: Browse
) -> None:
    boss = make_user("boss", Role.ADMIN)
    response = browse(boss).post(f"/people/{boss.pk}/role/", given)
    assert response.status_code == 400
    assert "<h1>" in response.content.decode()


def test_somebody_who_is_not_there_is_not_found(make_user: MakeUser, browse: Browse) -> None:
    response = browse(make_user("boss", Role.ADMIN)).post("/people/999999/role/", {"role": "member"})
    assert response.status_code == 404


def test_the_database_itself_knows_the_roles(make_user: MakeUser) -> None:
    user = make_user()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(role="root")


def test_many_people_come_in_pages_at_a_constant_number_of_queries(
    make_user: MakeUser, browse: Browse, django_assert_max_num_queries: object
) -> None:
    admin = browse(make_user("boss", Role.ADMIN))
    User.objects.bulk_create(User(username=f"person{place:03}") for place in range(120))
    with django_assert_max_num_queries(8):
        first = admin.get("/people/").content.decode()
    assert "person000" in first
    assert "person119" not in first
    assert "person119" in admin.get("/people/?page=3").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["demote", "shut out"])
def test_two_admins_who_remove_each_other_at_once_leave_one(way: str, make_user: MakeUser) -> None:
    for _ in range(5):
        User.objects.all().delete()
        admins = [make_user("one", Role.ADMIN), make_user("two", Role.ADMIN)]

        def remove(user_id: int) -> bool:
            try:
                if way == "demote":
                    change_role(actor=COMMAND_LINE, user_id=user_id, role=Role.VIEWER)
                else:
                    set_active(actor=COMMAND_LINE, user_id=user_id, is_active=False)
            except Conflict:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(2) as pool:
            done = [future.result() for future in [pool.submit(remove, admin.pk) for admin in admins]]
        assert sorted(done) == [False, True]
        assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1


def test_djangos_own_command_makes_an_admin_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.management import call_command

    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a quiet long passphrase")
    call_command("createsuperuser", username="root", email="", interactive=False, verbosity=0)
    assert User.objects.get().role == Role.ADMIN
