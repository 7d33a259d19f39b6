"""The gates themselves: methods, CSRF, loopback, and what they leave on a view."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response

from smartspawn import urls
from smartspawn.access.gates import for_everybody, gate_of, requires_role, requires_scope
from smartspawn.access.requests import ApiRequest
from smartspawn.access.shapes import Gate, Role, Scope
from tests.access.conftest import Browse, MakeKey, MakeUser

pytestmark = pytest.mark.django_db


@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def read(request: ApiRequest) -> Response:
    return Response({"actor": request.actor.label})


@requires_scope(Scope.CATALOG_REFRESH)
@api_view(["POST"])
def change(request: ApiRequest) -> Response:
    return Response({"actor": request.actor.label, "given": request.data})


@requires_scope(Scope.CATALOG_REFRESH, allows_loopback=True)
@api_view(["POST"])
def log(request: ApiRequest) -> Response:
    return Response({"actor": request.actor.label})


@requires_role(Role.MEMBER)
def page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page")


@for_everybody
def probe(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


class _Urls:
    urlpatterns = [
        path("api/read", read),
        path("api/change", change),
        path("api/log", log),
        path("page", page),
        path("probe", probe),
        *urls.urlpatterns,
    ]


@pytest.fixture(autouse=True)
def _urls() -> Any:
    with override_settings(ROOT_URLCONF=_Urls):
        yield


def test_a_view_keeps_its_gate_where_the_check_finds_it() -> None:
    assert gate_of(read) == Gate(scope=Scope.CATALOG_READ, is_open=True)
    assert gate_of(log) == Gate(scope=Scope.CATALOG_REFRESH, allows_loopback=True)
    assert gate_of(page) == Gate(role=Role.MEMBER)
    assert gate_of(probe) == Gate()
    assert gate_of(lambda request: None) is None


def test_a_wrong_method_is_told_before_any_key_is_asked_for() -> None:
    refused = Client().get("/api/change")
    assert refused.status_code == 405
    assert set(refused["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert refused.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert Client().delete("/api/read").status_code == 405


def test_what_answers_get_answers_head() -> None:
    response = Client().head("/api/read")
    assert response.status_code == 200
    assert response.content == b""


def test_a_session_needs_the_csrf_token_and_a_key_does_not(
    make_user: MakeUser, make_key: MakeKey, browse: Browse
) -> None:
    member = make_user(role=Role.MEMBER)
    client = browse(member)
    client.handler.enforce_csrf_checks = True
    refused = client.post("/api/change", {}, content_type="application/json")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "FORBIDDEN"
    key = {"Authorization": f"Bearer {make_key(member, Scope.CATALOG_REFRESH)}"}
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/api/change", {"a": 1}, content_type="application/json", headers=key).status_code == 200
    # The key counts even where a session comes along, and needs no token then either.
    both = client.post("/api/change", {}, content_type="application/json", headers=key)
    assert both.json()["actor"].startswith("key ")


def test_a_session_with_the_token_may_change(make_user: MakeUser, browse: Browse, settings: Any) -> None:
    client = browse(make_user(role=Role.MEMBER))
    client.handler.enforce_csrf_checks = True
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    response = client.post("/api/change", {}, content_type="application/json", headers={"X-CSRFToken": "a" * 32})
    assert response.json()["actor"] == "alice"


def test_a_role_that_does_not_reach_is_refused_as_a_page_and_as_json(make_user: MakeUser, browse: Browse) -> None:
    client = browse(make_user(role=Role.VIEWER))
    shown = client.get("/page")
    assert shown.status_code == 403
    assert "yours is viewer" in shown.content.decode()
    assert client.post("/api/change").json()["error"]["code"] == "FORBIDDEN"


def test_a_program_on_this_machine_needs_no_key_where_that_is_meant() -> None:
    assert Client().post("/api/log").status_code == 200
    assert Client().post("/api/change").status_code == 401
    assert Client(REMOTE_ADDR="192.0.2.1").post("/api/log").status_code == 401
    assert Client().post("/api/log", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401
    assert Client().post("/api/log", headers={"Origin": "https://evil.example"}).status_code == 401


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "application/json"])
def test_json_is_read_whatever_it_is_called(content_type: str, make_user: MakeUser, make_key: MakeKey) -> None:
    key = {"Authorization": f"Bearer {make_key(make_user(role=Role.MEMBER), Scope.CATALOG_REFRESH)}"}
    response = Client().generic("POST", "/api/change", b'{"a": 1}', content_type=content_type, headers=key)
    assert response.json()["given"] == {"a": 1}


def test_the_openapi_document_says_what_the_gates_ask() -> None:
    from drf_spectacular.generators import SchemaGenerator

    paths = SchemaGenerator(patterns=_Urls.urlpatterns[:3]).get_schema(request=None, public=True)["paths"]
    assert paths["/api/read"]["get"]["security"] == [{}, {"bearer": []}, {"header": []}]
    assert paths["/api/change"]["post"]["security"] == [{"bearer": []}, {"header": []}]
    assert "Needs the scope `catalog:refresh`." in paths["/api/change"]["post"]["description"]
    assert "unless asked from the server itself" in paths["/api/log"]["post"]["description"]
    assert "head" not in paths["/api/read"]
