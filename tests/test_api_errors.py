"""Every API error comes in one envelope; elsewhere it is a page."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotAcceptable, Throttled, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from smartspawn.access.gates import for_everybody
from smartspawn.api import STATUS_BY_CODE, translate
from smartspawn.lib import errors
from smartspawn.lib.error_shapes import error_body
from smartspawn.lib.errors import SmartSpawnError, TooManyRequests

pytestmark = pytest.mark.django_db


LONG = ("/v1/take", "/api/take")


class TaskInput(serializers.Serializer[None]):
    task = serializers.CharField()
    count = serializers.IntegerField(required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=3), required=False)


ERRORS: dict[str, Exception] = {
    "conflict": errors.Conflict("Somebody was faster."),
    "missing": Http404("row 7 of secret_table"),
    "denied": PermissionDenied(),
    "suspicious": SuspiciousOperation("the innards"),
    "crash": ZeroDivisionError("the innards"),
    "full disk": OperationalError("the innards: disk I/O error"),
    "slow down": TooManyRequests("Slow down", retry_after_s=7),
}


@for_everybody
@api_view(["POST"])
def take(request: Request) -> Response:
    given = TaskInput(data=request.data)
    given.is_valid(raise_exception=True)
    return Response(given.validated_data)


@for_everybody
@api_view(["GET"])
def fail_in_drf(_request: Request, name: str) -> Response:
    raise ERRORS[name]


@for_everybody
def fail_in_django(_request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name]


class _Urls:
    urlpatterns = [
        path("api/take", take),
        path("api/drf/<str:name>", fail_in_drf),
        path("api/django/<str:name>", fail_in_django),
        path("v1/django/<str:name>", fail_in_django),
        path("v1/take", take),
        path("pages/<str:name>/", fail_in_django),
    ]


@pytest.fixture
def own_urls() -> Any:
    with override_settings(ROOT_URLCONF=_Urls):
        yield


def _error(response: HttpResponse) -> tuple[int, str, str]:
    assert response["Content-Type"].startswith("application/json")
    body = response.json()  # type: ignore[attr-defined]
    assert set(body) == {"error"}
    is_protocol = response.request["PATH_INFO"].startswith("/v1/")
    assert set(body["error"]) == {"code", "message"} | ({"type", "param"} if is_protocol else set())
    return response.status_code, body["error"]["code"], body["error"]["message"]


def test_every_refusal_of_the_family_has_a_status() -> None:
    family = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SmartSpawnError)]
    assert len(family) > 10
    missing = {kind.code for kind in family if kind is not SmartSpawnError} - set(STATUS_BY_CODE)
    assert not missing, f"Give {missing} a status in smartspawn/api.py"
    assert all(400 <= status < 600 for status in STATUS_BY_CODE.values())


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("{}", "MISSING_PARAM", "task: "),
        ("", "MISSING_PARAM", "task: "),
        ('{"task": null}', "MISSING_PARAM", "task: "),
        ('{"task": ""}', "MISSING_PARAM", "task: "),
        ('{"task": ["a"]}', "INVALID_PARAM", "task: "),
        ('{"task": "a", "count": "many"}', "INVALID_PARAM", "count: "),
        ('{"task": "a", "tags": ["ok", "long"]}', "INVALID_PARAM", "tags.1: "),
        ('{"task": "a\\u0000b"}', "INVALID_PARAM", "task: "),
        ('{"task": "\\ud800"}', "INVALID_PARAM", "task: "),
        ("[]", "INVALID_BODY", "dictionary"),
        ('"text"', "INVALID_BODY", "dictionary"),
        ("{", "INVALID_BODY", "JSON"),
        ('{"task": NaN}', "INVALID_BODY", "JSON"),
        ("\xff", "INVALID_BODY", ""),
        ("[" * 100_000, "INVALID_BODY", "nested"),
        ('{"task": ' + "9" * 10_000 + "}", "INVALID_BODY", ""),
    ],
)
def test_bad_input_gets_a_400_that_says_what_is_wrong(own_urls: None, body: str, code: str, words: str) -> None:
    raw = body.encode("latin-1")
    status, found, message = _error(Client().generic("POST", "/api/take", raw, content_type="application/json"))
    assert (status, found) == (400, code)
    assert words in message


@pytest.mark.parametrize("where", ["api/drf", "api/django", "v1/django"])
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("conflict", 409, "CONFLICT"),
        ("missing", 404, "NOT_FOUND"),
        ("denied", 403, "FORBIDDEN"),
        ("suspicious", 400, "INVALID_BODY"),
        ("slow down", 429, "RATE_LIMITED"),
        ("crash", 500, "INTERNAL"),
        ("full disk", 503, "NO_DATABASE"),
    ],
)
def test_whatever_a_view_raises_comes_in_the_envelope(
    own_urls: None, where: str, name: str, status: int, code: str
) -> None:
    response = Client(raise_request_exception=False).get(f"/{where}/{name}")
    found_status, found_code, message = _error(response)
    assert (found_status, found_code) == (status, code)
    assert "innards" not in message
    assert "secret_table" not in message
    assert response["Cache-Control"] == "no-store"
    assert response.get("Access-Control-Allow-Origin") == ("*" if where.startswith("api") else None)


def test_a_crash_is_logged_under_the_id_that_the_caller_gets(own_urls: None, caplog: pytest.LogCaptureFixture) -> None:
    response = Client(raise_request_exception=False).get("/api/drf/crash")
    request_id = response["X-Request-Id"]
    assert request_id in response.json()["error"]["message"]
    logged = [entry for entry in caplog.records if request_id in entry.getMessage()]
    assert len(logged) == 1
    assert logged[0].exc_info is not None
    assert logged[0].exc_info[0] is ZeroDivisionError


def test_a_database_that_cannot_write_is_told_of_with_a_wait_and_logged(
    own_urls: None, caplog: pytest.LogCaptureFixture
) -> None:
    response = Client(raise_request_exception=False).get("/api/drf/full disk")
    assert response["Retry-After"] == "5"
    message = response.json()["error"]["message"]
    assert "disk may be full" in message
    (logged,) = [entry for entry in caplog.records if entry.exc_info and entry.exc_info[0] is OperationalError]
    assert logged.getMessage().split()[1] in message
    assert Client(raise_request_exception=False).get("/pages/full disk/").status_code == 500


def test_a_refusal_to_hurry_says_how_long_to_wait(own_urls: None) -> None:
    assert Client().get("/api/drf/slow down")["Retry-After"] == "7"
    assert Client().get("/pages/slow down/")["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnsupportedMediaType("x/y"), "UNSUPPORTED_MEDIA_TYPE"),
        (NotAcceptable(), "NOT_ACCEPTABLE"),
        (Throttled(wait=3), "RATE_LIMITED"),
    ],
)
def test_the_frameworks_own_refusals_have_codes_too(error: Exception, code: str) -> None:
    refusal = translate(error)
    assert refusal is not None
    assert refusal.code == code


@pytest.mark.parametrize("path_", ["/api/nothing", "/api/", "/v1/nothing", "/mcp/x", "/api/models/"])
@pytest.mark.parametrize("debug", [False, True])
def test_an_address_that_is_not_there_is_a_json_404_below_the_api(path_: str, debug: bool, settings: Any) -> None:
    settings.DEBUG = debug
    status, code, _ = _error(Client().get(path_))
    assert (status, code) == (404, "NOT_FOUND")


def test_a_method_that_is_not_there_is_a_json_405(own_urls: None) -> None:
    response = Client().get("/api/take")
    assert _error(response)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert set(response["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert response["Access-Control-Allow-Origin"] == "*"


def test_a_body_beyond_the_limit_is_a_json_413_without_being_read(own_urls: None, settings: Any) -> None:
    settings.REQUEST_MAX_BYTES = 100
    long = '{"task": "' + "a" * 100 + '"}'
    response = Client().generic("POST", "/api/take", long, content_type="application/json")
    assert _error(response)[:2] == (413, "PAYLOAD_TOO_LARGE")
    assert response["Access-Control-Allow-Origin"] == "*"
    just = '{"task": "' + "a" * 88 + '"}'
    assert len(just) == 100
    assert Client().generic("POST", "/api/take", just, content_type="application/json").status_code == 200
    page = Client().generic("POST", "/pages/conflict/", long, content_type="text/plain")
    assert (page.status_code, page["Content-Type"].split(";")[0]) == (413, "text/html")


@pytest.mark.parametrize("length", ["many", "-1", "٣", "1e9"])
def test_a_length_that_is_no_number_is_a_400(own_urls: None, length: str) -> None:
    status, code, _ = _error(Client().get("/api/take", CONTENT_LENGTH=length))
    assert (status, code) == (400, "INVALID_BODY")


def test_a_host_that_is_not_ours_is_a_400(own_urls: None) -> None:
    assert _error(Client().get("/api/take", headers={"Host": "evil.example"}))[0] == 400


# --- pages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "heading"),
    [
        ("missing", 404, "There is nothing here"),
        ("denied", 403, "Your role does not reach this"),
        ("suspicious", 400, "That request cannot be used"),
        ("conflict", 409, "Somebody was faster"),
        ("slow down", 429, "Too many requests"),
        ("crash", 500, "Something broke on this side"),
    ],
)
def test_a_page_that_fails_is_a_page_that_says_so(name: str, status: int, heading: str) -> None:
    from smartspawn import urls

    class Urls:
        urlpatterns = [*urls.urlpatterns, path("pages/<str:name>/", fail_in_django)]

    with override_settings(ROOT_URLCONF=Urls):
        response = Client(raise_request_exception=False).get(f"/pages/{name}/")
    content = response.content.decode()
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (status, "text/html")
    assert re.findall(r"<h1>(.*?)</h1>", content) == [heading]
    assert "innards" not in content
    assert "secret_table" not in content


def test_a_form_without_its_token_gets_a_page_that_says_what_to_do() -> None:
    response = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "a", "password": "b"})
    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


@pytest.mark.parametrize(("status", "kind"), [(400, "invalid_request_error"), (401, "authentication_error")])
def test_below_v1_an_error_comes_as_openais_clients_read_it(status: int, kind: str) -> None:
    told = error_body("/v1/chat/completions", "SOME_CODE", "words", status, param="model")
    assert told == {"error": {"message": "words", "type": kind, "param": "model", "code": "SOME_CODE"}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (402, "billing_error"), (413, "request_too_large"), (502, "api_error")],
)
def test_below_messages_an_error_comes_as_anthropics_clients_read_it(status: int, kind: str) -> None:
    told = error_body("/v1/messages/count_tokens", "SOME_CODE", "words", status)
    assert told == {"type": "error", "error": {"type": kind, "message": "words"}}


def test_a_conversation_may_be_longer_than_any_other_body(settings: Any) -> None:
    settings.REQUEST_MAX_BYTES, settings.CHAT_REQUEST_MAX_BYTES = 100, 200
    status = {
        path: Client().post(path, "x" * 150, content_type="text/plain").status_code for path in ("/v1/no", "/api/no")
    }
    assert status == {"/v1/no": 404, "/api/no": 413}


@pytest.mark.usefixtures("own_urls")
def test_a_long_conversation_is_read_to_its_end() -> None:
    said = {"task": "x" * 3_000_000}
    status = {path_: Client().post(path_, said, content_type="application/json").status_code for path_ in LONG}
    assert status == {"/v1/take": 200, "/api/take": 413}
