"""Role blocks over HTTP, as clients of the ancestor know them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client, override_settings
from django.urls import include, path

from smartspawn import urls
from smartspawn.access.models import User
from smartspawn.access.shapes import Role

pytestmark = pytest.mark.django_db

PATH = "/api/roles/compose"
EXAMPLE = {
    "task": "Build a dashboard with auth and billing",
    "persona": "fullstack-engineer",
    "stack": ["nextjs", "typescript", "postgres", "stripe"],
    "domain": "saas",
    "format": "full-implementation",
    "guardrails": ["code", "security", "production"],
}


class _Urls:
    urlpatterns = [path("api/", include("routing.roles.urls")), *urls.urlpatterns]


@pytest.fixture(autouse=True)
def _urls() -> Any:
    with override_settings(ROOT_URLCONF=_Urls):
        yield


def compose(body: Any, status: int = 200, client: Client | None = None) -> Any:
    """What a program gets that has neither key nor cookie nor token."""
    sent = body if isinstance(body, str | bytes) else json.dumps(body)
    client = client or Client(enforce_csrf_checks=True)
    response = client.post(PATH, sent, content_type="application/json")
    assert response.status_code == status, response.content[:300]
    assert response.headers["Content-Type"].startswith("application/json")
    return json.loads(response.content)


def test_anybody_may_compose_and_gets_the_wire_s_fields() -> None:
    role = compose(EXAMPLE)
    assert list(role) == [
        "hasRole",
        "persona",
        "personaTitle",
        "stack",
        "domain",
        "format",
        "guardrails",
        "wordCount",
        "fullPrompt",
    ]
    assert role["hasRole"] is True
    assert {key: role[key] for key in EXAMPLE if key != "task"} == {
        key: value for key, value in EXAMPLE.items() if key != "task"
    }
    assert role["fullPrompt"].count("\n- ") == 32
    assert role["fullPrompt"].endswith(f"## Task\n\n{EXAMPLE['task']}")
    assert role["wordCount"] == len(role["fullPrompt"].split("\n\n---\n\n")[0].split())


def test_a_browser_s_session_still_needs_its_token() -> None:
    user = User.objects.create(username="alice", role=Role.VIEWER, password=make_password(None))
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert compose(EXAMPLE, 403, client)["error"]["code"] == "FORBIDDEN"


def test_a_closed_site_asks_who_is_there(settings: Any) -> None:
    settings.OPEN_API = False
    assert compose(EXAMPLE, 401)["error"]["code"] == "UNAUTHORIZED"
    assert Client().get("/api/roles/blocks").status_code == 401


def test_the_blocks_are_listed_without_an_envelope() -> None:
    body = Client().get("/api/roles/blocks").json()
    assert list(body) == ["personas", "stack", "domains", "formats", "guardrails", "counts"]
    assert body["counts"] == {"personas": 36, "stack": 82, "domains": 15, "formats": 17, "guardrails": 6}


def test_every_listed_id_can_be_composed() -> None:
    body = Client().get("/api/roles/blocks").json()
    asked = {
        "task": "x",
        "stack": [block["id"] for block in body["stack"]],
        "guardrails": body["guardrails"],
    }
    for persona in body["personas"]:
        assert "warnings" not in compose({"task": "x", "persona": persona["id"]})
    for name in ("domain", "format"):
        for block in body[f"{name}s"]:
            assert compose({"task": "x", name: block["id"]})[name] == block["id"]
    assert compose(asked)["stack"] == asked["stack"]


def test_nothing_selected_gives_the_task_back() -> None:
    empty = {"task": " as it\n came ", "persona": "", "stack": [], "domain": " ", "format": "", "guardrails": []}
    assert compose(empty) == {
        "hasRole": False,
        "persona": None,
        "personaTitle": None,
        "stack": [],
        "domain": None,
        "format": None,
        "guardrails": [],
        "wordCount": 3,
        "fullPrompt": " as it\n came ",
    }


def test_what_is_left_out_is_in_the_warnings() -> None:
    role = compose({**EXAMPLE, "persona": "constructor", "stack": ["go", "cobol"], "maxWords": 60})
    assert role["warnings"][:2] == ['Unknown persona: "constructor"', 'Unknown stack blocks: "cobol"']
    assert any("limit of 60 words" in warning for warning in role["warnings"][2:])
    assert role["wordCount"] <= 60
    assert "undefined" not in role["fullPrompt"]


@pytest.mark.parametrize(
    ("body", "code", "names"),
    [
        ({}, "MISSING_PARAM", "task"),
        ({"persona": "writer"}, "MISSING_PARAM", "task"),
        ({"task": ""}, "MISSING_PARAM", "task"),
        ({"task": " \n"}, "MISSING_PARAM", "task"),
        ({"task": None}, "MISSING_PARAM", "task"),
        ({"task": 5}, "INVALID_PARAM", "task"),
        ({"task": True}, "INVALID_PARAM", "task"),
        ({"task": ["x"]}, "INVALID_PARAM", "task"),
        ({"task": {"x": 1}}, "INVALID_PARAM", "task"),
        *[({"task": "x", name: None}, "INVALID_PARAM", name) for name in (*list(EXAMPLE)[1:], "maxWords")],
        *[({"task": "x", name: 5}, "INVALID_PARAM", name) for name in list(EXAMPLE)[1:]],
        *[({"task": "x", name: {"go": 1}}, "INVALID_PARAM", name) for name in (*list(EXAMPLE)[1:], "maxWords")],
        *[({"task": "x", name: ["go"]}, "INVALID_PARAM", name) for name in ("persona", "domain", "format", "maxWords")],
        *[({"task": "x", name: "go"}, "INVALID_PARAM", name) for name in ("stack", "guardrails", "maxWords")],
        *[({"task": "x", "stack": ["go", wrong]}, "INVALID_PARAM", "stack.1") for wrong in (None, 5, True, [], {})],
        ({"task": "x", "stack": ["go"] * 201}, "INVALID_PARAM", "stack"),
        ({"task": "x", "stack": ["\ud800"]}, "INVALID_PARAM", "stack.0"),
        ({"task": "\ud800"}, "INVALID_PARAM", "task"),
        ({"task": "x", "persona": "a\x00b"}, "INVALID_PARAM", "persona"),
        *[({"task": "x", "maxWords": wrong}, "INVALID_PARAM", "maxWords") for wrong in (0, -1, 1.5, True, "9", 10**9)],
        ([], "INVALID_BODY", ""),
        ("null", "MISSING_PARAM", ""),
        ("{", "INVALID_BODY", ""),
        (b"\xff", "INVALID_BODY", ""),
    ],
)
def test_wrong_input_is_refused_by_field(body: Any, code: str, names: str) -> None:
    error = compose(body, 400)["error"]
    assert error["code"] == code, error
    assert error["message"].startswith(f"{names}:" if names else ""), error


@pytest.mark.parametrize("hostile", ["__proto__", "x" * 10_000, "../../etc/passwd", "{{7*7}}"])
def test_a_hostile_id_is_answered_with_warnings(hostile: str) -> None:
    role = compose({"task": "x", "persona": hostile, "stack": [hostile] * 50, "guardrails": [hostile]})
    assert (role["hasRole"], role["fullPrompt"], len(role["warnings"])) == (False, "x", 3)
    assert len(json.dumps(role)) < 1_000
