"""What browsers and caches are told."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client

from smartspawn.access.shapes import Scope
from tests.access.conftest import PASSWORD, Browse, MakeKey, MakeUser

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/sign-in/", "/nothing-here/", "/api/status", "/api/nothing-here", "/account/"])
def test_every_answer_carries_the_protective_headers(path: str) -> None:
    response = Client().get(path)
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    for rule in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert rule in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert "Strict-Transport-Security" not in response


def test_pages_and_errors_are_not_kept_by_caches(make_user: MakeUser, browse: Browse) -> None:
    assert Client().get("/sign-in/")["Cache-Control"] == "no-store"
    assert browse(make_user()).get("/account/")["Cache-Control"] == "no-store"
    for path in ("/api/nothing-here", "/api/compare", "/api/models?tier=nonsense"):
        response = Client().get(path)
        assert 400 <= response.status_code < 500
        assert response["Cache-Control"] == "no-store"


def test_an_open_answer_may_be_kept_for_a_moment(make_user: MakeUser, make_key: MakeKey, browse: Browse) -> None:
    public = Client().get("/api")
    assert "public" in public["Cache-Control"]
    assert {"Authorization", "Cookie", "X-API-Key"} <= {name.strip() for name in public["Vary"].split(",")}
    person = make_user()
    assert "public" not in browse(person).get("/api")["Cache-Control"]
    key = {"Authorization": f"Bearer {make_key(person, Scope.CATALOG_READ)}"}
    assert "public" not in Client().get("/api", headers=key)["Cache-Control"]


def test_a_closed_api_is_neither_kept_nor_readable_from_other_sites(
    make_user: MakeUser, make_key: MakeKey, settings: Any
) -> None:
    settings.OPEN_API = False
    key = {"Authorization": f"Bearer {make_key(make_user(), Scope.CATALOG_READ)}", "Origin": "https://other.example"}
    response = Client().get("/api", headers=key)
    assert response.status_code == 200
    assert "public" not in response["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in response


def test_other_sites_may_read_the_open_api_without_cookies() -> None:
    response = Client().get("/api/status", headers={"Origin": "https://other.example"})
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/account/", "/apiary"])
def test_other_sites_may_not_read_pages(path: str) -> None:
    assert "Access-Control-Allow-Origin" not in Client().get(path, headers={"Origin": "https://other.example"})


def test_a_preflight_is_answered_at_once() -> None:
    asked = {
        "Origin": "https://other.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,authorization",
    }
    response = Client().options("/api/refresh", headers=asked)
    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response["Access-Control-Allow-Methods"]
    assert response["Access-Control-Allow-Headers"] == "content-type,authorization"
    assert "Access-Control-Allow-Methods" not in Client().options("/sign-in/", headers=asked)


def test_https_is_believed_from_a_configured_proxy_only(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 1000
    said = {"X-Forwarded-Proto": "https"}
    assert "Strict-Transport-Security" not in Client(REMOTE_ADDR="10.0.0.1").get("/sign-in/", headers=said)
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    assert "Strict-Transport-Security" in Client(REMOTE_ADDR="10.0.0.1").get("/sign-in/", headers=said)
    assert "Strict-Transport-Security" not in Client(REMOTE_ADDR="192.0.2.1").get("/sign-in/", headers=said)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(make_user: MakeUser, settings: Any) -> None:
    make_user(password=PASSWORD)
    response = Client().post("/sign-in/", {"username": "alice", "password": PASSWORD})
    cookie = response.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
