"""Connections are set up by admins, with checked addresses, and their keys leave the database sealed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from runs.connections import (
    ConnectionDraft,
    ConnectionUnusable,
    ListedModel,
    change_connection,
    create_connection,
    delete_connection,
    get_connection,
    list_connections,
    reveal_secret,
    switch_connection,
    unreadable_keys,
)
from runs.connections.held import forget
from runs.connections.standing import Light, standing_of
from runs.models import Connection
from runs.places.endpoints import find_endpoints
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import COMMAND_LINE, Actor, Role, scopes_within
from smartspawn.lib.errors import Conflict, InvalidParam, NotAllowed, NotFound
from tests.runs.connections.builders import make_connection

pytestmark = pytest.mark.django_db

SECRET = "sk-or-v1-canary-0123456789abcdef"
MEMBER = Actor(label="bob", role=Role.MEMBER, scopes=scopes_within(Role.MEMBER), user_id=1)


def draft(provider: str = "openrouter", **changes: Any) -> ConnectionDraft:
    return replace(ConnectionDraft(provider=provider, secret=SECRET), **changes)


def make(provider: str = "openrouter", **changes: Any) -> str:
    return create_connection(actor=COMMAND_LINE, draft=draft(provider, **changes))


def test_a_key_is_stored_sealed_and_comes_back_only_to_the_caller_of_a_model() -> None:
    key = make()

    row = Connection.objects.get()
    assert key == row.key == "openrouter"
    assert SECRET not in row.sealed_secret
    assert reveal_secret(key) == SECRET
    assert get_connection(actor=COMMAND_LINE, key=key).secret_tail == "cdef"


def test_a_short_key_shows_no_tail() -> None:
    make(secret="short-key")

    assert Connection.objects.get().secret_tail == ""


def test_further_connections_to_a_provider_are_numbered() -> None:
    assert [make(), make(), make()] == ["openrouter", "openrouter-2", "openrouter-3"]


def test_a_taken_key_is_refused() -> None:
    make(key="mine")
    with pytest.raises(Conflict):
        make(key="mine")


def test_a_sealed_key_cannot_be_moved_to_another_connection() -> None:
    make()
    sealed = Connection.objects.get().sealed_secret
    make("groq")
    Connection.objects.filter(key="groq").update(sealed_secret=sealed)
    forget()

    with pytest.raises(ConnectionUnusable):
        reveal_secret("groq")


def test_only_admins_change_connections() -> None:
    make()
    for change in (
        lambda: create_connection(actor=MEMBER, draft=draft()),
        lambda: change_connection(actor=MEMBER, key="openrouter", draft=draft()),
        lambda: switch_connection(actor=MEMBER, key="openrouter", is_enabled=False),
        lambda: delete_connection(actor=MEMBER, key="openrouter"),
    ):
        with pytest.raises(NotAllowed):
            change()


def test_members_see_which_providers_are_there_without_addresses_and_keys() -> None:
    make()
    (report,) = list_connections(actor=MEMBER)

    assert report.title == "OpenRouter"
    assert report.is_usable
    assert (report.base_url, report.secret_tail) == ("", "")


def test_an_empty_secret_keeps_the_one_there_is() -> None:
    make()
    change_connection(actor=COMMAND_LINE, key="openrouter", draft=draft(secret="", title="Ours", priority=3))

    assert reveal_secret("openrouter") == SECRET
    assert get_connection(actor=COMMAND_LINE, key="openrouter").title == "Ours"


def test_a_key_is_not_sent_to_a_server_that_it_was_not_entered_for() -> None:
    make()
    moved = draft(secret="", base_url="https://evil.example.org/api/v1")
    with pytest.raises(InvalidParam, match="another server"):
        change_connection(actor=COMMAND_LINE, key="openrouter", draft=moved)

    change_connection(actor=COMMAND_LINE, key="openrouter", draft=replace(moved, secret="sk-new-key-0123456789"))
    assert reveal_secret("openrouter") == "sk-new-key-0123456789"


def test_a_connection_that_is_switched_off_opens_nothing() -> None:
    make()
    switch_connection(actor=COMMAND_LINE, key="openrouter", is_enabled=False)

    with pytest.raises(ConnectionUnusable, match="switched off"):
        reveal_secret("openrouter")


def test_a_deleted_connection_is_gone_with_its_key() -> None:
    make()
    delete_connection(actor=COMMAND_LINE, key="openrouter")

    with pytest.raises(NotFound):
        reveal_secret("openrouter")


def test_the_audit_log_tells_of_changes_and_never_of_keys() -> None:
    make()
    change_connection(actor=COMMAND_LINE, key="openrouter", draft=draft(title="Ours"))
    delete_connection(actor=COMMAND_LINE, key="openrouter")

    entries = list(AuditEntry.objects.order_by("id"))
    assert [entry.action for entry in entries] == ["connection.create", "connection.change", "connection.delete"]
    assert all(SECRET not in f"{entry.before}{entry.after}{entry.subject}{entry.why}" for entry in entries)
    assert entries[1].before["title"] == "OpenRouter"
    assert entries[1].after["title"] == "Ours"


def test_a_draft_does_not_print_its_secret() -> None:
    assert SECRET not in repr(draft())
    assert SECRET not in f"{draft()}"


@pytest.mark.parametrize("secret", ["two words", "line\nbreak", "schlüssel", "x" * 1001])
def test_what_cannot_be_a_key_is_refused(secret: str) -> None:
    with pytest.raises(InvalidParam):
        make(secret=secret)


def test_a_provider_that_needs_a_key_is_not_connected_without() -> None:
    with pytest.raises(InvalidParam, match=r"https://openrouter\.ai/settings/keys"):
        make(secret="")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://models.example.org/v1",
        "models.example.org/v1",
        "https://user:pass@models.example.org/v1",
        "https://models.example.org/v1?key=1",
        "https://models.example.org/v1#x",
        "https://models.example.org:99999/v1",
        "https://mod els.example.org/v1",
        "http://models.example.org/v1",
        "http://127.0.0.1:11434/v1",
        "http://localhost:8000/v1",
        "http://[::1]:8000/v1",
        "http://10.1.2.3/v1",
        "https://box.internal/v1",
    ],
)
def test_addresses_that_are_no_public_server_are_refused_by_default(url: str) -> None:
    with pytest.raises(InvalidParam):
        make("custom", base_url=url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434/v1/", "http://10.1.2.3/v1", "https://box.internal/v1"])
def test_a_private_address_needs_the_explicit_switch(url: str) -> None:
    key = make("custom", base_url=url, allows_private=True)

    assert Connection.objects.get(key=key).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://metadata.google.internal/v1",
        "http://100.100.100.200/v1",
        "http://[fd00:ec2::254]/v1",
        "http://[::ffff:169.254.169.254]/v1",
    ],
)
def test_the_metadata_of_a_cloud_is_never_an_address(url: str) -> None:
    with pytest.raises(InvalidParam):
        make("custom", base_url=url, allows_private=True)


def test_keys_that_look_like_the_environments_are_refused() -> None:
    with pytest.raises(InvalidParam):
        make(key="openrouter-env")


def test_a_connection_of_the_environment_cannot_be_changed_here(settings: Any) -> None:
    settings.PROVIDER_KEYS = {"OPENROUTER_API_KEY": SECRET}
    forget()
    (report,) = list_connections(actor=COMMAND_LINE)

    assert (report.key, report.env_var, report.secret_tail) == ("openrouter-env", "OPENROUTER_API_KEY", "cdef")
    with pytest.raises(InvalidParam, match="environment"):
        delete_connection(actor=COMMAND_LINE, key=report.key)


def test_models_set_by_hand_have_their_prices() -> None:
    models = (ListedModel("house-model", Decimal("0.4"), Decimal("1.2"), is_set=True),)
    make("custom", base_url="https://models.example.org/v1", models=models)

    (endpoint,) = find_endpoints("house-model")
    assert (endpoint.prompt_usd_per_mtok, endpoint.completion_usd_per_mtok) == (Decimal("0.4"), Decimal("1.2"))


def test_what_was_set_by_hand_is_replaced_and_what_the_server_lists_stays() -> None:
    by_hand = {"id": "old", "prompt_usd_per_mtok": "1", "completion_usd_per_mtok": "1", "is_set": True}
    make_connection("ollama", models=[{"id": "listed"}, by_hand])
    change = ConnectionDraft("ollama", allows_private=True, models=(ListedModel("new", Decimal(2), Decimal(3)),))
    change_connection(actor=COMMAND_LINE, key="ollama", draft=change)

    models = get_connection(actor=COMMAND_LINE, key="ollama").models
    assert {model.name: model.is_set for model in models or ()} == {"listed": False, "new": True}


def test_a_key_that_no_longer_opens_is_reported_and_not_used(settings: Any) -> None:
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    make()
    make("groq", secret="gsk-other-key-0123456789")
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    forget()

    assert unreadable_keys() == ("groq", "openrouter")
    assert "cannot be opened" in get_connection(actor=COMMAND_LINE, key="openrouter").problem
    with pytest.raises(ConnectionUnusable, match="SECRETS_KEYS"):
        reveal_secret("openrouter")


def test_nobody_is_shown_a_green_light_after_a_test_that_failed() -> None:
    make_connection("groq", tested_at=timezone.now(), test_result="The key is refused (401).")
    for actor, words in ((COMMAND_LINE, "The key is refused (401)."), (MEMBER, "It failed.")):
        (report,) = list_connections(actor=actor)
        standing = standing_of(report, ())
        assert (standing.light, standing.detail) == (Light.BAD, words)
