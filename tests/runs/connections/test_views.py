"""The pages of connections, for admins and for those who may only know what is there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from runs.breakers.shared import list_breakers, note_fault
from runs.connections import reveal_secret
from runs.connections.held import forget
from runs.models import Connection
from runs.places.endpoints import find_endpoints
from runs.providers.faults import FaultCode, make_fault
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in, text_of
from tests.runs.connections.builders import make_connection
from tests.runs.connections.places import FakePlace, fake_place

pytestmark = pytest.mark.django_db

SECRET = "sk-canary-0123456789abcdef"


@pytest.fixture
def admin() -> Client:
    return signed_in(Role.ADMIN)


def form(place: FakePlace, **changes: str) -> dict[str, str]:
    return {
        "provider": "custom",
        "enabled": "on",
        "allowPrivate": "on",
        "baseUrl": place.url,
        "secret": SECRET,
        "title": "House server",
        "protocol": "openai",
        "priority": "3",
        "models": "extra-model, 0.5, 2\nplain-model",
        **changes,
    }


def test_an_empty_site_says_what_to_do() -> None:
    assert "One key of OpenRouter" in text_of(signed_in(Role.ADMIN).get("/connections/").content)
    assert "An admin connects providers" in text_of(signed_in(Role.MEMBER).get("/connections/").content)


def test_a_provider_is_connected_and_tested_by_one_form(admin: Client) -> None:
    with fake_place() as place:
        answer = admin.post("/connections/save/", form(place), follow=True)

    page = text_of(answer.content)
    assert answer.redirect_chain[-1][0] == "/connections/custom/"
    assert "The test of custom went well." in page
    assert "ends in cdef" in page
    assert "4 models" in page
    assert reveal_secret("custom") == SECRET
    assert str(find_endpoints("extra-model")[0].completion_usd_per_mtok) == "2"


def test_a_refused_form_keeps_what_was_written_but_not_the_key(admin: Client) -> None:
    with fake_place() as place:
        answer = admin.post("/connections/save/", form(place, allowPrivate=""))

    assert answer.status_code == 422
    assert "Allow private addresses" in text_of(answer.content)
    assert place.url in answer.content.decode()
    assert SECRET not in answer.content.decode()


def test_a_line_of_models_that_cannot_be_read_is_named(admin: Client) -> None:
    with fake_place() as place:
        answer = admin.post("/connections/save/", form(place, models="good\nbad, free"))

    assert answer.status_code == 422
    assert "'bad, free' is neither" in text_of(answer.content)


def test_what_a_form_shows_it_can_store_again(admin: Client) -> None:
    with fake_place() as place:
        admin.post("/connections/save/", form(place))
        page = admin.get("/connections/custom/").content.decode()
        shown = re.search(r'name="models"[^>]*>([^<]*)<', page)
        assert shown is not None
        before = Connection.objects.values("served_models", "base_url", "title", "priority", "protocol").get()
        admin.post("/connections/custom/save/", form(place, secret="", models=shown[1]))

    assert Connection.objects.values("served_models", "base_url", "title", "priority", "protocol").get() == before
    assert reveal_secret("custom") == SECRET


def test_the_test_button_answers_with_its_row(admin: Client) -> None:
    with fake_place() as place:
        make_connection("custom", base_url=place.url, allows_private=True)
        good = admin.post("/connections/custom/_test", headers={"HX-Request": "true"})
        place.status = 401
        bad = admin.post("/connections/custom/_test", headers={"HX-Request": "true"})

    assert "Ready" in text_of(good.content)
    assert good.content.decode().lstrip().startswith("<tr")
    assert "The key is refused (401)" in text_of(bad.content)


def test_a_connection_is_switched_off_and_taken_away(admin: Client) -> None:
    make_connection("openrouter")
    admin.post("/connections/openrouter/switch/")
    assert "Switched off" in text_of(admin.get("/connections/").content)
    admin.post("/connections/openrouter/switch/", {"enabled": "on"})
    assert Connection.objects.get().is_enabled

    admin.post("/connections/openrouter/remove/")
    assert not Connection.objects.exists()


def test_members_see_no_addresses_keys_or_buttons() -> None:
    make_connection("custom", secret=SECRET, base_url="https://inner.example.org/v1")
    member = signed_in(Role.MEMBER)
    for path in ("/connections/", "/connections/custom/"):
        page = member.get(path).content.decode()
        assert "Another server" in page
        assert "inner.example.org" not in page
        assert SECRET[-4:] not in page
        assert 'method="post" action="/connections' not in page


def test_a_key_that_cannot_be_opened_stands_on_top_of_the_page(admin: Client, settings: Any) -> None:
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    make_connection("openrouter")
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    forget()

    page = text_of(admin.get("/connections/").content)
    assert "1 stored key cannot be opened." in page
    assert "Cannot be used" in page
    assert "Ready" not in page


def test_a_key_of_the_environment_is_shown_without_a_form(admin: Client, settings: Any) -> None:
    settings.PROVIDER_KEYS = {"GROQ_API_KEY": SECRET}
    forget()

    page = admin.get("/connections/groq-env/").content.decode()
    assert "GROQ_API_KEY" in page
    assert 'name="secret"' not in page
    assert SECRET not in page


def test_an_open_breaker_is_shown_and_closed(admin: Client) -> None:
    make_connection("openrouter")
    make_connection("ollama", models=[{"id": "qwen3:8b"}])
    note_fault(find_endpoints("qwen3:8b")[0], make_fault(FaultCode.NO_CREDIT, "No credit is left."))

    page = text_of(admin.get("/connections/").content)
    assert "Left alone until" in page
    assert "No credit is left." in page
    admin.post("/connections/breakers/reset/", {"connection": "ollama", "model": ""})
    assert list_breakers() == ()


def test_the_simulator_is_connected_by_a_button(admin: Client) -> None:
    page = admin.get("/connections/").content.decode()
    assert "Connect the simulator at http://127.0.0.1:9400/v1" in page
    admin.post("/connections/save/", {"provider": "simulator", "enabled": "on", "allowPrivate": "on"})

    row = Connection.objects.get()
    assert (row.is_simulator, row.base_url) == (True, "http://127.0.0.1:9400/v1")
    assert "Connect the simulator" not in admin.get("/connections/").content.decode()


def test_the_list_costs_the_same_few_queries_for_one_connection_and_for_many(admin: Client) -> None:
    make_connection("openrouter")
    admin.get("/connections/")
    with CaptureQueriesContext(database) as few:
        admin.get("/connections/")
    for number in range(20):
        make_connection("ollama", key=f"ollama-{number}")
    admin.get("/connections/")
    with CaptureQueriesContext(database) as many:
        admin.get("/connections/")

    assert len(many) == len(few)
