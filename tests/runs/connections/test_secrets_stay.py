"""A key that was entered is found nowhere but sealed: not in logs, pages, answers, rows or tasks."""

from __future__ import annotations

import json
import logging
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client

from runs.breakers.shared import note_fault
from runs.connections import reveal_secret
from runs.connections.held import current, forget
from runs.places.endpoints import find_endpoints
from runs.providers.faults import FaultCode, make_fault
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in
from tests.runs.connections.places import fake_place

pytestmark = pytest.mark.django_db

CANARY = "sk-or-v1-canary-5a7e1f0c9b8d"
ENVIRONMENT_CANARY = "gsk_canary_77aa88bb99cc"
PAGES = (
    "/connections/",
    "/connections/custom/",
    "/connections/groq-env/",
    "/connections/new/",
    "/audit/",
    "/audit.csv",
)
ANSWERS = ("/api/connections", "/api/breakers", "/readyz", "/api/schema/?format=json")


def database_dump() -> str:
    """Every value of every row of every table."""
    rows = (row for table in apps.get_models() for row in table._default_manager.values())
    return "\n".join(repr(row) for row in rows)


def told(client: Client, path: str) -> str:
    answer = client.get(path)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[arg-type]
    return body.decode() + str(answer.headers)


def test_a_key_is_nowhere_but_sealed(caplog: pytest.LogCaptureFixture, settings: Any) -> None:
    caplog.set_level(logging.DEBUG)
    settings.PROVIDER_KEYS = {"GROQ_API_KEY": ENVIRONMENT_CANARY}
    forget()
    admin = signed_in(Role.ADMIN)
    said: list[str] = []
    with fake_place() as place:
        place.body = {"data": [{"id": "model-a"}], "echo": CANARY}
        body = {"provider": "custom", "baseUrl": place.url, "allowPrivate": True, "secret": CANARY}
        said.append(admin.post("/api/connections", body, content_type="application/json").content.decode())
        said.append(admin.post("/api/connections/custom/test").content.decode())
        for status in (401, 500, 302):
            place.status, place.body = status, f"your key {CANARY} is refused".encode()
            said.append(admin.post("/connections/custom/_test").content.decode())
        place.status = 200
    said.append(admin.post("/api/connections/custom/test").content.decode())  # nobody answers any more
    said.append(
        admin.post("/api/connections", {**body, "priority": 999}, content_type="application/json").content.decode()
    )
    said.append(admin.post("/connections/save/", {**body, "protocol": "none"}).content.decode())
    note_fault(find_endpoints("model-a")[0], make_fault(FaultCode.KEY_REFUSED, "The key is refused."))
    said += [told(admin, path) for path in (*PAGES, *ANSWERS)]
    for arguments in (["rotate_secrets"], ["dumpdata", "runs", "access"]):
        out = StringIO()
        call_command(*arguments, stdout=out)
        said.append(out.getvalue())
    said += [database_dump(), repr(current()), str(current()), json.dumps([repr(place) for place in current().places])]

    assert reveal_secret("custom") == CANARY  # it was in use all the while
    assert reveal_secret("groq-env") == ENVIRONMENT_CANARY
    assert len(caplog.text) > 100
    for text in (*said, caplog.text):
        assert CANARY not in text
        assert ENVIRONMENT_CANARY not in text


def test_a_failure_to_open_a_key_tells_nothing_of_it(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    admin = signed_in(Role.ADMIN)
    body = {"provider": "openrouter", "secret": CANARY}
    admin.post("/api/connections", body, content_type="application/json")
    settings.SECRETS_KEYS = ["a2V5LXRoYXQtb3BlbnMtbm90aGluZy1vZi1vdXJzLTE="]
    forget()

    page = told(admin, "/connections/") + told(admin, "/readyz") + caplog.text
    assert "cannot be opened" in page
    assert CANARY not in page
