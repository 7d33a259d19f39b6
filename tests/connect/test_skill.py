"""The text that teaches agents says nothing that the site does not do."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import Resolver404, resolve

from runs.input_fields import StrictSerializer
from runs.inputs import OptionsInput, RunInput
from runs.shapes import Mode, RunStatus
from smartspawn.api import STATUS_BY_CODE
from smartspawn.mcp.server import TOOLS

UUID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def text() -> str:
    answer = Client().get("/skill.md", headers={"host": "localhost:8123"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/markdown")
    return answer.content.decode()


def fields_named(text: str, serializer: type[StrictSerializer]) -> set[str]:
    return {name for name in serializer().fields if f"`{name}" in text}


def test_it_begins_as_skills_do_and_names_the_readers_address(text: str) -> None:
    head = text.split("---")[1]
    assert "\nname: smart-spawn\n" in head
    assert "\ndescription: " in head
    assert "http://localhost:8123/mcp" in text
    assert "localhost:8000" not in text
    assert "&quot;" not in text


def test_the_file_can_be_copied_as_it_is() -> None:
    copied = (settings.BASE_DIR / "integrations" / "SKILL.md").read_text()
    assert copied.startswith("---\nname: smart-spawn\n")
    assert "http://localhost:8000/mcp" in copied
    assert "{{" not in copied


def test_every_address_in_it_exists(text: str) -> None:
    named = re.findall(r"(?:GET|POST) (/[\w/.-]+)|`(/[\w/.-]+)`|localhost:8123(/[\w/.-]+)", text)
    paths = {next(filter(None, found)).replace("ID", UUID).replace("NODE", "merged") for found in named}
    assert len(paths) > 20
    missing = []
    for path in paths - {"/v1"}:  # a root, not an address
        try:
            resolve(path)
        except Resolver404:
            missing.append(path)
    assert missing == []


def test_every_tool_mode_and_status_in_it_exists_and_no_mode_is_left_out(text: str) -> None:
    tools = set(re.findall(r"smartspawn_\w+", text)) - {"smartspawn_"}
    assert tools <= set(TOOLS)
    assert {"smartspawn_pick", "smartspawn_run_create", "smartspawn_run_wait", "smartspawn_run_approve"} <= tools
    assert {f"`{mode.value}`" for mode in Mode} <= set(re.findall(r"`\w+`", text))
    assert {status.value for status in RunStatus if status.is_final} <= set(re.findall(r"\w+", text))


def test_every_field_and_code_in_it_exists(text: str) -> None:
    assert {"task", "prompts", "subjects", "topic", "chain", "collectiveCount", "maxUsd"} <= fields_named(
        text, RunInput
    )
    assert fields_named(text, OptionsInput) >= {"reflect", "vote", "skeleton", "schema", "webSearch"}
    assert "NO_MODEL" in STATUS_BY_CODE
    statuses = {int(number) for number in re.findall(r"\b(4\d\d)\b", text.split("## Errors")[1])}
    assert statuses <= set(STATUS_BY_CODE.values())
