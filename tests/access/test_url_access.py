"""Every address of the site, asked as everybody, against the one table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import get_resolver, path

from smartspawn.access.gates import gate_of, iterate_views, requires_role
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Role, Scope
from tests.access.url_access import URL_ACCESS, Row

ROUTES = sorted({route for route, _view in iterate_views(get_resolver().url_patterns)})
ELSEWHERE = "192.0.2.7"  # not this machine
EXAMPLES = {"int": "999999", "str": "x", "slug": "x", "path": "x/y", "uuid": "00000000-0000-4000-8000-000000000000"}


def example_path(route: str, row: Row) -> str:
    return row.path or "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: EXAMPLES[found[1] or "str"], route)


@pytest.mark.parametrize("route", ROUTES)
def test_every_address_has_a_row_in_the_table(route: str) -> None:
    view = dict(iterate_views(get_resolver().url_patterns))[route]
    assert route in URL_ACCESS, (
        f"\nThe table does not know who may ask '{route}' (declared: {gate_of(view)})."
        f"\nAdd to URL_ACCESS in tests/access/url_access.py, after making sure that it is meant so:"
        f"\n    {_suggested_row(route, view)}"
    )


def _suggested_row(route: str, view: object) -> str:
    gate = gate_of(view)
    if gate is None or (gate.role is None and gate.scope is None):
        return f'"{route}": everybody(),'
    if gate.role is not None:
        return f'"{route}": page(Role.{gate.role.name}),    # or page(Role.{gate.role.name}, "POST")'
    extras = f", write=Scope.{gate.write_scope.name}" if gate.write_scope else ""
    extras += "".join([", is_open=True"] * gate.is_open + [", allows_loopback=True"] * gate.allows_loopback)
    return f'"{route}": endpoint(Scope.{gate.scope.name}, Role.MEMBER{extras}),'


def test_the_table_names_no_address_that_is_gone() -> None:
    assert not set(URL_ACCESS) - set(ROUTES), "Remove these rows from tests/access/url_access.py"


# --- asking ------------------------------------------------------------------------------------


class Caller:
    """Somebody who asks, and what the table promises them."""

    def __init__(self, name: str, *, role: Role | None = None, scope: Scope | None = None) -> None:
        self.name = name
        self.role = role
        self.scope = scope
        self.client = Client(REMOTE_ADDR=ELSEWHERE)
        self.headers: dict[str, str] = {}

    @property
    def is_anonymous(self) -> bool:
        return self.role is None and self.scope is None

    def is_let_in(self, row: Row, *, is_site_open: bool) -> bool:
        if row.scope is None and row.role is None:
            return True
        if row.scope is not None and row.is_open and is_site_open:
            return True
        if self.scope is not None:
            return self.scope == row.scope
        return self.role is not None and list(Role).index(self.role) >= list(Role).index(row.role or Role.ADMIN)


@pytest.fixture
def callers(db: None) -> list[Caller]:
    people = [Caller(role.value, role=role) for role in Role]
    for caller in people:
        user = User.objects.create(username=caller.name, role=caller.role)
        caller.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    programs = [Caller(f"key {scope}", scope=scope) for scope in Scope]
    for caller in programs:
        assert caller.scope is not None
        made = create_key(actor=user.as_actor(), name=caller.name, scopes=frozenset({caller.scope}), expires_at=None)
        caller.headers = {"Authorization": f"Bearer {made.token}"}
    return [Caller("anonymous"), *people, *programs]


def ask(caller: Caller, row: Row, route: str, **extra: Any) -> HttpResponse:
    caller.client.raise_request_exception = False
    return caller.client.generic(row.method, example_path(route, row), headers=caller.headers, **extra)


def outcome(response: HttpResponse) -> str:
    if response.status_code == 302 and response["Location"].startswith("/sign-in/"):
        return "sent to sign in"
    if response.status_code == 500:
        return "broken"
    return {401: "unknown", 403: "refused"}.get(response.status_code, "let in")


def promised(caller: Caller, row: Row, *, is_site_open: bool) -> str:
    if caller.is_let_in(row, is_site_open=is_site_open):
        return "let in"
    if row.scope is None and caller.role is None:
        return "sent to sign in"
    return "unknown" if caller.is_anonymous else "refused"


def differences(callers: list[Caller], route: str, row: Row, *, is_site_open: bool) -> Iterator[str]:
    for caller in callers:
        expected = promised(caller, row, is_site_open=is_site_open)
        if row.path == "" and route == "sign-out/":
            expected = "sent to sign in"  # where everybody ends who signs out
        found = outcome(ask(caller, row, route))
        if found != expected:
            yield f"{row.method} /{route} as {caller.name}: expected '{expected}', found '{found}'"


# Signing out ends the session that the later questions need, so each question gets a fresh database.
@pytest.mark.django_db
@pytest.mark.parametrize("is_site_open", [True, False], ids=["open", "closed"])
@pytest.mark.parametrize("route", [route for route in ROUTES if route in URL_ACCESS])
def test_everybody_gets_what_the_table_promises(
    route: str, is_site_open: bool, callers: list[Caller], settings: Any
) -> None:
    settings.OPEN_API = is_site_open
    row: Row | None = URL_ACCESS[route]
    while row is not None:
        assert list(differences(callers, route, row, is_site_open=is_site_open)) == []
        row = row.also


def changing_row(route: str) -> Row | None:
    row: Row | None = URL_ACCESS.get(route)
    while row is not None and row.method != "POST":
        row = row.also
    return row


CHANGING = [route for route in ROUTES if changing_row(route)]


@pytest.mark.django_db
@pytest.mark.parametrize("route", CHANGING)
def test_a_session_without_the_csrf_token_changes_nothing(route: str, callers: list[Caller]) -> None:
    admin = next(caller for caller in callers if caller.role is Role.ADMIN)
    admin.client.handler.enforce_csrf_checks = True
    row = changing_row(route)
    assert row is not None
    assert ask(admin, row, route).status_code == 403


LOOPBACK = [route for route in ROUTES if route in URL_ACCESS and URL_ACCESS[route].allows_loopback]


@pytest.mark.django_db
@pytest.mark.parametrize("route", LOOPBACK)
def test_a_program_on_this_machine_gets_in_where_the_table_says_so(route: str, callers: list[Caller]) -> None:
    anonymous = callers[0]
    row = URL_ACCESS[route]
    assert outcome(ask(anonymous, row, route, REMOTE_ADDR="127.0.0.1")) == "let in"
    forwarded = ask(anonymous, row, route, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="127.0.0.1")
    assert outcome(forwarded) == "unknown"


# --- the check ---------------------------------------------------------------------------------


def _ungated(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("anybody may see this")


class _Urls:
    urlpatterns = [
        path("gated/", requires_role(Role.VIEWER)(_ungated)),
        path("forgotten/", _ungated),
    ]


def test_a_view_that_does_not_say_whom_it_lets_in_stops_the_site() -> None:
    with override_settings(ROOT_URLCONF=_Urls):
        found = [message.msg for message in run_checks(tags=["access"])]
    assert found == ["The view at 'forgotten/' does not declare whom it lets in."]


def test_every_view_of_the_site_declares_its_gate() -> None:
    assert run_checks(tags=["access"]) == []
