"""Connections from the command line."""

from __future__ import annotations

import io
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from runs.connections import reveal_secret
from runs.models import Connection
from runs.places.endpoints import find_endpoints
from tests.factories import publish_snapshot
from tests.runs.connections.places import fake_place

pytestmark = pytest.mark.django_db


def call(*arguments: str) -> str:
    told = StringIO()
    call_command(*arguments, stdout=told)
    return told.getvalue()


def test_the_simulator_is_connected_and_serves_simulated_runs_alone() -> None:
    publish_snapshot()
    with fake_place() as place:
        assert "connected as 'simulator' and answering" in call("connect_simulator", place.url.removesuffix("/v1"))
        call("connect_simulator", place.url, "--protocol", "openai")

    row = Connection.objects.get()
    assert (row.is_simulator, row.allows_private, row.base_url) == (True, True, place.url)
    assert find_endpoints("acme/alpha-1", is_simulated=True)[0].connection == "simulator"
    assert find_endpoints("acme/alpha-1") == ()


def test_a_simulator_that_does_not_answer_is_told_of() -> None:
    assert "but: " in call("connect_simulator", "http://127.0.0.1:9")


def test_a_simulator_beyond_the_private_network_is_checked_like_any_address() -> None:
    with pytest.raises(CommandError, match="never connected to"):
        call("connect_simulator", "http://169.254.169.254")


def test_a_key_is_read_from_a_pipe_and_never_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("sk-piped-0123456789\n"))
    with fake_place() as place:
        told = call("connect", "openai", "--url", place.url, "--private", "--key", "mine")

    assert told == "connected as 'mine' and answering\n"
    assert reveal_secret("mine") == "sk-piped-0123456789"


def test_a_local_server_needs_no_key(monkeypatch: Any) -> None:
    with fake_place() as place:
        assert "and answering" in call("connect", "ollama", "--url", place.url)

    assert find_endpoints("model-a")[0].connection == "ollama"
